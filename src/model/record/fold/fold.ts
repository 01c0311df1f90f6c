import { type ChangeEvent, type Crm, READ_ORDER } from '../change-event.ts'
import { crmProfile } from '../crm-profile.ts'
import type { CrmRecord, OwnerChange, Stamp, StampedValue } from '../crm-record.ts'
import { objectShape } from '../object-shape.ts'
import { erase } from './erase-record.ts'
import { foldReading, foldReceived } from './field-registers.ts'
import type { FoldOutcome } from './fold-outcome.ts'
import { MERGED_INTO } from './merged-events.ts'
import { addOwner } from './owner-history.ts'
import { reasonToRead } from './reason-to-read.ts'
import { type Draft, draftOf, emptyDraft } from './record-draft.ts'
import {
  COMPLETE,
  DELETED,
  ERASED,
  isAfter,
  isDeleted,
  isMergerOpen,
  isUnseen,
  LIVE,
  mark,
  REASONS,
  SEEN,
  UNSEEN,
} from './record-marks.ts'
import { compareStamps } from './stamp-order.ts'

export type FoldContext = { readonly crm: Crm; readonly unreadable: ReadonlySet<string> }

export type Folded = {
  readonly record: CrmRecord
  readonly outcomes: { readonly event: ChangeEvent; readonly outcome: FoldOutcome }[]
  /** Why the record must be read again; null when what we know of it is complete. */
  readonly needsRead: string | null
}

/**
 * Folds events of one record into what we know of it. Field by field the newest change wins by the CRM's own time, so
 * any order of arrival and any repetition end in the same record.
 *
 * A field's age needs more care than its value: reading a whole record shows a value but not since when it holds.
 * Received changes and readings are therefore kept in separate registers (field-registers.ts), each of which ignores
 * order, and the age follows from them. Otherwise every poll would make a stale field look fresh.
 */
export function foldEvents(record: CrmRecord | null, events: readonly ChangeEvent[], context: FoldContext): Folded {
  const isOrdered = crmProfile(context.crm).ordersChanges === true
  const draft = record === null ? emptyDraft(events, isOrdered) : draftOf(record, isOrdered)
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
    ...(!isMerged && isUnseen(draft) ? { isUnseen: true } : {}),
    mergedInto: isMerged ? mergedInto : null,
    unreadable: context.unreadable,
  }
  return { record: folded, outcomes, needsRead: reasonToRead(folded) }
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
  const unseenBefore = isUnseen(draft)
  const wasOpen = isMergerOpen(draft.stamps)
  const sign = foldSign(draft, event, at, answersAt)
  const fields = foldFields(draft, event, ownerField, answersAt)
  const ownersChanged = foldOwnerHistory(draft, event)
  // Merged as before, but the missing events are accounted for now.
  const isAnswered = wasOpen && !isMergerOpen(draft.stamps)
  const changed = sign.changed || fields.changed || ownersChanged || isAnswered
  if (changed || isDeleted(draft) !== deletedBefore || isUnseen(draft) !== unseenBefore) return 'applied'
  return sign.outdated || fields.outdated ? 'superseded' : 'no-change'
}

/** Kinds that say of a record that it is not there, in one way or the other. */
const IS_ABSENCE: ReadonlySet<ChangeEvent['kind']> = new Set(['deleted', 'unseen'])

type Effect = { readonly changed: boolean; readonly outdated: boolean }

/** What the kind of the event says of the record as a whole: alive, deleted, complete, or to be read again. */
function foldSign(draft: Draft, event: ChangeEvent, at: Stamp, answersAt: Stamp): Effect {
  let changed = false
  let outdated = false
  const isAbsence = IS_ABSENCE.has(event.kind)
  if (isAbsence) {
    const live = draft.stamps[LIVE]
    outdated = live !== undefined && compareStamps(live, at) > 0
    mark(draft, event.kind === 'deleted' ? DELETED : UNSEEN, at)
  } else {
    mark(draft, SEEN, at)
  }
  const showsLife = event.kind === 'created' || event.kind === 'restored' || (event.complete && !isAbsence)
  if (showsLife) mark(draft, LIVE, answersAt)
  if (event.complete) changed = mark(draft, COMPLETE, answersAt) === 'first'
  const survivor = event.kind === 'merged' ? event.fields[MERGED_INTO] : undefined
  const reason = survivor === undefined ? REASONS[event.kind] : undefined
  if (reason !== undefined) changed = mark(draft, reason, at) !== 'old' || changed
  return { changed, outdated }
}

function foldFields(draft: Draft, event: ChangeEvent, ownerField: string | undefined, answersAt: Stamp): Effect {
  const erasedAt = draft.stamps[ERASED]
  let changed = false
  let outdated = false
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
  return { changed, outdated }
}

function foldOwnerHistory(draft: Draft, event: ChangeEvent): boolean {
  let changed = false
  for (const [i, { owner, atMs }] of (event.ownerHistory ?? []).entries()) {
    // The CRM's history does not say from whom its first owner took over.
    const entry: OwnerChange = {
      owner,
      atMs: Math.min(atMs, event.occurredAtMs),
      order: 0,
      ...(i === 0 && { found: true }),
    }
    changed = addOwner(draft, entry) || changed
  }
  return changed
}

/** The event shows the whole record without saying which field was set when. */
function isReading(event: ChangeEvent): boolean {
  if (!event.complete) return false
  const askedByUs = event.source === 'poll' || event.source === 'baseline'
  return askedByUs || (event.kind !== 'created' && event.kind !== 'changed')
}

/**
 * The moment up to which the event is known to be right about the record. A reading came after the event that made us
 * read, even where the record itself was last modified long before (an association does not modify it).
 */
function answerOf({ occurredAtMs, order, answersUntilMs }: ChangeEvent): Stamp {
  return answersUntilMs === undefined || answersUntilMs < occurredAtMs
    ? { atMs: occurredAtMs, order }
    : { atMs: answersUntilMs, order: READ_ORDER }
}
