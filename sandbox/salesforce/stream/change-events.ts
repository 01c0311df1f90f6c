import { randomUUID } from 'node:crypto'
import type { ObjectDefinition } from '../catalog/object-definition.ts'
import type { Org } from '../org/org.ts'
import type { Commit, FieldValue, RecordChange, StoredRecord } from '../org/record-store.ts'
import { DIFF_ABOVE, unifiedDiff } from '../org/text-diff.ts'
import type { EventSchema, EventSchemas, SchemaSlot } from './avro-schemas.ts'
import { encodeBitmap, type TouchedField } from './bitmap.ts'
import type { BusEvent } from './event-bus.ts'

type Body = Record<string, unknown>

type Draft = {
  readonly schema: EventSchema
  readonly entity: string
  readonly recordIds: string[]
  readonly changeType: string
  readonly sequenceNumber: number
  readonly body: Body
  readonly nulled: string[]
  readonly diffed: string[]
  readonly changed: string[]
}

let commitNumber = 1_000_000_000_000

/** Turns one committed transaction into the events that the bus carries for the selected entities. */
export function eventsOf(org: Org, schemas: EventSchemas, commit: Commit): BusEvent[] {
  const drafts: Draft[] = []
  const mergeable = new Map<string, Draft>()
  const selected = new Set(org.settings.selectedEntities)
  let sequenceNumber = 0
  for (const change of commit.changes) {
    // Unselected objects use up numbers too, so readers see holes, as Salesforce documents.
    sequenceNumber++
    const schema = selected.has(change.object) ? schemas.byEntity.get(change.object) : undefined
    if (!schema) continue
    const draft = draftOf(org.catalog.get(change.object)!, schema, change, sequenceNumber)
    const key = mergeKey(draft)
    const same = key === null ? undefined : mergeable.get(key)
    if (same) {
      same.recordIds.push(change.id)
      continue
    }
    if (key !== null) mergeable.set(key, draft)
    drafts.push(draft)
  }
  commitNumber += 1 + drafts.length
  return drafts.map((draft) => encode(draft, commit))
}

/** The same change to several records of one entity is one event with several ids. */
function mergeKey(draft: Draft): string | null {
  if (draft.changeType !== 'UPDATE' && draft.changeType !== 'DELETE') return null
  return JSON.stringify([draft.entity, draft.changeType, draft.body, draft.nulled, draft.diffed, draft.changed])
}

function draftOf(object: ObjectDefinition, schema: EventSchema, change: RecordChange, sequenceNumber: number): Draft {
  const head = { schema, entity: change.object, recordIds: [change.id], changeType: change.type, sequenceNumber }
  const none = { nulled: [], diffed: [], changed: [] }
  if (change.type === 'DELETE') return { ...head, ...none, body: {} }
  if (change.type !== 'UPDATE' || !change.before) {
    return { ...head, ...none, body: fullBody(object, schema, change.after) }
  }
  return { ...head, ...changedBody(object, schema, change.before, change.after) }
}

function fullBody(object: ObjectDefinition, schema: EventSchema, record: StoredRecord): Body {
  const body: Body = {}
  for (const [field, slot] of schema.slots) {
    const value = avroValue(object, field, record[field] ?? null)
    if (value !== null) place(body, slot, value)
  }
  return body
}

function changedBody(object: ObjectDefinition, schema: EventSchema, before: StoredRecord, after: StoredRecord) {
  const body: Body = {}
  const changed: TouchedField[] = []
  const nulled: TouchedField[] = []
  const diffed: TouchedField[] = []
  for (const [field, slot] of schema.slots) {
    const old = before[field] ?? null
    const value = after[field] ?? null
    if (old === value && field !== 'LastModifiedDate') continue
    const touched = { index: slot.index, part: slot.part?.index ?? null }
    changed.push(touched)
    if (value === null) {
      nulled.push(touched)
      // The event carries the compound even if the only change is a cleared part.
      if (slot.part) place(body, slot, null)
    } else if (typeof old === 'string' && old.length > DIFF_ABOVE && object.fields.get(field)?.type === 'textarea') {
      diffed.push(touched)
      place(body, slot, unifiedDiff(old, String(value)))
    } else place(body, slot, avroValue(object, field, value))
  }
  return { body, changed: encodeBitmap(changed), nulled: encodeBitmap(nulled), diffed: encodeBitmap(diffed) }
}

function place(body: Body, slot: SchemaSlot, value: unknown): void {
  if (!slot.part) {
    body[slot.name] = value
    return
  }
  body[slot.name] ??= {}
  const compound = body[slot.name] as Body
  compound[slot.part.name] = value
}

/** Instants and days are milliseconds on the bus. */
function avroValue(object: ObjectDefinition, field: string, value: FieldValue): FieldValue {
  if (value === null) return object.fields.get(field)?.type === 'boolean' ? false : null
  return object.fields.get(field)?.type === 'date' ? Date.parse(`${value}T00:00:00Z`) : value
}

function encode(draft: Draft, commit: Commit): BusEvent {
  const header = {
    entityName: draft.entity,
    recordIds: draft.recordIds,
    changeType: draft.changeType,
    changeOrigin: commit.origin,
    transactionKey: commit.transactionKey,
    sequenceNumber: draft.sequenceNumber,
    commitTimestamp: commit.atMs,
    commitNumber,
    commitUser: commit.userId,
    nulledFields: draft.nulled,
    diffFields: draft.diffed,
    changedFields: draft.changed,
  }
  const payload = draft.schema.type.toBuffer({ ChangeEventHeader: header, ...draft.body })
  return { entity: draft.entity, recordIds: draft.recordIds, schemaId: draft.schema.id, payload }
}

export const OVERFLOW_ID = '000000000000000AAA'

/** A gap event: a header without values, which means "read the record again". */
export function gapEvent(
  schemas: EventSchemas,
  gap: {
    readonly entity: string
    readonly changeType: string
    readonly recordIds: readonly string[]
    readonly userId: string
    readonly atMs: number
  },
): BusEvent {
  const schema = schemas.byEntity.get(gap.entity)
  if (!schema) throw new Error(`Entity ${gap.entity} is not selected for change data capture`)
  const draft: Draft = {
    schema,
    entity: gap.entity,
    recordIds: [...gap.recordIds],
    changeType: gap.changeType,
    sequenceNumber: 1,
    body: {},
    nulled: [],
    diffed: [],
    changed: [],
  }
  commitNumber++
  return encode(draft, { changes: [], userId: gap.userId, origin: '', transactionKey: randomUUID(), atMs: gap.atMs })
}
