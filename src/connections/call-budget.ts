import { AsyncLocalStorage } from 'node:async_hooks'
import { type CallBudget, CrmBusyError } from '../crm/crm-client.ts'
import { NoAllowanceError, observeUsage, pauseCalls, takeCall, type Urgency } from '../store/connections/call-budget.ts'
import type { Database } from '../store/database/database.ts'

/** Of the call's context, because one client serves every stage. */
const urgencyOf = new AsyncLocalStorage<Urgency>()

/** Calls of `work` may use the part of the day's share that is kept for people: writes and what is read for them. */
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
