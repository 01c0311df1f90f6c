import type { ChangeEvent, ConnectionId, Crm, FieldText } from './change-event.ts'
import type { CrmRecord, FieldStamp, OwnerChange, ReadStamp, Stamp, StampedValue } from './crm-record.ts'
import { objectShape } from './object-shape.ts'

export type FoldContext = { readonly crm: Crm; readonly unreadable: ReadonlySet<string> }

/** `applied` changed what we know; `no-change` said what we knew; `superseded` was older than what we knew. */
export type FoldOutcome = 'applied' | 'no-change' | 'superseded'

export type Folded = {
  readonly record: CrmRecord
  readonly outcomes: { readonly event: ChangeEvent; readonly outcome: FoldOutcome }[]
  /** Why the CRM must be asked about this record; null when it need not be. */
  readonly needsRead: string | null
}

/** A flap needs a handful of entries; twelve leave room for a noisy week. */
export const OWNER_HISTORY_MAX = 12

/**
 * The loser's event of a merge names its survivor under this key of `fields`. No CRM has a field name with `@`.
 */
export const MERGED_INTO = '@merged-into'

/** Marks kept in `stamps`. Each is the newest moment of its kind, so that arrival order cannot matter. */
const LIVE = '@live' // created, restored, or read whole
const DELETED = '@deleted'
const ERASED = '@erased'
const SEEN = '@seen' // any sign of life
const COMPLETE = '@complete'
const REASONS: Readonly<Partial<Record<ChangeEvent['kind'], string>>> = {
  gap: '@gap',
  associated: '@associated',
  merged: '@merged',
  restored: '@restored',
}

/**
 * The events of the records that a merge swallowed: one per loser, to be folded into the loser's own record. Derived,
 * so it needs no row of its own; folding it twice changes nothing.
 */
export function mergedEventForLosers(event: ChangeEvent): ChangeEvent[] {
  if (event.kind !== 'merged') return []
  return (event.mergedIds ?? [])
    .filter((loser) => loser !== event.recordId)
    .map((loser) => ({
      ...event,
      dedupeKey: `${event.dedupeKey}/merged/${loser}`,
      recordId: loser,
      mergedIds: [],
      fields: { [MERGED_INTO]: event.recordId },
      complete: false,
    }))
}

/**
 * Folds events of one record into what we know of it. Field by field the newest change wins by the CRM's own time, so
 * any order of arrival and any repetition end in the same record.
 *
 * A field's age needs more care than its value: reading a whole record shows a value without saying since when. Told
 * changes and readings are therefore kept as separate registers (newest told, newest read, oldest read), each of which
 * ignores order, and the age is worked out from the three. Otherwise every poll would make a stale field look fresh.
 */
export function foldEvents(record: CrmRecord | null, events: readonly ChangeEvent[], context: FoldContext): Folded {
  const draft = record === null ? emptyDraft(events) : draftOf(record)
  const ownerField = objectShape(context.crm, draft.objectType)?.owner
  const outcomes = events.map((event) => ({ event, outcome: foldOne(draft, event, ownerField) }))
  const mergedInto = draft.values[MERGED_INTO] ?? null
  const isMerged = mergedInto !== null && isAfter(draft.stamps[MERGED_INTO], draft.stamps[LIVE])
  const folded: CrmRecord = {
    connectionId: draft.connectionId,
    crm: context.crm,
    objectType: draft.objectType,
    recordId: draft.recordId,
    values: draft.values,
    stamps: draft.stamps,
    ownerHistory: draft.ownerHistory,
    deleted: isDeleted(draft),
    mergedInto: isMerged ? mergedInto : null,
    unreadable: context.unreadable,
  }
  return { record: folded, outcomes, needsRead: reasonToRead(folded) }
}

type Draft = {
  connectionId: ConnectionId
  objectType: string
  recordId: string
  values: Record<string, FieldText>
  stamps: Record<string, FieldStamp>
  ownerHistory: readonly OwnerChange[]
}

function emptyDraft(events: readonly ChangeEvent[]): Draft {
  const first = events[0]
  if (first === undefined) throw new RangeError('Cannot fold: no record and no events, so there is nothing to name')
  const { connectionId, objectType, recordId } = first
  return { connectionId, objectType, recordId, values: {}, stamps: {}, ownerHistory: [] }
}

