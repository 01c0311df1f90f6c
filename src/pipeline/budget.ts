import { AsyncLocalStorage } from 'node:async_hooks'
import { type CallBudget, CrmBusyError } from '../crm/crm.ts'
import { NoAllowanceError, observeUsage, pauseCalls, takeCall, type Urgency } from '../store/call-budget.ts'
import type { Database } from '../store/database.ts'

const urgencyOf = new AsyncLocalStorage<Urgency>()

/**
 * Calls of `work` may use the part of the day's share that is kept for people: writes and what is read for them. A store
 * of the call's context, because one client serves every stage.
 */
export function forPeople<T>(work: () => Promise<T>): Promise<T> {
  return urgencyOf.run('for-people', work)
}

/** The connection's shared allowance in the form that adapters ask for. */
export function sharedBudget(db: Database, connectionId: string): CallBudget {
  return {
    async take(kind) {
      try {
        await takeCall(db, connectionId, kind, urgencyOf.getStore())
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
 * The CRM's published limits, of which we take our share, until its own headers say better. HubSpot: 100 calls in 10 s
 * is the smallest plan's (contracts/hubspot.md 8.1), a second at a time; search allows 5 a second, and two of our seconds
 * may lie in one of its, so 2. Salesforce publishes no window, only a day and 25 long calls at once: 32 a second keeps a
 * burst civil.
 */
export const CALL_LIMITS = {
  hubspot: { windowMs: 1_000, perWindow: 10, searchPerSecond: 2 },
  salesforce: { windowMs: 1_000, perWindow: 32, searchPerSecond: 25 },
} as const
