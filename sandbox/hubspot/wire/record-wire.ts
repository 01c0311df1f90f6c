import { labelsBetween } from '../portal/association-book.ts'
import { type ObjectTypeName, objectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { historyOf, type RecordView, type StoredRecord, wireValue } from '../portal/stored-record.ts'

export type Wanted = {
  readonly properties: readonly string[]
  readonly propertiesWithHistory?: readonly string[]
  readonly associations?: readonly ObjectTypeName[]
}

/** Requested properties without a value are null; unknown properties are left out. */
export function recordWire(portal: Portal, record: StoredRecord, wanted: Wanted): Record<string, unknown> {
  const withHistory = wanted.propertiesWithHistory ?? []
  return {
    ...viewWire(portal, record, [...wanted.properties, ...withHistory]),
    ...(withHistory.length === 0
      ? {}
      : {
          propertiesWithHistory: Object.fromEntries(
            withHistory
              .filter((name) => portal.catalog.find(record.type, name) !== undefined)
              .map((name) => [name, historyWire(record, name)]),
          ),
        }),
    ...(record.archivedAtMs === null
      ? {}
      : { archived: true, archivedAt: new Date(record.archivedAtMs).toISOString() }),
    ...(wanted.associations === undefined || wanted.associations.length === 0
      ? {}
      : { associations: associationsWire(portal, record, wanted.associations) }),
  }
}

export function viewWire(portal: Portal, record: RecordView, names: readonly string[]): Record<string, unknown> {
  const type = objectType(record.type)
  const properties: Record<string, string | null> = {}
  const always = [type.createdProperty, type.modifiedProperty, 'hs_object_id']
  for (const name of names.length === 0 ? type.defaultProperties : [...always, ...names]) {
    if (portal.catalog.find(record.type, name) !== undefined) properties[name] = wireValue(record, name) ?? null
  }
  return {
    id: record.id,
    properties,
    createdAt: new Date(record.createdAtMs).toISOString(),
    updatedAt: new Date(record.updatedAtMs).toISOString(),
    archived: false,
    url: `https://app.hubspot.com/contacts/${portal.portalId}/record/${type.typeId}/${record.id}`,
  }
}

/** The answer to a write: all values of the record. */
export function writtenWire(portal: Portal, record: StoredRecord): Record<string, unknown> {
  const { defaultProperties } = objectType(record.type)
  return recordWire(portal, record, { properties: [...defaultProperties, ...Object.keys(record.properties)] })
}

function historyWire(record: StoredRecord, name: string): Record<string, unknown>[] {
  return historyOf(record, name).map(({ value, atMs, sourceType, sourceId, userId }) => ({
    value,
    timestamp: new Date(atMs).toISOString(),
    sourceType,
    sourceId,
    ...(userId === null ? {} : { updatedByUserId: userId }),
  }))
}

function associationsWire(
  portal: Portal,
  record: StoredRecord,
  types: readonly ObjectTypeName[],
): Record<string, unknown> {
  const associations: Record<string, unknown> = {}
  for (const to of types) {
    const linked = [...portal.associations.of(record, to)].filter(([id]) => portal.get({ type: to, id }) !== undefined)
    if (linked.length === 0) continue
    const labels = labelsBetween(record.type, to)
    const name = `${objectType(record.type).singular}_to_${objectType(to).singular}`
    const results = linked.flatMap(([id, typeIds]) =>
      [...typeIds].map((typeId) => ({
        id,
        type: labels.length > 1 && labels.at(-1)!.typeId === typeId ? `${name}_unlabeled` : name,
      })),
    )
    associations[to] = { results }
  }
  return associations
}