function draftOf(record: CrmRecord): Draft {
  const { connectionId, objectType, recordId, ownerHistory } = record
  return {
    connectionId,
    objectType,
    recordId,
    values: { ...record.values },
    stamps: { ...record.stamps },
    ownerHistory,
  }
}

function foldOne(draft: Draft, event: ChangeEvent, ownerField: string | undefined): FoldOutcome {
  const at: Stamp = { atMs: event.occurredAtMs, order: event.order }
  const answersAt = answerOf(event)
  const erasedAt = draft.stamps[ERASED]
  if (erasedAt !== undefined && compareStamps(event.kind === 'erased' ? at : answersAt, erasedAt) <= 0) {
    return event.kind === 'erased' ? 'no-change' : 'superseded'
  }
  if (event.kind === 'erased') {
    erase(draft, at)
    return 'applied'
  }
  const deletedBefore = isDeleted(draft)
  const wasOpen = isMergerOpen(draft.stamps)
  let changed = false
  let outdated = false

  if (event.kind === 'deleted') {
    const live = draft.stamps[LIVE]
    if (live !== undefined && compareStamps(live, at) > 0) outdated = true
    mark(draft, DELETED, at)
  } else {
    mark(draft, SEEN, at)
  }
  const showsLife =
    event.kind === 'created' || event.kind === 'restored' || (event.complete && event.kind !== 'deleted')
  if (showsLife) mark(draft, LIVE, answersAt)
  if (event.complete) changed = mark(draft, COMPLETE, answersAt) === 'first' || changed

  const survivor = event.kind === 'merged' ? event.fields[MERGED_INTO] : undefined
  if (survivor === undefined) {
    const reason = REASONS[event.kind]
    if (reason !== undefined) changed = mark(draft, reason, at) !== 'old' || changed
  }

  for (const field in event.fields) {
    const value = event.fields[field] ?? null
    const changedAtMs = event.fieldChangedAtMs?.[field]
    const atMs = Math.min(changedAtMs ?? event.occurredAtMs, event.occurredAtMs)
    const stamped: StampedValue = { value, atMs, order: event.order }
    const asRead = changedAtMs === undefined && field !== MERGED_INTO && isReading(event)
    const shownAt = asRead ? { atMs: answersAt.atMs, order: event.order } : stamped
    if (erasedAt !== undefined && compareStamps(shownAt, erasedAt) <= 0) continue
    const outcome = asRead ? foldReading(draft, field, stamped, answersAt.atMs) : foldReceived(draft, field, stamped)
    if (outcome === 'applied') changed = true
    if (outcome === 'superseded') outdated = true
    if (field !== ownerField || event.ownerHistory !== undefined || (asRead && event.source !== 'baseline')) continue
    const isFound = asRead || event.kind === 'created'
    if (addOwner(draft, { owner: value, atMs, order: event.order, ...(isFound && { found: true }) })) changed = true
  }
  for (const [i, { owner, atMs }] of (event.ownerHistory ?? []).entries()) {
    // Whoever comes first in the CRM's history took over from nobody that we know of.
    const entry: OwnerChange = {
      owner,
      atMs: Math.min(atMs, event.occurredAtMs),
      order: 0,
      ...(i === 0 && { found: true }),
    }
    changed = addOwner(draft, entry) || changed
  }
  // Merged as before, but it answers whoever asked.
  if (wasOpen && !isMergerOpen(draft.stamps)) changed = true
  if (changed || isDeleted(draft) !== deletedBefore) return 'applied'
  return outdated ? 'superseded' : 'no-change'
}

/** The event shows the whole record without saying which field was set when. */
function isReading(event: ChangeEvent): boolean {
  if (!event.complete) return false
  const askedByUs = event.source === 'poll' || event.source === 'baseline'
  return askedByUs || (event.kind !== 'created' && event.kind !== 'changed')
}

/**
 * The moment up to which the event speaks for the record. A reading that we asked for came after what made us ask, even
 * where the record itself was last modified long before (an association leaves no trace on it).
 */
function answerOf({ occurredAtMs, order, answersUntilMs }: ChangeEvent): Stamp {
  return answersUntilMs === undefined || answersUntilMs < occurredAtMs
    ? { atMs: occurredAtMs, order }
    : { atMs: answersUntilMs, order: Number.MAX_SAFE_INTEGER }
}

