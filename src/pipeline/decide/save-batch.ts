import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { inputKey, type MissingInput, WHOLE_RECORD } from '../../model/record/knowledge.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { type HeldRecord, saveHeldRecords } from '../../store/decisions/held-records.ts'
import { eraseTraces } from '../../store/erasure/erase-traces.ts'
import { markDecided } from '../../store/records/dirty-records.ts'
import { askForUnheard } from '../../store/records/unheard-records.ts'
import { saveWakeUps, type WakeUpRow } from '../../store/records/wake-ups.ts'
import { saveBacklog } from '../../store/writes/backlog.ts'
import type { DecisionBatch } from './decision-batch.ts'
import { inStepAfter } from './hold-backlog.ts'
import { type DecidedRecord, keyOf, nameOf } from './plan-changes.ts'
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
  const decidedFor = Map.groupBy(planned.results, ({ record }) => refKey(record))
  const sorted = { decidedFor, failed: failedOf(batch, decidedFor) }
  await holdRecords(trx, batch, sorted)
  const toWrite = await writeDecisions(trx, batch, planned)
  for (const [detail, n] of planned.failures) await count(trx, 'record-failed', n, { connectionId, detail })
  await saveStanding(trx, batch, planned, sorted)
  return toWrite || planned.granted.size > 0 || isAnyErased
}

/**
 * Notes which inputs hold which records, and asks for records that others name and nobody has read. A record that could
 * not be decided stays held as it was.
 */
async function holdRecords(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  { decidedFor, failed }: Sorted,
): Promise<void> {
  const { connection, dirty } = batch
  const failedRecords = new Set(failed.map(({ record }) => refKey(record)))
  const decided = dirty.map(({ record }) => record).filter((record) => !failedRecords.has(refKey(record)))
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

type ByRecord = ReadonlyMap<string, readonly DecidedRecord[]>
type Failed = { readonly record: CrmRecord; readonly workflow: string }
/** What was decided, record by record, and what could not be. */
type Sorted = { readonly decidedFor: ByRecord; readonly failed: readonly Failed[] }

/** Which workflows could not decide which record. */
function failedOf({ watched }: DecisionBatch, decidedFor: ByRecord): Failed[] {
  return watched.flatMap(({ record, workflows }) => {
    const decided = decidedFor.get(refKey(record)) ?? []
    if (decided.length === workflows.length) return []
    return workflows
      .filter((workflow) => !decided.some((one) => one.workflow === workflow))
      .map(({ version }) => ({ record, workflow: version.policy.workflow }))
  })
}

/** Where each record stands after its decision: what waits for room, when it is decided again, and which versions it agrees with. */
async function saveStanding(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  { results, backlog }: PlannedBatch,
  { decidedFor, failed }: Sorted,
): Promise<void> {
  const { connection, dirty, frozen } = batch
  const refs = dirty.map(({ record }) => refOf(record))
  const stands = [
    ...failed.map(({ record, workflow }) => ({ ...refOf(record), workflow })),
    ...refs.flatMap((ref) => [...frozen].map((workflow) => ({ ...ref, workflow }))),
  ]
  const waiting = results
    .filter((result) => backlog.waits.has(keyOf(result)))
    .map((result) => {
      const { record, workflow, decision } = result
      const { from, to, branch } = decision.write!
      const seenBy = backlog.waits.get(keyOf(result)) ?? null
      return { ...refOf(record), workflow: nameOf(result), versionId: workflow.versionId, from, to, branch, seenBy }
    })
  await saveBacklog(trx, connection.id, { decided: refs, waiting, stands })
  await saveWakeUps(trx, connection.id, refs, wakeUpsOf(batch), [...frozen])
  const failedRecords = new Set(failed.map(({ record }) => refKey(record)))
  await markDecided(
    trx,
    connection.id,
    dirty.map(({ record }) => {
      const key = refKey(record)
      const inStepWith = failedRecords.has(key) ? null : inStepAfter(batch, record, decidedFor.get(key) ?? [], backlog)
      return { ...refOf(record), inStepWith }
    }),
  )
}

function wakeUpsOf({ dirty, wakeUps }: DecisionBatch): WakeUpRow[] {
  return dirty.flatMap(({ record }) =>
    [...(wakeUps.get(refKey(record)) ?? [])].map(([of, atMs]) => {
      const [workflow = '', reason = ''] = of.split('\n')
      return { ...refOf(record), workflow, reason, atMs }
    }),
  )
}

function refOf({ objectType, recordId }: CrmRecord) {
  return { objectType, recordId }
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
