import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { lookAgainLater, recordsWithRoom } from '../../store/writes/backlog.ts'

/**
 * Marks the records for another decision that wait for room in their version's hour where there is some, and those that a
 * person let go. They are decided on what is known then. Any number of processes may do it at once: a decision takes the
 * room, not a mark.
 */
export async function markBacklogDue(db: Database, connectionId: ConnectionId): Promise<void> {
  // Nearly always there is none, and this is asked before every batch of decisions.
  if ((await recordsWithRoom(db, connectionId)).length === 0) return
  await inTransaction(db, async (trx) => {
    const refs = await recordsWithRoom(trx, connectionId)
    // The records first, as a decision holds one before what waits for it.
    await markDirty(
      trx,
      refs.map((ref) => ({ connectionId, ...ref })),
    )
    await lookAgainLater(trx, connectionId, refs)
  })
}