type Reading = StampedValue & { readonly sinceMs?: number }

/** The three registers of one field: newest told change, newest reading, and oldest reading while nothing was told. */
type Registers = { told: StampedValue | null; read: Reading | null; firstRead: StampedValue | null }

function foldReceived(draft: Draft, field: string, incoming: StampedValue): FoldOutcome {
  const { told, read } = registersOf(draft, field)
  const newest = told !== null && compareValues(told, incoming) >= 0 ? told : incoming
  return writeField(draft, field, incoming.value, { told: newest, read, firstRead: null })
}

function foldReading(draft: Draft, field: string, incoming: StampedValue, answersMs: number): FoldOutcome {
  const before = registersOf(draft, field)
  const { value, atMs, order } = incoming
  const reading: Reading = answersMs > atMs ? { value, atMs: answersMs, order, sinceMs: atMs } : incoming
  const read = before.read !== null && compareReadings(before.read, reading) >= 0 ? before.read : reading
  // After an erasure the oldest reading is gone for good, so then no order of arrival may use one.
  const usesFirst = before.told === null && draft.stamps[ERASED] === undefined
  const isFirst = before.firstRead === null || compareValues(incoming, before.firstRead) < 0
  const firstRead = usesFirst ? (isFirst ? incoming : before.firstRead) : null
  return writeField(draft, field, value, { told: before.told, read, firstRead })
}

function writeField(draft: Draft, field: string, said: FieldText, registers: Registers): FoldOutcome {
  const valueBefore = draft.values[field]
  const wasKnown = draft.stamps[field] !== undefined
  writeRegisters(draft, field, registers)
  const value = draft.values[field] ?? null
  if (!wasKnown || valueBefore !== value) return 'applied'
  return said !== value ? 'superseded' : 'no-change'
}

function registersOf(draft: Draft, field: string): Registers {
  const stamp = draft.stamps[field]
  if (stamp === undefined) return { told: null, read: null, firstRead: null }
  const value = draft.values[field] ?? null
  if (stamp.read === undefined) {
    return { told: { value, atMs: stamp.atMs, order: stamp.order }, read: null, firstRead: null }
  }
  const read: Reading = { value, ...stamp.read }
  const told = stamp.told ?? null
  return { told, read, firstRead: told === null ? (stamp.firstRead ?? modifiedAt(read)) : null }
}

/** The reading by the record's own time. */
function modifiedAt({ value, atMs, order, sinceMs }: Reading): StampedValue {
  return { value, atMs: sinceMs ?? atMs, order }
}

function writeRegisters(draft: Draft, field: string, { told, read, firstRead }: Registers): void {
  if (told !== null && (read === null || compareValues(read, told) <= 0)) {
    draft.values[field] = told.value
    draft.stamps[field] = { atMs: told.atMs, order: told.order }
    return
  }
  if (read === null) return
  const { value, ...readStamp } = read
  const modified = modifiedAt(read)
  // The value is as old as the last told change to it, or as the first time we saw it there.
  const since = told?.value === value ? told : told === null && firstRead?.value === value ? firstRead : modified
  draft.values[field] = value
  draft.stamps[field] = {
    atMs: since.atMs,
    order: since.order,
    read: readStamp satisfies ReadStamp,
    ...(told !== null && { told }),
    ...(firstRead !== null && compareValues(firstRead, modified) !== 0 && { firstRead }),
  }
}

/** Drops everything at or before the erasure. What happened to the record afterwards stays. */
function erase(draft: Draft, at: Stamp): void {
  for (const field of Object.keys(draft.stamps)) {
    if (field.startsWith('@')) {
      if (compareStamps(draft.stamps[field]!, at) <= 0) {
        delete draft.stamps[field]
        delete draft.values[field]
      }
      continue
    }
    const { told, read } = registersOf(draft, field)
    delete draft.values[field]
    delete draft.stamps[field]
    writeRegisters(draft, field, {
      told: told !== null && compareStamps(told, at) > 0 ? told : null,
      read: read !== null && compareStamps(read, at) > 0 ? read : null,
      firstRead: null,
    })
  }
  draft.ownerHistory = draft.ownerHistory.filter((change) => compareStamps(change, at) > 0)
  draft.stamps[ERASED] = { atMs: at.atMs, order: at.order }
}

