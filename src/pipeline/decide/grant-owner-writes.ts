import { refKey } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { insertOwnerIntents, withdrawOwnerIntents } from '../../store/decisions/owner-intents.ts'
import { type DecisionBatch, ownerIntentsTo, scheduleRecheck } from './decision-batch.ts'
import { type DecidedFrom, withinDailyCaps } from './pilot-cap.ts'
import { type DecidedRecord, writeKey } from './plan-changes.ts'

export type GrantedWrites = {
  /** The decisions, without the writes that a pilot's daily cap left no room for. */
  readonly results: readonly DecidedRecord[]
  /** Intents of the owner writes that are this batch's to make, by `writeKey`. */
  readonly granted: ReadonlyMap<string, number>
}

/** Another workflow is writing the record: what this one would do is decided again after this. */
const UNDECIDED_AGAIN_MS = 30_000

/** Turns decided owner writes into intents, as far as daily caps and writes already under way allow. */
export async function grantOwnerWrites(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  decided: readonly DecidedFrom[],
): Promise<GrantedWrites> {
  const isWanted = ({ record, decision }: DecidedRecord) => {
    const intents = ownerIntentsTo(batch, record)
    return decision.write !== null && (intents === undefined || intents.underWay.size === 0)
  }
  const isUnderWay = ({ record, workflow }: DecidedRecord) =>
    ownerIntentsTo(batch, record)?.underWay.has(workflow.version.policy.workflow) ?? false
  const results = await withinDailyCaps(trx, decided, isWanted)
  for (const { record, decision } of results) scheduleRecheck(batch.rechecks, refKey(record), decision.recheckAtMs)
  await withdrawOwnerIntents(trx, batch.connection.id, results.filter(isUnderWay).map(asDecided))
  const granted = await insertOwnerIntents(trx, batch.connection.id, results.filter(isWanted).map(toIntent))
  for (const result of results) {
    if (!isDecidedLater(batch, result, granted)) continue
    scheduleRecheck(batch.rechecks, refKey(result.record), batch.nowMs + UNDECIDED_AGAIN_MS)
  }
  return { results, granted }
}

function asDecided({ record: { objectType, recordId }, workflow, decision }: DecidedRecord) {
  return { workflow: workflow.version.policy.workflow, objectType, recordId, to: decision.write?.to ?? null }
}

function toIntent({ record, workflow, decision }: DecidedRecord) {
  return {
    workflow: workflow.version.policy.workflow,
    objectType: record.objectType,
    recordId: record.recordId,
    write: decision.write!,
    policyHash: workflow.version.hash,
  }
}

/**
 * True: the write is wanted and was not granted. Where the workflow's own write is under way, its end is news by itself
 * and needs no recheck, unless it was made and the CRM's event about it is missing.
 */
function isDecidedLater(
  batch: DecisionBatch,
  { record, workflow, decision }: DecidedRecord,
  granted: ReadonlyMap<string, number>,
): boolean {
  const name = workflow.version.policy.workflow
  const intents = ownerIntentsTo(batch, record)
  const endsByItself = intents?.underWay.has(name) && !intents.unheard.has(name)
  return decision.write !== null && !endsByItself && !granted.has(writeKey(name, record))
}
