import type { DatabaseTransaction } from '../../store/database/database.ts'
import { insertOwnerIntents, type OwnerIntents, withdrawOwnerIntents } from '../../store/writes/owner-intents.ts'
import { type DecisionBatch, ownerIntentsTo, wakeLater } from './decision-batch.ts'
import { type Backlog, holdBacklog, type Withdrawn } from './hold-backlog.ts'
import { type DecidedFrom, withinDailyCaps } from './pilot-cap.ts'
import { type DecidedRecord, keyOf, nameOf } from './plan-changes.ts'

export type GrantedWrites = {
  /** The decisions, without the writes that a pilot's daily cap left no room for. */
  readonly results: readonly DecidedRecord[]
  /** Intents of the owner writes that are this batch's to make, by `writeKey`. */
  readonly granted: ReadonlyMap<string, number>
  /** Writes to the records that were decided before and stand, by `object/record`. */
  readonly ownerIntents: ReadonlyMap<string, OwnerIntents>
  readonly backlog: Backlog
}

/** Another workflow is writing the record: what this one would do is decided again after this. */
export const UNDECIDED_AGAIN_MS = 30_000

/** Turns decided owner writes into intents, as far as daily caps, room for a version and writes under way allow. */
export async function grantOwnerWrites(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  decided: readonly DecidedFrom[],
): Promise<GrantedWrites> {
  const isUnderWay = (result: DecidedRecord) =>
    ownerIntentsTo(batch, result.record)?.underWay.has(nameOf(result)) ?? false
  const withdrawn = await withdrawOwnerIntents(trx, batch.connection.id, decided.filter(isUnderWay).map(asDecided))
  const ownerIntents = withoutWithdrawn(batch.ownerIntents, withdrawn)
  const standing = { ownerIntents }
  const isFree = ({ record }: DecidedRecord) => (ownerIntentsTo(standing, record)?.underWay.size ?? 0) === 0
  const wanted = decided.filter((result) => result.decision.write !== null)
  const held = await holdBacklog(trx, batch, wanted.filter(isFree), withdrawn)
  const blocked = new Set(wanted.filter((result) => !isFree(result)).map(keyOf))
  const backlog = { ...held, blocked }
  const isGoing = (result: DecidedRecord) =>
    result.decision.write !== null && isFree(result) && !backlog.waits.has(keyOf(result))
  const results = await withinDailyCaps(trx, decided, isGoing)
  for (const { record, workflow, decision, againAtMs } of results) {
    const name = workflow.version.policy.workflow
    if (decision.wake !== null) wakeLater(batch, record, name, decision.wake.reason, decision.wake.atMs)
    if (againAtMs !== null) wakeLater(batch, record, name, 'pilot-cap', againAtMs)
  }
  const toInsert = results.filter(isGoing).map((result) => toIntent(result, backlog))
  const granted = await insertOwnerIntents(trx, batch.connection.id, toInsert)
  for (const result of results) {
    if (backlog.waits.has(keyOf(result)) || !isDecidedLater(standing, result, granted)) continue
    wakeLater(batch, result.record, nameOf(result), 'other-write', batch.nowMs + UNDECIDED_AGAIN_MS)
  }
  return { results, granted, ownerIntents, backlog }
}

/** What was taken back in this batch is not under way any more: in its place something else may be written at once. */
function withoutWithdrawn(
  ownerIntents: DecisionBatch['ownerIntents'],
  withdrawn: Withdrawn,
): ReadonlyMap<string, OwnerIntents> {
  if (withdrawn.size === 0) return ownerIntents
  return new Map(
    [...ownerIntents].map(([record, intents]) => {
      const underWay = [...intents.underWay].filter((workflow) => !withdrawn.has(`${workflow}\n${record}`))
      return [record, { ...intents, underWay: new Set(underWay) }]
    }),
  )
}

function asDecided({ record: { objectType, recordId }, workflow, decision }: DecidedRecord) {
  return { workflow: workflow.version.policy.workflow, objectType, recordId, write: decision.write }
}

function toIntent(result: DecidedRecord, { counts }: Backlog) {
  const { record, workflow, decision } = result
  return {
    workflow: workflow.version.policy.workflow,
    objectType: record.objectType,
    recordId: record.recordId,
    write: decision.write!,
    policyHash: workflow.version.hash,
    versionTurn: workflow.versionTurn,
    applicationId: counts.get(keyOf(result)) ?? null,
  }
}

/**
 * True: the write is wanted and was not granted, or was made and the CRM's event about it is missing, so that this is
 * decided on what we wrote and not on what was read. Where the write is under way its end is news by itself.
 */
function isDecidedLater(
  standing: Pick<DecisionBatch, 'ownerIntents'>,
  result: DecidedRecord,
  granted: ReadonlyMap<string, number>,
): boolean {
  const name = nameOf(result)
  const intents = ownerIntentsTo(standing, result.record)
  if (intents?.unheard.has(name)) return true
  return result.decision.write !== null && !intents?.underWay.has(name) && !granted.has(keyOf(result))
}
