import type { Actor } from './actor.ts'
import { type ObjectTypeName, objectType } from './object-type.ts'
import type { ObjectRef } from './store-change.ts'

export type HistoryEntry = {
  readonly value: string
  readonly atMs: number
  readonly sourceType: string
  readonly sourceId: string
  readonly userId: number | null
}

/** `properties` is replaced, never mutated, so that search keeps serving its earlier version. */
export type StoredRecord = {
  readonly id: string
  readonly type: ObjectTypeName
  readonly createdAtMs: number
  updatedAtMs: number
  archivedAtMs: number | null
  /** Merged away or erased for good: its id is not found, not even among archived records. */
  gone: boolean
  properties: Readonly<Record<string, string>>
  /** Newest last. A property without an entry has had its value since creation. */
  readonly history: Map<string, HistoryEntry[]>
  readonly createdBy: Actor
}

/** A record as a read sees it at one moment. */
export type RecordView = Pick<StoredRecord, 'id' | 'type' | 'createdAtMs' | 'updatedAtMs' | 'properties'>

/** Contacts keep 45 values per property, other objects 20. */
export function historyMax(type: ObjectTypeName): number {
  return type === 'contacts' ? 45 : 20
}

/** The value on the wire, also of computed properties. Undefined: never set, or cleared. */
export function wireValue(record: RecordView, name: string): string | undefined {
  const { createdProperty, modifiedProperty } = objectType(record.type)
  switch (name) {
    case 'hs_object_id':
      return record.id
    case createdProperty:
    case 'hs_createdate':
      return new Date(record.createdAtMs).toISOString()
    case modifiedProperty:
    case 'hs_lastmodifieddate':
      return new Date(record.updatedAtMs).toISOString()
    default: {
      const value = record.properties[name]
      return value === '' ? undefined : value
    }
  }
}

/** Newest first, as HubSpot sends it. */
export function historyOf(record: StoredRecord, name: string): HistoryEntry[] {
  const kept = record.history.get(name)
  if (kept !== undefined) return kept.toReversed()
  const value = wireValue(record, name)
  if (value === undefined) return []
  const { sourceType, sourceId, userId } = record.createdBy
  return [{ value, atMs: record.createdAtMs, sourceType, sourceId, userId }]
}

export function refOf(record: RecordView): ObjectRef {
  return { type: record.type, id: record.id }
}

/** The record as it is now; later writes do not change the view. */
export function viewOf(record: StoredRecord): RecordView {
  const { id, type, createdAtMs, updatedAtMs, properties } = record
  return { id, type, createdAtMs, updatedAtMs, properties }
}
