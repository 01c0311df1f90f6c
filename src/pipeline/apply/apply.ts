import { linkKeys, linkTo, matchKeys } from '../../model/matching/keys.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile, type ObjectShape } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import {
  type Folded,
  type FoldOutcome,
  foldEvents,
  mergedEventForLosers,
  reasonToRead,
} from '../../model/record/fold.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock, tryStageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { isNothingDecided } from '../../store/decisions/decision-start.ts'
import { writtenValues } from '../../store/decisions/intents.ts'
import { ownTasks } from '../../store/decisions/tasks.ts'
import {
  type EventOutcome,
  eraseEventValues,
  insertEvents,
  recordOutcomes,
  type StoredEvent,
  takeWaitingEvents,
} from '../../store/events/change-events.ts'
import { unreadableFields } from '../../store/records/object-schemas.ts'
import { markNeighboursDirty, type RecordWrite, readRecordsById, saveRecords } from '../../store/records/records.ts'

/** Events per transaction: large enough that statements are shared, small enough for a short lock and flat memory. */
export const APPLY_BATCH = 1_000

export type Applied = {
  readonly taken: number
  readonly changed: boolean
  readonly toRead: boolean
  /** Users changed in the CRM: the list of people must be read again. */
  readonly people: boolean
  /** One of our tasks changed in the CRM. */
  readonly tasks: boolean
}

const NOTHING: Applied = { taken: 0, changed: false, toRead: false, people: false, tasks: false }

/** Folds one batch of waiting events of one connection into its records. One transaction; running it twice is harmless. */
export async function applyBatch(db: Database, connection: { id: ConnectionId; crm: Crm }): Promise<Applied> {
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connection.id))) return NOTHING
    // One folder per connection at a time: two would fold the same record from the same past.
    if (!(await tryStageLock(trx, `apply/${connection.id}`))) return NOTHING
    const waiting = await takeWaitingEvents(trx, connection.id, APPLY_BATCH)
    if (waiting.length === 0) return NOTHING
    const { outcomes, applied } = await foldIntoRecords(trx, connection, waiting, 'mark')
    await recordOutcomes(trx, outcomes)
    return applied
  })
}

/**
 * Stores events and folds them at once, in the caller's transaction: the first import, where nobody waits for an answer
 * between the two. An event that is there already is folded again, which changes nothing, and keeps the fate it has.
 */
