import { refKey } from '../../model/record/crm-record.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { requestTaskWrites } from '../../store/decisions/intents.ts'
import { markDecided } from '../../store/records/dirty-records.ts'
import { type ErasedTask, eraseTraces } from '../../store/records/erase-traces.ts'
import type { DecisionBatch } from './decision-batch.ts'
import { type PlannedBatch, writeDecisions } from './write-decisions.ts'

/** Saves what the batch decided and clears its records. Returns whether act has something to write. */
export async function saveBatch(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  planned: PlannedBatch & { readonly failures: ReadonlyMap<string, number> },
): Promise<boolean> {
  const connectionId = batch.connection.id
  // First, because the resolutions written next hold no personal data and must stay.
  const erased = await eraseRecords(trx, batch)
  const toWrite = await writeDecisions(trx, batch, planned)
  await requestTaskWrites(trx, connectionId, erased)
  for (const [detail, n] of planned.failures) await count(trx, 'record-failed', n, { connectionId, detail })
  const decided = batch.dirty.map(({ record }) => ({
    objectType: record.objectType,
    recordId: record.recordId,
    recheckAtMs: batch.rechecks.get(refKey(record)) ?? null,
  }))
  await markDecided(trx, connectionId, decided)
  return toWrite || planned.granted.size > 0 || erased.length > 0
}

/** Blanks the cases of erased persons. Returns the tasks whose text has to change in the CRM. */
async function eraseRecords(trx: DatabaseTransaction, { dirty }: DecisionBatch): Promise<ErasedTask[]> {
  const erased: ErasedTask[] = []
  for (const { record } of dirty) {
    if (record.stamps['@erased'] !== undefined) erased.push(...(await eraseTraces(trx, record)))
  }
  return erased
}
