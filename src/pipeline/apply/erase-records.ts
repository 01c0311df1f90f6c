import type { RecordRef } from '../../model/record/crm-record.ts'
import { findConnection } from '../../store/connections/connections.ts'
import { shareLife } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { eraseTraces } from '../../store/erasure/erase-traces.ts'
import { finishErasurePass, mergedAway, postponeErasure, takeErasureDue } from '../../store/erasure/erasures-due.ts'
import { recordOutcomes, takeErasures } from '../../store/events/change-events.ts'
import { foldIntoRecords } from './fold-into-records.ts'

/** Erasures per turn; the rest is due at the next one. */
const PER_TURN_MAX = 100

/**
 * Erases what is due, whatever else the connection waits for: an import, a comparison, a reconnect. Also of a connection
 * that has ended and whose history was kept. Each in a transaction of its own; one that fails is tried again a minute
 * later. Returns the connections that have something to decide.
 */
export async function eraseDue(
  db: Database,
  onFailed: (record: RecordRef, error: unknown) => void = () => undefined,
): Promise<ReadonlySet<string>> {
  const touched = new Set<string>()
  for (let n = 0; n < PER_TURN_MAX; n += 1) {
    const taken: { record: RecordRef | null } = { record: null }
    try {
      await inTransaction(db, async (trx) => {
        taken.record = await takeErasureDue(trx)
        if (taken.record !== null) await eraseOne(trx, taken.record)
      })
    } catch (error) {
      if (taken.record === null) throw error
      await postponeErasure(db, taken.record)
      onFailed(taken.record, error)
    }
    if (taken.record === null) break
    touched.add(taken.record.connectionId)
  }
  return touched
}

async function eraseOne(trx: DatabaseTransaction, record: RecordRef): Promise<void> {
  const { connectionId } = record
  // An end, or a new beginning, waits until this is through.
  await shareLife(trx, connectionId)
  await stageLock(trx, `apply/${connectionId}`)
  const connection = await findConnection(trx, connectionId)
  const waiting = await takeErasures(trx, record)
  if (connection !== null && waiting.length > 0) {
    const { outcomes } = await foldIntoRecords(trx, connection, waiting, 'mark')
    await recordOutcomes(trx, outcomes)
  } else {
    const merged = await mergedAway(trx, record)
    for (const recordId of [record.recordId, ...merged]) await eraseTraces(trx, { ...record, recordId })
  }
  await finishErasurePass(trx, record)
}
