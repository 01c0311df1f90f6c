import { machineMs } from '../clock/clock.ts'
import { CrmBusyError } from '../crm/crm-client.ts'
import type { WriteGate, WriteGrant } from '../crm/write-gate.ts'
import { givesUpWaitingAt, NoAllowanceError, waitForCall } from '../store/connections/call-budget.ts'
import type { Database } from '../store/database/database.ts'
import { awayFromOthers, hasLostToAnother } from '../store/database/transaction.ts'
import { type NotSent, notSentText } from '../store/writes/not-sent.ts'
import { askGate, type GateAnswer } from '../store/writes/write-gate.ts'
import type { WriteTiming } from '../store/writes/write-timing.ts'

/** One request that an item was in. */
export type GrantedAttempt = {
  readonly attemptId: number
  /** Null: no answer came. */
  status: number | null
  requestId: string | null
}

/** A gate for the writes of one run, and what it saw: the source of the write log's answers. */
export type RunGate = WriteGate & {
  /** Every request that the item was let into, in their order. */
  attempts(key: string): readonly GrantedAttempt[]
  /** Why the item was kept back when it was last asked about. Null: it was let through, or never asked about. */
  refusal(key: string): NotSent | null
}

type Item = { readonly id: number; readonly leaseEpoch: number }

/** By two clocks: one stands still while the machine sleeps, and the other may be set. */
type Moment = { readonly monotonicMs: number; readonly wallMs: number }

const now = (): Moment => ({ monotonicMs: performance.now(), wallMs: machineMs() })

const isWithin = (from: Moment, ms: number): boolean => {
  const at = now()
  return at.monotonicMs - from.monotonicMs < ms && at.wallMs - from.wallMs < ms
}

export function createRunGate(
  db: Database,
  connectionId: string,
  timing: WriteTiming,
  items: ReadonlyMap<string, Item>,
): RunGate {
  const attempts = new Map<string, GrantedAttempt[]>()
  const refusals = new Map<string, NotSent>()
  const refusal = (key: string) => refusals.get(key) ?? null

  async function ask(keys: readonly string[]): Promise<WriteGrant> {
    const asked = keys.filter((key) => items.has(key))
    const givesUpAt = givesUpWaitingAt()
    for (let attempt = 1; ; attempt += 1) {
      const before = now()
      const answer = await answerOrNull(asked, givesUpAt)
      if (answer === null) {
        await awayFromOthers(attempt)
        continue
      }
      for (const key of asked) {
        const verdict = answer.verdicts.get(items.get(key)!.id)
        if (verdict && 'refused' in verdict) refusals.set(key, verdict.refused)
        else refusals.delete(key)
      }
      if (answer.isOutOfCalls) {
        await waitForTurn(db, connectionId, givesUpAt)
        continue
      }
      return grantOf(asked, answer.verdicts, before)
    }
  }

  /** Null: it lost to another statement and did nothing, so it may be asked again. */
  async function answerOrNull(asked: readonly string[], givesUpAt: number): Promise<GateAnswer | null> {
    try {
      return await askGate(
        db,
        connectionId,
        asked.map((key) => items.get(key)!),
        timing,
      )
    } catch (error) {
      if (hasLostToAnother(error) && performance.now() < givesUpAt) return null
      throw error
    }
  }

  function grantOf(asked: readonly string[], verdicts: GateAnswer['verdicts'], before: Moment): WriteGrant {
    const granted: GrantedAttempt[] = []
    const allowed = new Set<string>()
    for (const key of asked) {
      const verdict = verdicts.get(items.get(key)!.id)
      if (!verdict || 'refused' in verdict) continue
      const attempt = { attemptId: verdict.attemptId, status: null, requestId: null }
      attempts.set(key, [...(attempts.get(key) ?? []), attempt])
      granted.push(attempt)
      allowed.add(key)
    }
    return {
      allowed,
      mayLeave: () => isWithin(before, timing.grantMs),
      answered({ status, requestId }) {
        for (const attempt of granted) Object.assign(attempt, { status, requestId })
      },
    }
  }

  return {
    ask,
    withheld(key) {
      const reason = refusal(key)
      return reason === null ? null : notSentText(reason)
    },
    attempts: (key) => attempts.get(key) ?? [],
    refusal,
  }
}

async function waitForTurn(db: Database, connectionId: string, givesUpAt: number): Promise<void> {
  try {
    await waitForCall(db, connectionId, givesUpAt)
  } catch (error) {
    if (error instanceof NoAllowanceError) throw new CrmBusyError(error.message, error.retryAtMs, error)
    throw error
  }
}
