import type { ConnectionId, Crm, FieldText } from './change-event.ts'
import type { DriftKind } from './schema-drift.ts'

/** A moment in the CRM's own time. `order` breaks ties within one millisecond. */
export type Stamp = { readonly atMs: number; readonly order: number }

export type StampedValue = Stamp & { readonly value: FieldText }

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
  /** The newest told change that is older than `read`. */
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
  /** The id of the record that this one was merged into. */
  readonly mergedInto: string | null
  /** Fields of this object that our credentials may not read. Absence of a value means nothing for these. */
  readonly unreadable: ReadonlySet<string>
  /** The CRM shows us no record of this object any more, so what is unreadable is one gap and not one for each field. */
  readonly isRefused?: true
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
