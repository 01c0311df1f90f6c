import { createHash } from 'node:crypto'
import type { SimplePublicObject, ValueWithTimestamp } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import {
  type ChangeActor,
  type ChangeEvent,
  type ConnectionId,
  type FieldText,
  READ_ORDER,
} from '../../../model/record/change-event.ts'
import { idOf, instantMsOf, type JsonObject, listOf, objectOf, textOf } from '../http/json-value.ts'
import type { AnswerOf } from '../http/wire.ts'
import { actorOf } from './actor.ts'
import { type FieldType, fieldText } from './field-text.ts'
import type { HubSpotSchema } from './schemas.ts'

export type HubSpotRecord = AnswerOf<SimplePublicObject>

/** How to read records of one type: the connection, its schema and the fields asked for. */
export type RecordReading = {
  readonly connectionId: ConnectionId
  readonly appId: string | null
  readonly objectType: string
  readonly schema: HubSpotSchema
  /** The wanted fields that exist; each is in the event, blank ones as null. */
  readonly fields: readonly string[]
  /** Wanted fields that the portal does not have although nobody hides them: blank on every record. */
  readonly absent?: readonly string[]
  readonly historyFields: readonly string[]
  readonly source: 'poll' | 'baseline'
}

// Owner changes beyond the latest fifty say nothing new about who fights over a record today.
const OWNER_HISTORY_MAX = 50
// HubSpot stamps a record and its property history in separate steps of one write.
const SAME_WRITE_MS = 1_000

/**
 * A record as HubSpot returned it, as one complete change event. Undefined: it is not a readable record, which must not
 * cost the others of its page.
 */
export function recordEvent(record: HubSpotRecord, reading: RecordReading): ChangeEvent | undefined {
  try {
    return completeEvent(record, reading)
  } catch {
    return undefined
  }
}

function completeEvent(record: HubSpotRecord, reading: RecordReading): ChangeEvent | undefined {
  const recordId = idOf(record.id)
  const properties = objectOf(record.properties) ?? {}
  const modifiedMs = instantMsOf(properties[reading.schema.modifiedField]) ?? instantMsOf(record.updatedAt)
  if (recordId === undefined || modifiedMs === undefined) return undefined
  const deleted = record.archived === true
  const occurredAtMs = deleted ? Math.max(instantMsOf(record.archivedAt) ?? 0, modifiedMs) : modifiedMs

  const fields: Record<string, FieldText> = {}
  for (const name of reading.absent ?? []) fields[name] = null
  const withheld = withheldFields(record, reading)
  for (const name of reading.fields) {
    if (withheld.includes(name)) continue // the placeholder is not a value
    fields[name] = fieldText(
      reading.schema.fields.get(name)?.type,
      Object.hasOwn(properties, name) ? properties[name] : null,
    )
  }
  const histories = historiesOf(record, reading.historyFields, (name) => reading.schema.fields.get(name)?.type)
  const fieldChangedAtMs: Record<string, number> = {}
  for (const [name, entries] of histories) {
    const latest = entries.at(-1)
    if (latest !== undefined) fieldChangedAtMs[name] = latest.atMs
  }
  const ownerHistory = histories.get('hubspot_owner_id')?.slice(-OWNER_HISTORY_MAX)

  return {
    connectionId: reading.connectionId,
    // The digest keeps a later read that brings more fields, or values which HubSpot computes without touching the
    // modified date, from being taken for the same news.
    dedupeKey: `read/${reading.objectType}/${recordId}/${occurredAtMs}/${digest([deleted, fields, fieldChangedAtMs])}`,
    objectType: reading.objectType,
    recordId,
    kind: deleted ? 'deleted' : reading.source === 'baseline' ? 'created' : 'changed',
    occurredAtMs,
    order: READ_ORDER,
    fields,
    complete: true,
    ...(histories.size > 0 ? { fieldChangedAtMs } : {}),
    ...(ownerHistory === undefined
      ? {}
      : { ownerHistory: ownerHistory.map(({ value, atMs }) => ({ owner: value, atMs })) }),
    source: reading.source,
    actor: lastActor(properties, histories, modifiedMs, reading.appId),
  }
}

/** What HubSpot puts in place of a value that it calls sensitive and we may not see. */
const WITHHELD = 'REDACTED'

