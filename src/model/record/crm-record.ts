import type { ConnectionId, Crm, FieldText } from './change-event.ts'
import type { DriftKind } from './schema-drift.ts'

/** A moment in the CRM's own time. `order` breaks ties within one millisecond. */
export type Stamp = { readonly atMs: number; readonly order: number }

export type StampedValue = Stamp & {
  readonly value: FieldText
  /** Another value was told of the same moment, so neither is known to be the later one. */
  readonly tied?: true
}

/**
 * A reading of the whole record. `atMs` says which of two readings is newer; `sinceMs`, where it is there, is the older
 * time at which the record itself says it was last modified.
 */
export type ReadStamp = Stamp & { readonly sinceMs?: number }

/**
 * When a field's value was set, as far as we know: what ages are counted from. The optional parts are what `foldEvents`
 * needs so that any order of arrival ends in the same record; nothing else reads them.
 */
export type FieldStamp = Stamp & {
  /** Set when the present value comes from reading the whole record: the newest such reading. */
  readonly read?: ReadStamp
  /** Set when the present value is a told change, and another value was told of the same moment. */
  readonly tied?: true
  /** The newest told change that is not newer than `read`. */
  readonly told?: StampedValue
  /** The oldest reading, where no change was ever told. Absent: it is `read` itself. */
  readonly firstRead?: StampedValue
}

/** One entry of the owner's history, newest last, bounded by OWNER_HISTORY_MAX. */
export type OwnerChange = Stamp & {
  readonly owner: FieldText
  /** The owner was there when we first looked, or at creation: not a change. */
  readonly found?: true
}

/** Our projection of one CRM record: what we know of it after every event that we have applied. */
export type CrmRecord = {
  readonly connectionId: ConnectionId
  readonly crm: Crm
  readonly objectType: string
  readonly recordId: string
  readonly values: Readonly<Record<string, FieldText>>
  /** By field. Keys that start with `@` are the fold's own marks: when the record was deleted, last read, and so on. */
  readonly stamps: Readonly<Record<string, FieldStamp>>
  readonly ownerHistory: readonly OwnerChange[]
  readonly deleted: boolean
  /** The CRM does not show it to us any more and does not say that it is gone: what we know of it may be outdated. */
  readonly isUnseen?: true
  /** The id of the record that this one was merged into. */
  readonly mergedInto: string | null
  /** Fields of this object that our credentials may not read. Absence of a value means nothing for these. */
  readonly unreadable: ReadonlySet<string>
  /** Those of the unreadable fields that the CRM does not describe either: a policy names what is not there. Absent: none. */
  readonly undescribed?: ReadonlySet<string>
  /** The CRM shows us no record of this object any more, so what is unreadable is one gap and not one for each field. */
  readonly isRefused?: true
  /** Fields that may hold several values, joined with `;`, by the CRM's schema. Absent: none. */
  readonly lists?: ReadonlySet<string>
  /** ISO 4217, of amounts that name no currency. Absent: the CRM does not say. */
  readonly homeCurrency?: string
  /** Fields whose value here no longer means what the policies were written for, and why. Absent: none, as nearly always. */
  readonly drifted?: ReadonlyMap<string, DriftKind>
}

/** Names one record across all connections. */
export type RecordRef = {
  readonly connectionId: ConnectionId
  readonly objectType: string
  readonly recordId: string
}

export function refKey(ref: RecordRef): string {
  return `${ref.connectionId}/${ref.objectType}/${ref.recordId}`
}
