import { type Kysely, sql } from 'kysely'
import { LOOK_AGAIN_MS } from '../connections/call-budget.ts'
import type { Tables } from '../database/tables.ts'
import { isNotSent, type NotSent } from './not-sent.ts'
import { answeredWithinMs, type WriteTiming } from './write-timing.ts'

export type GateAnswer = {
  /** By intent: the number of the attempt that may leave, or why it may not. */
  readonly verdicts: ReadonlyMap<number, { readonly attemptId: number } | { readonly refused: NotSent }>
  /** Something could leave, and the connection has no call left for it now. */
  readonly isOutOfCalls: boolean
}

/**
 * Asks the gate which of these writes may be in a request that leaves now. One statement and one commit: whoever takes a
 * permission back meanwhile waits for it, or it waits for them. Each write that may leave has its row in the write log
 * when this returns. See docs/decisions/0013-one-gate-before-bytes.md.
 */
export async function askGate(
  db: Kysely<Tables>,
  connectionId: string,
  items: readonly { readonly id: number; readonly leaseEpoch: number }[],
  timing: WriteTiming,
): Promise<GateAnswer> {
  const { rows } = await sql<{ intent_id: number | null; attempt_id: number | null; refused: string | null }>`
    select intent_id, attempt_id, refused from gate_within_the_hour(${connectionId},
      ${items.map(({ id }) => id)}::bigint[], ${items.map(({ leaseEpoch }) => leaseEpoch)}::int[],
      ${answeredWithinMs(timing)}, ${LOOK_AGAIN_MS})`.execute(db)
  const verdicts = new Map<number, { attemptId: number } | { refused: NotSent }>()
  let isOutOfCalls = false
  for (const { intent_id: id, attempt_id: attemptId, refused } of rows) {
    if (id === null) isOutOfCalls = true
    else if (attemptId !== null) verdicts.set(id, { attemptId })
    else verdicts.set(id, { refused: refused !== null && isNotSent(refused) ? refused : 'no-permit' })
  }
  return { verdicts, isOutOfCalls }
}
