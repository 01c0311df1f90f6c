import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { noteInLedger } from '../../store/ledger/note-in-ledger.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { lookAgainLater, recordsWithRoom } from '../../store/writes/backlog.ts'
import { doesAnyApplicationEnd, endApplications } from '../../store/writes/backlog-applications.ts'

/**
 * Marks the records for another decision that an application of a version to the backlog lets go, as far as there is room.
 * They are decided on what is known then. Any number of processes may do it at once: a decision takes the room, not a mark.
 */
export async function markBacklogDue(db: Database, connectionId: ConnectionId): Promise<void> {
  await noteEnds(db)
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

async function noteEnds(db: Database): Promise<void> {
  if (!(await doesAnyApplicationEnd(db))) return
  await inTransaction(db, async (trx) => {
    const ended = await endApplications(trx)
    if (ended.length === 0) return
    await noteInLedger(
      trx,
      ended.map(({ id, workflow, state, written }) => {
        const body = { application: id, because: state, written }
        return { kind: 'backlog-application-ended', actor: 'lanekeeper', subject: workflow, body }
      }),
    )
  })
}
