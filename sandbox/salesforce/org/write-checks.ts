import type { FieldDefinition, ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError, noAccess } from './api-error.ts'
import { readFieldValue } from './field-value.ts'
import { isLive, type Org, objectOfId } from './org.ts'
import type { FieldValue, StoredRecord } from './record-store.ts'

/** Checks of a write that are the same for every object. */
export function readWriteBody(
  object: ObjectDefinition,
  body: Readonly<Record<string, unknown>>,
  verb: 'create' | 'update',
): Map<string, FieldValue> {
  const values = new Map<string, FieldValue>()
  const readOnly: string[] = []
  for (const [name, raw] of Object.entries(body)) {
    if (name === 'attributes') continue
    const field = object.fieldByLowerName.get(name.toLowerCase())
    if (!field) {
      throw new ApiError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    }
    if (field.name === 'Id') continue
    if (verb === 'create' ? !field.createable : !field.updateable) {
      readOnly.push(field.name)
      continue
    }
    values.set(field.name, readFieldValue(field, raw))
  }
  if (readOnly.length > 0) {
    throw new ApiError(
      400,
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      `Unable to create/update fields: ${readOnly.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
      readOnly,
    )
  }
  return values
}

export function checkRequired(object: ObjectDefinition, record: StoredRecord, touched: ReadonlySet<string>): void {
  const missing: string[] = []
  for (const field of object.fields.values()) {
    const blank = (record[field.name] ?? null) === null
    if (blank && (field.required || (touched.has(field.name) && !field.nillable && field.type !== 'boolean'))) {
      missing.push(field.name)
    }
  }
  if (missing.length === 0) return
  throw new ApiError(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing)
}

/** A task's links are checked whenever they are sent; other references only when they change. */
const CHECKED_WHEN_SENT: ReadonlySet<string> = new Set(['Task.WhoId', 'Task.WhatId'])

export function checkReferences(
  org: Org,
  object: ObjectDefinition,
  before: StoredRecord | null,
  record: StoredRecord,
  sent: ReadonlySet<string>,
): void {
  for (const field of object.fields.values()) {
    if (field.type !== 'reference' || field.referenceTo.length === 0) continue
    const id = record[field.name]
    if (typeof id !== 'string' || !(field.createable || field.updateable)) continue
    const isSentAgain = sent.has(field.name) && CHECKED_WHEN_SENT.has(`${object.name}.${field.name}`)
    if (id === before?.[field.name] && !isSentAgain) continue
    checkReference(org, object, field, id)
  }
}

/** A record that is not shared with the writer cannot be named; a reference that stands already stays. */
export function checkAccess(
  seenOrg: Org,
  object: ObjectDefinition,
  before: StoredRecord | null,
  record: StoredRecord,
): void {
  for (const field of object.fields.values()) {
    const id = record[field.name]
    if (field.type !== 'reference' || typeof id !== 'string' || id === before?.[field.name]) continue
    if (seenOrg.store.isHidden(id)) throw noAccess()
  }
}

function checkReference(org: Org, object: ObjectDefinition, field: FieldDefinition, id: string): void {
  const target = objectOfId(org, id)
  if (!target || !field.referenceTo.includes(target.name)) {
    // A user or queue that cannot own this object, or an id of another object.
    if (field.name === 'OwnerId' && (target?.name === 'Group' || target?.name === 'User')) {
      throw new ApiError(400, 'OP_WITH_INVALID_USER_TYPE_EXCEPTION', 'Operation not valid for this user type', [
        field.name,
      ])
    }
    throw new ApiError(400, 'MALFORMED_ID', `${field.name.slice(0, -2)} ID: id value of incorrect type: ${id}`, [
      field.name,
    ])
  }
  const record = org.store.get(target.name, id)
  if (!record) throw new ApiError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name])
  if (!isLive(record)) throw new ApiError(400, 'ENTITY_IS_DELETED', 'entity is deleted', [field.name])
  if (object.name === 'Task' && target.name === 'Lead' && record.IsConverted === true) {
    throw new ApiError(400, 'CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead', [field.name])
  }
  if (field.name === 'OwnerId') checkOwner(org, object, record, target.name)
}

/** Inactive users keep their records but cannot be assigned new ones. */
function checkOwner(org: Org, object: ObjectDefinition, owner: StoredRecord, ownerKind: string): void {
  if (ownerKind === 'User' && owner.IsActive !== true) {
    throw new ApiError(
      400,
      'INACTIVE_OWNER_OR_USER',
      `operation performed with inactive user [${owner.Id}] as owner of ${object.name.toLowerCase()}`,
      ['OwnerId'],
    )
  }
  if (ownerKind === 'Group' && owner.Type !== 'Queue') {
    throw new ApiError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', ['OwnerId'])
  }
  if (ownerKind === 'Group' && !takes(org, owner.Id, object.name)) {
    const message = 'Queue not associated with this SObject type'
    throw new ApiError(400, 'FIELD_INTEGRITY_EXCEPTION', message, ['OwnerId'])
  }
}

function takes(org: Org, queueId: string, objectName: string): boolean {
  for (const row of org.store.table('QueueSobject').values()) {
    if (row.QueueId === queueId && row.SobjectType === objectName) return true
  }
  return false
}

export function checkUnique(org: Org, object: ObjectDefinition, record: StoredRecord): void {
  for (const field of object.fields.values()) {
    if (!field.unique) continue
    const value = record[field.name]
    if (value === null || value === undefined) continue
    org.store.trackUnique(object.name, field.name)
    const holder = org.store.findUnique(object.name, field.name, String(value))
    if (holder && holder.Id !== record.Id) {
      throw new ApiError(
        400,
        'DUPLICATE_VALUE',
        `duplicate value found: ${field.name} duplicates value on record with id: ${holder.Id}`,
        [],
      )
    }
  }
}

export function checkTaskLinks(record: StoredRecord): void {
  if (String(record.WhoId ?? '').startsWith('00Q') && (record.WhatId ?? null) !== null) {
    throw new ApiError(
      400,
      'FIELD_INTEGRITY_EXCEPTION',
      'A task that is related to a lead in Name cannot be related to another record: WhatId must be blank',
      ['WhatId'],
    )
  }
}
