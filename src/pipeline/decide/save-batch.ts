import { refKey } from '../../model/record/crm-record.ts'
import { inputKey, type MissingInput, WHOLE_RECORD } from '../../model/record/knowledge.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { type HeldRecord, saveHeldRecords } from '../../store/decisions/held-records.ts'
import { markDecided } from '../../store/records/dirty-records.ts'
import { eraseTraces } from '../../store/records/erase-traces.ts'
import { askForUnheard } from '../../store/records/unheard-records.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { DecidedRecord } from './plan-changes.ts'
import { type PlannedBatch, writeDecisions } from './write-decisions.ts'

/** Saves what the batch decided and clears its records. Returns whether act has something to write. */
export async function saveBatch(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  planned: PlannedBatch & { readonly failures: ReadonlyMap<string, number> },
): Promise<boolean> {
  const connectionId = batch.connection.id
  // First, because the resolutions written next hold no personal data and must stay.
  const isAnyErased = await eraseRecords(trx, batch)
  await holdRecords(trx, batch, planned)
  const toWrite = await writeDecisions(trx, batch, planned)
  for (const [detail, n] of planned.failures) await count(trx, 'record-failed', n, { connectionId, detail })
  const decided = batch.dirty.map(({ record }) => ({
    objectType: record.objectType,
    recordId: record.recordId,
    recheckAtMs: batch.rechecks.get(refKey(record)) ?? null,
  }))
  await markDecided(trx, connectionId, decided)
  return toWrite || planned.granted.size > 0 || isAnyErased
}

/**
 * Notes which inputs hold which records, and asks for records that others name and nobody has read. A record that could
 * not be decided stays held as it was.
 */
async function holdRecords(trx: DatabaseTransaction, batch: DecisionBatch, { results }: PlannedBatch): Promise<void> {
  const { connection, dirty, watched } = batch
  const decidedFor = Map.groupBy(results, ({ record }) => refKey(record))
  const failed = new Set(
    watched.flatMap(({ record, workflows }) =>
      (decidedFor.get(refKey(record))?.length ?? 0) < workflows.length ? [refKey(record)] : [],
    ),
  )
  const decided = dirty.map(({ record }) => record).filter((record) => !failed.has(refKey(record)))
  const held = decided.flatMap((record) => {
    const inputs = inputsOf(decidedFor.get(refKey(record)) ?? [])
    return inputs.length === 0 ? [] : [{ objectType: record.objectType, recordId: record.recordId, inputs }]
  })
  await saveHeldRecords(trx, connection.id, decided, held, batch.frozen)
  await askForUnheard(
    trx,
    held.flatMap(({ inputs }) => inputs.map(({ input }) => input).filter(isUnheard)),
  )
}

/** Each input that any of the record's workflows misses, with those workflows. */
function inputsOf(decisions: readonly DecidedRecord[]): HeldRecord['inputs'] {
  const inputs = new Map<string, { input: MissingInput; workflows: string[] }>()
  for (const { decision, workflow } of decisions) {
    for (const input of decision.unknown?.inputs ?? []) {
      const known = inputs.get(inputKey(input)) ?? { input, workflows: [] }
      inputs.set(inputKey(input), known)
      const { workflow: name } = workflow.version.policy
      if (!known.workflows.includes(name)) known.workflows.push(name)
    }
  }
  return [...inputs.values()]
}

function isUnheard(input: MissingInput): input is MissingInput & { recordId: string } {
  return input.why === 'not-read' && input.field === WHOLE_RECORD && input.recordId !== undefined
}

/** Erases again what apply erased: something may have been written in between. */
async function eraseRecords(trx: DatabaseTransaction, { dirty }: DecisionBatch): Promise<boolean> {
  const erased = dirty.filter(({ record }) => record.stamps['@erased'] !== undefined)
  for (const { record } of erased) await eraseTraces(trx, record)
  return erased.length > 0
}
