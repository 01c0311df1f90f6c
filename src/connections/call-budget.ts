import { AsyncLocalStorage } from 'node:async_hooks'
import { type CallBudget, CrmBusyError } from '../crm/crm-client.ts'
import { NoAllowanceError, observeUsage, pauseCalls, takeCall, type Urgency } from '../store/connections/call-budget.ts'
import type { Database } from '../store/database/database.ts'

/** Stores of the call's context, because one client serves every stage. */
const urgencyOf = new AsyncLocalStorage<Urgency>()
const sendsUntil = new AsyncLocalStorage<number>()

/** Calls of `work` may use the part of the day's share that is kept for people: writes and what is read for them. */
export function forPeople<T>(work: () => Promise<T>): Promise<T> {
  return urgencyOf.run('for-people', work)
}

/**
 * How long after the lease of its intents began a write may have its turn. One batch may be many calls, each with a wait
 * for its turn, and a token that is refused at every one; a write that began when the lease was over could be a second
 * one, because another process has then read back nothing and sends it too. After the turn there may still come the
 * wait for another process's renewal (30 s, `RENEWAL_WAIT_MS`) and a renewal of our own (20 s,
 * `CALL_DEADLINE_MS`), and then the write itself (20 s). 45 + 30 + 20 + 20 = 115 s, and a lease is 120 s (`LEASE_S`).
 */
export const SEND_WITHIN_MS = 45_000

/** For writes of intents that were just held for sending: none begins so late that another process may have taken over. */
export function underLease<T>(work: () => Promise<T>): Promise<T> {
  return sendsUntil.run(Date.now() + SEND_WITHIN_MS, work)
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
      const untilMs = sendsUntil.getStore()
      if (kind === 'write' && untilMs !== undefined && Date.now() > untilMs) {
        throw new CrmBusyError(
          `Connection "${connectionId}": the calls before this write took more than ${SEND_WITHIN_MS / 1_000} s, so it ` +
            'was not sent and starts again',
          Date.now(),
        )
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