/** A set of distinct changes, of which the newest are kept: the same set in any order of arrival. */
function addOwner(draft: Draft, change: OwnerChange): boolean {
  const erasedAt = draft.stamps[ERASED]
  if (erasedAt !== undefined && compareStamps(change, erasedAt) <= 0) return false
  const history = draft.ownerHistory
  const same = history.find((known) => compareOwners(known, change) === 0)
  // Told and found at the very same moment: it was a change.
  if (same !== undefined && (same.found === undefined || change.found === true)) return false
  const entries = history.filter((known) => known !== same)
  entries.push(change)
  entries.sort(compareOwners)
  draft.ownerHistory = entries.slice(-OWNER_HISTORY_MAX)
  return same === undefined && draft.ownerHistory.includes(change)
}

function compareOwners(a: OwnerChange, b: OwnerChange): number {
  return compareStamps(a, b) || compareText(a.owner, b.owner)
}

/** Remembers the newest moment of its kind. */
function mark(draft: Draft, name: string, at: Stamp): 'first' | 'newer' | 'old' {
  const before = draft.stamps[name]
  if (before !== undefined && compareStamps(at, before) <= 0) return 'old'
  const erasedAt = draft.stamps[ERASED]
  if (erasedAt !== undefined && compareStamps(at, erasedAt) <= 0) return 'old'
  draft.stamps[name] = { atMs: at.atMs, order: at.order }
  return before === undefined ? 'first' : 'newer'
}

/** On the same instant a deletion beats a sign of life: acting on a record that is gone is the worse mistake. */
function isDeleted(draft: { readonly stamps: Readonly<Record<string, FieldStamp>> }): boolean {
  const live = draft.stamps[LIVE]
  return isAfter(draft.stamps[DELETED], live) || isAfter(draft.stamps[ERASED], live)
}

function isAfter(mark: Stamp | undefined, live: Stamp | undefined): boolean {
  return mark !== undefined && (live === undefined || compareStamps(mark, live) >= 0)
}

/** The survivor speaks for a merged record, but a later hole in what we were told may hold that the merge was undone. */
function isMergerOpen(stamps: Readonly<Record<string, FieldStamp>>): boolean {
  const gap = stamps['@gap']
  return gap !== undefined && [MERGED_INTO, DELETED].every((name) => !isAfter(stamps[name], gap))
}

/**
 * A CRM may round a record's modification time down to the second, so a reading counts from the start of its second;
 * otherwise it could never be seen to answer a gap of the same second, and we would ask for ever.
 */
const READING_PRECISION_MS = 1000

/** Why the CRM must be asked about a record, by what we were told of it; null when it need not be. */
export function reasonToRead(record: CrmRecord): string | null {
  const { stamps } = record
  if (record.mergedInto !== null) return isMergerOpen(stamps) ? 'gap' : null
  if (record.deleted) {
    const seen = stamps[SEEN]
    const gone = stamps[ERASED] === undefined ? stamps[DELETED] : undefined
    return seen !== undefined && gone !== undefined && compareStamps(seen, gone) > 0 ? 'changed-after-deletion' : null
  }
  const complete = stamps[COMPLETE]
  if (complete === undefined) return 'first-sight'
  let newest: { reason: string; at: Stamp } | null = null
  for (const name of Object.values(REASONS)) {
    const at = stamps[name]
    if (at === undefined) continue
    const isAnswered = complete.atMs >= Math.floor(at.atMs / READING_PRECISION_MS) * READING_PRECISION_MS
    if (!isAnswered && (newest === null || compareStamps(at, newest.at) > 0)) newest = { reason: name.slice(1), at }
  }
  return newest?.reason ?? null
}

function compareReadings(a: Reading, b: Reading): number {
  return compareValues(a, b) || (a.sinceMs ?? a.atMs) - (b.sinceMs ?? b.atMs)
}

/** Equal moments are decided by the value itself, so that two arrivals of one instant cannot end differently. */
function compareValues(a: StampedValue, b: StampedValue): number {
  return compareStamps(a, b) || compareText(a.value, b.value)
}

function compareStamps(a: Stamp, b: Stamp): number {
  return a.atMs - b.atMs || a.order - b.order
}

function compareText(a: FieldText, b: FieldText): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}
