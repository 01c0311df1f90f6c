import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock, tryStageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { isNothingDecided } from '../../store/decisions/decision-start.ts'
import { insertEvents, recordOutcomes, takeWaitingEvents } from '../../store/events/change-events.ts'
import { type Applied, foldIntoRecords, NOTHING } from './fold-into-records.ts'

/** Events per transaction: large enough that statements are shared, small enough for a short lock and flat memory. */
export const APPLY_BATCH = 1_000

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/** Folds one batch of waiting events of one connection into its records. One transaction; running it twice is harmless. */
export async function applyBatch(db: Database, connection: Connection): Promise<Applied> {
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connection.id))) return NOTHING
    // One process per connection at a time: two would fold the same record from the same starting point.
    if (!(await tryStageLock(trx, `apply/${connection.id}`))) return { ...NOTHING, isHeldUp: true }
    const waiting = await takeWaitingEvents(trx, connection.id, APPLY_BATCH)
    if (waiting.length === 0) return NOTHING
    const { outcomes, applied } = await foldIntoRecords(trx, connection, waiting, 'mark')
    await recordOutcomes(trx, outcomes)
    return applied
  })
}

/**
 * Stores events and folds them at once, in the caller's transaction. For events that we read ourselves, as the first
 * import does: no sender waits for an answer in between. An event that is already stored is folded again, which changes
 * nothing, and keeps its outcome.
 */
export async function storeAndApply(
  trx: DatabaseTransaction,
  connection: Connection,
  events: readonly ChangeEvent[],
): Promise<Applied> {
  if (events.length === 0) return NOTHING
  await stageLock(trx, `apply/${connection.id}`)
  const neighbours = (await isNothingDecided(trx, connection.id)) ? 'leave' : 'mark'
  const numbered = events.map((event, id) => ({ id, event }))
  const { outcomes, applied } = await foldIntoRecords(trx, connection, numbered, neighbours)
  await insertEvents(trx, events, outcomes)
  return applied
}
