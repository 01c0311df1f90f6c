import type { ChangeEvent } from '../change-event.ts'
import type { FieldStamp, Stamp } from '../crm-record.ts'
import { MERGED_INTO } from './merged-events.ts'
import type { Draft } from './record-draft.ts'
import { compareStamps } from './stamp-order.ts'

/** Marks kept in `stamps`. Each is the newest moment of its kind, so that arrival order cannot matter. */
export const LIVE = '@live' // created, restored, or read whole
export const DELETED = '@deleted'
export const ERASED = '@erased'
export const SEEN = '@seen' // any sign of life
export const COMPLETE = '@complete'
export const UNSEEN = '@unseen' // we asked for it, and the CRM did not show it
/** Kinds of events after which the record is read again, with the mark of each. */
export const REASONS: Readonly<Partial<Record<ChangeEvent['kind'], string>>> = {
  gap: '@gap',
  associated: '@associated',
  merged: '@merged',
  restored: '@restored',
}

/** Remembers the newest moment of its kind. */
export function mark(draft: Draft, name: string, at: Stamp): 'first' | 'newer' | 'old' {
  const before = draft.stamps[name]
  if (before !== undefined && compareStamps(at, before) <= 0) return 'old'
  const erasedAt = draft.stamps[ERASED]
  if (erasedAt !== undefined && compareStamps(at, erasedAt) <= 0) return 'old'
  draft.stamps[name] = { atMs: at.atMs, order: at.order }
  return before === undefined ? 'first' : 'newer'
}

/** On the same instant a deletion beats a sign of life: acting on a record that is gone is the worse mistake. */
export function isDeleted(draft: { readonly stamps: Readonly<Record<string, FieldStamp>> }): boolean {
  const live = draft.stamps[LIVE]
  return isAfter(draft.stamps[DELETED], live) || isAfter(draft.stamps[ERASED], live)
}

/**
 * Whether the CRM's last word on the record is that it does not show it. Only a reading of the record, or proof that it is
 * gone, ends that.
 */
export function isUnseen(record: { readonly stamps: Readonly<Record<string, FieldStamp>> }): boolean {
  const unseen = record.stamps[UNSEEN]
  return unseen !== undefined && isAfter(unseen, record.stamps[LIVE]) && !isDeleted(record)
}

/** Not older; on the same instant the mark counts. */
export function isAfter(mark: Stamp | undefined, live: Stamp | undefined): boolean {
  return mark !== undefined && (live === undefined || compareStamps(mark, live) >= 0)
}

/** Whether events are missing after the merge. They may say that the merge was undone, so the record is read again. */
export function isMergerOpen(stamps: Readonly<Record<string, FieldStamp>>): boolean {
  const gap = stamps['@gap']
  return gap !== undefined && [MERGED_INTO, DELETED, UNSEEN].every((name) => !isAfter(stamps[name], gap))
}