export async function storeAndApply(
  trx: DatabaseTransaction,
  connection: { id: ConnectionId; crm: Crm },
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

/**
 * `leave`: no record has ever been decided, so each is marked from its own first event, and looking for neighbours to
 * mark would be most of the work of an import.
 */
type MarkNeighbours = 'mark' | 'leave'

async function foldIntoRecords(
  trx: DatabaseTransaction,
  { id: connectionId, crm }: { id: ConnectionId; crm: Crm },
  waiting: readonly StoredEvent[],
  neighbours: MarkNeighbours,
): Promise<{ readonly outcomes: EventOutcome[]; readonly applied: Applied }> {
  const { taskObject } = crmProfile(crm)
  const ours = await ownTasks(
    trx,
    connectionId,
    waiting.filter(({ event }) => event.objectType === taskObject).map(({ event }) => event.recordId),
  )
  const outcomes: EventOutcome[] = []
  const groups = new Map<string, StoredEvent[]>()
  let people = false
  let tasks = false
  for (const stored of waiting) {
    const { event } = stored
    const skip = reasonToSkip(event, crm, taskObject, ours)
    if (skip !== null) {
      if (skip === 'people-list') people = true
      outcomes.push({ id: stored.id, state: 'skipped', reason: skip })
      continue
    }
    if (event.objectType === taskObject) tasks = true
    addTo(groups, `${event.objectType}/${event.recordId}`, stored)
    // A merge also ends the records that it swallowed. Derived events have no row of their own to settle.
    for (const loser of mergedEventForLosers(event)) {
      addTo(groups, `${loser.objectType}/${loser.recordId}`, { id: -1, event: loser })
    }
  }

  const refs = [...groups.values()].map(([first]) => ({
    objectType: first!.event.objectType,
    recordId: first!.event.recordId,
  }))
  const before = new Map<string, CrmRecord>()
  for (const record of await readRecordsById(trx, connectionId, refs, 'lock')) {
    before.set(`${record.objectType}/${record.recordId}`, record)
  }
  const written = await writtenValues(
    trx,
    connectionId,
    [...groups.values()].flatMap((group) => group.find(({ event }) => mayBeEcho(event))?.event ?? []),
  )
  const unreadable = await unreadableFields(trx)

  const outcome: Outcome = {
    writes: [],
    touchedKeys: new Map(),
    touchedAccounts: new Set(),
    linksBefore: new Set(),
    changed: false,
  }
  for (const [key, group] of groups) {
    const objectType = group[0]!.event.objectType
    let folded: Folded
    let touched: Touched | null
    try {
      folded = foldEvents(
        before.get(key) ?? null,
        group.map((stored) => stored.event),
        { crm, unreadable: unreadable(connectionId, objectType) },
      )
      touched = whatChanged(before.get(key) ?? null, folded, objectShape(crm, objectType)!)
    } catch (error) {
      // What cannot be folded is set aside and counted. The other records of the connection do not wait for it.
      await count(trx, 'record-failed', 1, { connectionId, detail: `apply ${key}` })
      for (const { id } of group) if (id !== -1) outcomes.push({ id, state: 'failed', reason: shortly(error) })
      continue
    }
    const erasedAtMs = folded.record.stamps['@erased']?.atMs ?? null
    folded.outcomes.forEach(({ event, outcome }, n) => {
      const id = group[n]!.id
      if (id === -1) return
      // An event that comes after the erasure, of what was before it, must not bring the values back.
      const blank = erasedAtMs !== null && event.occurredAtMs <= erasedAtMs
      outcomes.push({ ...outcomeOf(id, event, outcome, written), blank })
    })
    if (touched !== null) note(outcome, touched)
  }
  const { writes, changed } = outcome
  await saveRecords(trx, writes)
  if (neighbours === 'mark') {
    await markNeighboursDirty(trx, connectionId, {
      keys: outcome.touchedKeys,
      accountIds: [...outcome.touchedAccounts],
      linksBefore: [...outcome.linksBefore],
    })
  }
  for (const { event } of waiting) if (event.kind === 'erased') await eraseEventValues(trx, event)
  const toRead = writes.some((write) => write.needsRead !== null)
  return { outcomes, applied: { taken: waiting.length, changed, toRead, people, tasks } }
}

/** What one record's events come to: its row, and for whom that is news. */
type Touched = {
  readonly write: RecordWrite
  readonly changed: boolean
  /** True: this record is a new holder. */
  readonly keys: ReadonlyMap<string, boolean>
  readonly accounts: readonly string[]
  readonly linksBefore: readonly string[]
}

type Outcome = {
  readonly writes: RecordWrite[]
  readonly touchedKeys: Map<string, number>
  readonly touchedAccounts: Set<string>
  readonly linksBefore: Set<string>
  changed: boolean
}

function note(outcome: Outcome, touched: Touched): void {
  outcome.writes.push(touched.write)
  if (touched.changed) outcome.changed = true
  for (const [key, isNew] of touched.keys)
    outcome.touchedKeys.set(key, (outcome.touchedKeys.get(key) ?? 0) + (isNew ? 1 : 0))
  for (const id of touched.accounts) outcome.touchedAccounts.add(id)
  for (const link of touched.linksBefore) outcome.linksBefore.add(link)
}

/** Null: what was said changes nothing and answers nobody. */
function whatChanged(known: CrmRecord | null, folded: Folded, shape: ObjectShape): Touched | null {
  const { record } = folded
  const anyApplied = folded.outcomes.some(({ outcome }) => outcome === 'applied')
  // A reading that confirms what we knew still answers whoever asked for it.
  const answers = folded.outcomes.some(({ event }) => event.complete)
  const isNews = anyApplied || answers || known === null || folded.needsRead !== null
  // Deleted as before may still be an answer: now it is known to be so after whatever made us ask.
  if (!isNews && reasonToRead(known) === null) return null
  const live = isLive(record)
  const isDecided = shape.about === 'person' || shape.about === 'account'
  const keys = live && isDecided ? matchKeys(record) : []
  const accountId = accountOf(record, shape)
  const touchedKeys = new Map<string, boolean>()
  const accounts: string[] = []
  const linksBefore: string[] = []
  if (anyApplied && isDecided) {
    const keysBefore = known !== null && isLive(known) ? matchKeys(known) : []
    const hadBefore = new Set(keysBefore)
    const seen = isSeenByNeighbours(known, record, shape)
    for (const key of seen ? [...keysBefore, ...keys] : symmetricDifference(keysBefore, keys))
      touchedKeys.set(key, !hadBefore.has(key))
    if (shape.about === 'account') {
      accounts.push(record.recordId)
      for (const key of keysBefore) if (key.startsWith('domain:')) linksBefore.push(linkTo(key))
    }
  }
  if (anyApplied && shape.about === 'deal') {
    const accountBefore = known === null ? null : accountOf(known, shape)
    for (const id of [accountId, accountBefore]) if (id !== null) accounts.push(id)
  }
  return {
    write: {
      record,
      ownerId: record.values[shape.owner] ?? null,
      accountId,
      keys,
      links: live ? linkKeys(record) : [],
      // Of a task only its status matters, which its events carry.
      needsRead: shape.about === 'task' ? null : folded.needsRead,
      answers,
      dirty: anyApplied && isDecided,
    },
    changed: anyApplied && shape.about !== 'task',
    keys: touchedKeys,
    accounts,
    linksBefore,
  }
}

function isSeenByNeighbours(known: CrmRecord | null, record: CrmRecord, shape: ObjectShape): boolean {
  return (
    known === null ||
    known.deleted !== record.deleted ||
    known.mergedInto !== record.mergedInto ||
    // Read for the first time: only now is it a neighbour at all.
    (known.stamps['@complete'] === undefined && record.stamps['@complete'] !== undefined) ||
    fieldsSeenByNeighbours(shape).some((field) => differs(known, record, field))
  )
}

function isLive(record: CrmRecord): boolean {
  return !record.deleted && record.mergedInto === null
}

function accountOf(record: CrmRecord, shape: ObjectShape): string | null {
  return shape.account === null ? null : (record.values[shape.account] ?? null)
}

function shortly(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown error'
}

function reasonToSkip(event: ChangeEvent, crm: Crm, taskObject: string, ourTasks: ReadonlySet<string>): string | null {
  if (event.objectType === crmProfile(crm).peopleObject) return 'people-list'
  if (objectShape(crm, event.objectType) === undefined) return 'unwatched-object'
  if (event.objectType === taskObject && !ourTasks.has(event.recordId)) return 'not-our-task'
  return null
}

/** An echo of our own write is mirrored like any event, but counted apart: it is never news. */
function outcomeOf(
  id: number,
  event: ChangeEvent,
  outcome: FoldOutcome,
  written: ReadonlyMap<string, { readonly value: string | null; readonly atMs: number }>,
): EventOutcome {
  if (isEcho(event, written)) return { id, state: 'skipped', reason: 'own-write' }
  return outcome === 'applied' ? { id, state: 'applied', reason: null } : { id, state: 'skipped', reason: outcome }
}

/**
 * An event is our own when it carries a value that we wrote, at about the time we wrote it. The CRM's mark of the author is
 * only a hint (docs/contracts/hubspot/webhook-delivery.md), so we ignore it. Ten minutes cover a CRM clock that is off and
 * a slow delivery.
 */
const ECHO_WITHIN_MS = 600_000

function mayBeEcho(event: ChangeEvent): boolean {
  return event.kind === 'changed' && !event.complete && event.actor.kind !== 'person'
}

function isEcho(
  event: ChangeEvent,
  written: ReadonlyMap<string, { readonly value: string | null; readonly atMs: number }>,
): boolean {
  if (!mayBeEcho(event)) return false
  let any = false
  for (const field in event.fields) {
    if (BOOKKEEPING.has(field)) continue
    const ours = written.get(`${event.objectType}/${event.recordId}/${field}`)
    if (ours === undefined || ours.value !== event.fields[field]) return false
    if (Math.abs(event.occurredAtMs - ours.atMs) > ECHO_WITHIN_MS) return false
    any = true
  }
  return any
}

/** Fields that every write moves by itself, and those that Salesforce moves with the owner of a lead. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'LastTransferDate',
  'IsUnreadByOwner',
  'lastmodifieddate',
  'hs_lastmodifieddate',
])

function addTo(groups: Map<string, StoredEvent[]>, key: string, stored: StoredEvent): void {
  const group = groups.get(key)
  if (group) group.push(stored)
  else groups.set(key, [stored])
}

function differs(before: CrmRecord, after: CrmRecord, field: string): boolean {
  return (before.values[field] ?? null) !== (after.values[field] ?? null)
}

/** What of a record is in the decision on another that shares a key with it. Every other change concerns only itself. */
function fieldsSeenByNeighbours(shape: ObjectShape): string[] {
  return [shape.owner, ...shape.name, shape.companyName, shape.parent, shape.createdAt].filter((f) => f !== null)
}

function symmetricDifference(a: readonly string[], b: readonly string[]): string[] {
  const inA = new Set(a)
  const inB = new Set(b)
  return [...a.filter((k) => !inB.has(k)), ...b.filter((k) => !inA.has(k))]
}