/** The wanted fields of a record whose values HubSpot keeps from us. */
export function withheldFields(record: HubSpotRecord, reading: RecordReading): string[] {
  const properties = objectOf(record.properties) ?? {}
  return reading.fields.filter((name) => reading.schema.sensitive.has(name) && properties[name] === WITHHELD)
}

// Far above what people merge by hand; a list beyond it is cut, and its rest is found gone when it is read.
const MERGED_MAX = 500

/**
 * The ids of the records that were merged into this one, chains included. `hs_calculated_merged_vids`, which contacts
 * have besides, misses chains and is not read.
 */
export function mergedIdsOf(record: HubSpotRecord): string[] {
  const own = idOf(record.id)
  const listed = textOf(objectOf(record.properties)?.hs_merged_object_ids).split(';')
  const ids = listed.flatMap((part) => idOf(part.trim()) ?? []).filter((id) => id !== own)
  return [...new Set(ids)].sort().slice(0, MERGED_MAX)
}

/**
 * A merge, read from its survivor. Merged records are in neither list nor recycle bin, so if the webhook was lost, only
 * the survivor shows the merge. The key names who was merged into whom, so that a later read gives the same event.
 */
export function mergeEvent(record: HubSpotRecord, reading: RecordReading): ChangeEvent | undefined {
  const mergedIds = mergedIdsOf(record)
  const event = mergedIds.length > 0 ? recordEvent(record, reading) : undefined
  if (event === undefined || event.kind === 'deleted') return undefined
  return {
    connectionId: event.connectionId,
    dedupeKey: `merged/${event.objectType}/${event.recordId}/${digest(mergedIds)}`,
    objectType: event.objectType,
    recordId: event.recordId,
    kind: 'merged',
    // HubSpot does not say when: at the survivor's last change, which is after all that its merged records reported.
    occurredAtMs: event.occurredAtMs,
    order: 0,
    fields: {},
    complete: false,
    mergedIds,
    source: event.source,
    actor: { kind: 'unknown', id: null, ours: false },
  }
}

type HistoryEntry = {
  readonly value: FieldText
  readonly atMs: number
  readonly sourceType: unknown
  readonly sourceId: unknown
}

/** Per field its values over time, oldest first: HubSpot promises no order. */
function historiesOf(
  record: HubSpotRecord,
  names: readonly string[],
  typeOf: (name: string) => FieldType | undefined,
): Map<string, HistoryEntry[]> {
  const given = objectOf(record.propertiesWithHistory) ?? {}
  const histories = new Map<string, HistoryEntry[]>()
  for (const name of names) {
    if (!Object.hasOwn(given, name)) continue
    const entries = listOf(given[name]).flatMap((entry: AnswerOf<ValueWithTimestamp>) => {
      const atMs = instantMsOf(entry.timestamp)
      if (atMs === undefined) return []
      return {
        value: fieldText(typeOf(name), entry.value),
        atMs,
        sourceType: entry.sourceType,
        sourceId: entry.sourceId,
      }
    })
    histories.set(
      name,
      entries.sort((a, b) => a.atMs - b.atMs),
    )
  }
  return histories
}

/** HubSpot names the actor of a property's change and of the creation, not of "the last modification" as such. */
function lastActor(
  properties: JsonObject,
  histories: ReadonlyMap<string, readonly HistoryEntry[]>,
  modifiedMs: number,
  appId: string | null,
): ChangeActor {
  let latest: HistoryEntry | undefined
  for (const entries of histories.values()) {
    const last = entries.at(-1)
    if (last !== undefined && (latest === undefined || last.atMs > latest.atMs)) latest = last
  }
  if (latest !== undefined && modifiedMs - latest.atMs <= SAME_WRITE_MS) {
    return actorOf(latest.sourceType, latest.sourceId, appId)
  }
  const createdMs = instantMsOf(properties.createdate) ?? instantMsOf(properties.hs_createdate)
  if (createdMs !== undefined && modifiedMs - createdMs <= SAME_WRITE_MS) {
    return actorOf(properties.hs_object_source, properties.hs_object_source_id, appId)
  }
  return { kind: 'unknown', id: null, ours: false }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
}
