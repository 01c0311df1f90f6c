import type { ConnectionId, Crm, FieldText } from './change-event.ts'

/** When a field's value was set, as far as we know. `order` breaks ties within one millisecond. */
export type FieldStamp = { readonly atMs: number; readonly order: number }

/** One entry of the owner's history, newest last, bounded by OWNER_HISTORY_MAX. */
export type OwnerChange = { readonly owner: FieldText; readonly atMs: number; readonly order: number }

/** Our projection of one CRM record: what we know of it after every event that we have applied. */
export type CrmRecord = {
  readonly connectionId: ConnectionId
  readonly crm: Crm
  readonly objectType: string
  readonly recordId: string
  readonly values: Readonly<Record<string, FieldText>>
  readonly stamps: Readonly<Record<string, FieldStamp>>
  readonly ownerHistory: readonly OwnerChange[]
  readonly deleted: boolean
  /** The id of the record that this one was merged into. */
  readonly mergedInto: string | null
  /** Fields of this object that our credentials may not read. Absence of a value means nothing for these. */
  readonly unreadable: ReadonlySet<string>
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
