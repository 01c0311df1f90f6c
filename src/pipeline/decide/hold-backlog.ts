import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import type { InStepWith } from '../../store/records/dirty-records.ts'
import { type Room, roomNow, seenWrites } from '../../store/writes/backlog.ts'
import { countOwnersToday } from '../../store/writes/owner-intents.ts'
import type { DecisionBatch } from './decision-batch.ts'
import { type DecidedRecord, keyOf, nameOf } from './plan-changes.ts'

/** Of the wanted writes, by `writeKey`. */
export type Backlog = {
  /** Nothing but a new version wants them, and they wait, with the application that lets them go later; null: none does. */
  readonly waits: ReadonlyMap<string, number | null>
  /** The same, with room: the application that lets them go now. */
  readonly counts: ReadonlyMap<string, number>
  /** Another write to the record is under way, so room was not asked for. */
  readonly blocked: ReadonlySet<string>
}

type Held = Pick<Backlog, 'waits' | 'counts'>

/** Owner writes that were taken back in this batch, by `writeKey`, and whether a version alone had wanted them. */
export type Withdrawn = ReadonlyMap<string, { readonly backlog: boolean }>

/**
 * Holds back what arises from nothing but a new version of a policy or of our own code, until a person applies the version
 * to the backlog and there is room for it. It gets no case either: a mistake in a policy shall not become a thousand tasks
 * instead of a thousand owners. What changes in the CRM goes as usual.
 */
export async function holdBacklog(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  wanted: readonly DecidedRecord[],
  withdrawn: Withdrawn,
): Promise<Held> {
  const backlog = wanted.filter((result) => isBacklog(batch, result, withdrawn))
  const records = backlog.map(({ record }) => record)
  const seen = backlog.length === 0 ? new Map<string, number>() : await seenWrites(trx, batch.connection.id, records)
  const inTurn = backlog.filter((result) => seen.has(keyOf(result)))
  const room = inTurn.length === 0 ? new Map<string, Room>() : await roomNow(trx, [...new Set(inTurn.map(nameOf))])
  const left = new Map([...room].map(([workflow, { writes }]) => [workflow, writes]))
  if (left.size > 0) await keepPilotsDay(trx, left, wanted, new Set(backlog))
  const waits = new Map<string, number | null>()
  const counts = new Map<string, number>()
  for (const result of backlog) {
    const [key, name] = [keyOf(result), nameOf(result)]
    const by = seen.get(key)
    const isApplying = by !== undefined && room.get(name)?.applicationId === by
    const writes = left.get(name) ?? 0
    if (!isApplying || writes <= 0) waits.set(key, by ?? null)
    else {
      left.set(name, writes - 1)
      counts.set(key, by)
    }
  }
  return { waits, counts }
}

/** What a pilot may still write today, records that changed first: past it, a version's writes wait too. */
async function keepPilotsDay(
  trx: DatabaseTransaction,
  room: Map<string, number>,
  wanted: readonly DecidedRecord[],
  backlog: ReadonlySet<DecidedRecord>,
): Promise<void> {
  const pilots = Map.groupBy(
    wanted.filter(({ workflow }) => workflow.effectiveMode === 'pilot'),
    nameOf,
  )
  // Always in the same order, because each count takes a lock.
  for (const [workflow, results] of [...pilots].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { calendar, pilot } = results[0]!.workflow.version.policy
    if (pilot === null) continue
    const { written } = await countOwnersToday(trx, workflow, calendar.timeZone)
    const usual = results.filter((result) => !backlog.has(result)).length
    const left = Math.max(0, pilot.dailyCap - written - usual)
    if (room.has(workflow)) room.set(workflow, Math.min(room.get(workflow)!, left))
  }
}

function isBacklog(batch: DecisionBatch, result: DecidedRecord, withdrawn: Withdrawn): boolean {
  // It was wanted before this version came.
  if (withdrawn.get(keyOf(result))?.backlog === false) return false
  return isForVersion(batch, result)
}

/** Nothing but a new version asks for this decision, as far as the record shows. */
function isForVersion({ standing }: DecisionBatch, { record, workflow }: DecidedRecord): boolean {
  const { touched, inStepWith } = standing.get(refKey(record))!
  const agreed = inStepWith[workflow.version.policy.workflow]
  return !touched && agreed !== CHANGED_UNREAD && agreed !== workflow.versionId
}

/** Of the decisions, by `writeKey`, those that an upgrade alone asks for: what they change is in its report. */
export function decidedForUpgrade(batch: DecisionBatch, results: readonly DecidedRecord[]): ReadonlySet<string> {
  const { upgrade } = batch
  if (upgrade === null) return new Set()
  return new Set(
    results.filter((result) => upgrade.workflows.has(nameOf(result)) && isForVersion(batch, result)).map(keyOf),
  )
}

/** In place of a version: the record changed while none of the workflow could be read, so the next decides it as any change. */
const CHANGED_UNREAD = -1

/**
 * Which version of each workflow the record agrees with after this decision. Where one wanted nothing it does, unless it may
 * not write now, or something is not known or settled, and so has not shown what it wants; and with every one if the record
 * itself changed, also with one that waits to begin here or cannot be read.
 */
export function inStepAfter(
  batch: DecisionBatch,
  record: CrmRecord,
  decided: readonly DecidedRecord[],
  backlog: Backlog,
): InStepWith {
  const { touched, inStepWith } = batch.standing.get(refKey(record))!
  const after: Record<string, number> = {}
  const keep = (workflow: string) => {
    const before = inStepWith[workflow]
    if (before !== undefined) after[workflow] = before
  }
  for (const workflow of batch.frozen) {
    const waitsUnder = batch.waiting.get(workflow)
    if (touched) after[workflow] = waitsUnder ?? CHANGED_UNREAD
    else keep(workflow)
  }
  for (const result of decided) {
    const key = keyOf(result)
    // It is about to be written, and what is written then was not wanted by the version of before.
    if (backlog.counts.has(key)) continue
    const isOpen = backlog.waits.has(key) || backlog.blocked.has(key) || !mayAct(result) || isHeldBack(batch, result)
    if (isOpen && !touched) keep(nameOf(result))
    else after[nameOf(result)] = result.workflow.versionId
  }
  return after
}

/** What it would write shows only when an input is known, or when sides have stopped changing the owner in turn. */
function isHeldBack({ loops }: DecisionBatch, { record, decision: { unknown, undecided } }: DecidedRecord): boolean {
  const isUndecided = unknown !== null || undecided === 'all' || undecided.size > 0
  return isUndecided || loops.has(`${record.objectType}/${record.recordId}`)
}

function mayAct({ workflow: { effectiveMode } }: DecidedRecord): boolean {
  return effectiveMode === 'live' || effectiveMode === 'pilot'
}
