import { type CallBudget, CrmBusyError } from '../crm/crm.ts'
import { NoAllowanceError, observeUsage, pauseCalls, takeCall } from '../store/call-budget.ts'
import type { Database } from '../store/database.ts'

/** The connection's shared allowance in the form that adapters ask for. */
export function sharedBudget(db: Database, connectionId: string): CallBudget {
  return {
    async take(kind) {
      try {
        await takeCall(db, connectionId, kind)
      } catch (error) {
        if (error instanceof NoAllowanceError) throw new CrmBusyError(error.message, error.retryAtMs, error)
        throw error
      }
    },
    pauseUntil: (atMs, why) => pauseCalls(db, connectionId, atMs, why),
    observe: (usage) => observeUsage(db, connectionId, usage),
  }
}

/** For the handful of calls of a connection attempt, before there is a connection to share an allowance. */
export const CONNECTING_BUDGET: CallBudget = {
  take: async () => undefined,
  pauseUntil: async () => undefined,
  observe: async () => undefined,
}

/**
 * Our share of the CRM's published limits, for all workers together, until its own headers say better. HubSpot: 100
 * calls in 10 s is the smallest plan's limit (contracts/hubspot.md 8.1), of which we take 80 %, a second at a time;
 * search allows 5 a second, and two of our seconds may lie in one of its, so 2. Salesforce publishes no window, only a
 * day and 25 long calls at once: 25 a second keeps a burst civil.
 */
export const CALL_LIMITS = {
  hubspot: { windowMs: 1_000, perWindow: 8, searchPerSecond: 2 },
  salesforce: { windowMs: 1_000, perWindow: 25, searchPerSecond: 25 },
} as const
