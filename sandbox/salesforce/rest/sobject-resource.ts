import type { FieldDefinition, ObjectDefinition } from '../catalog/object-definition.ts'
import { addressOf } from '../org/address.ts'
import { ApiError, notFound } from '../org/api-error.ts'
import { createRecord, deleteRecord, liveRecord, updateRecord } from '../org/dml.ts'
import { readFieldValue, writeFieldValue } from '../org/field-value.ts'
import { isLive, type Org, objectOf } from '../org/org.ts'
import { normaliseId } from '../org/record-id.ts'
import type { StoredRecord } from '../org/record-store.ts'
import { noSuchColumn } from '../soql/soql-path.ts'
import { type ApiRequest, type ApiResponse, bodyObject, methodNotAllowed, writerOf } from '../wire/api-request.ts'
import { describeBrief, describeFull } from './describe.ts'
import { deletedRecords, updatedRecords } from './replication-resource.ts'

/** `/sobjects` and everything below it. */
export function sobjectResource(org: Org, request: ApiRequest): ApiResponse {
  const [, name, first, second] = request.path
  if (name === undefined) {
    requireGet(request)
    const sobjects = [...org.catalog.values()].map((object) => describeBrief(object, request.version))
    return { status: 200, body: { encoding: 'UTF-8', maxBatchSize: 200, sobjects } }
  }
  const object = objectOf(org, name)
  if (!object) throw notFound()
  if (first === undefined) return objectRoot(org, request, object)
  if (second === undefined) {
    if (first === 'describe') return { status: 200, body: describeFull(object, request.version) }
    if (first === 'updated') return { status: 200, body: updatedRecords(org, object, request.query) }
    if (first === 'deleted') return { status: 200, body: deletedRecords(org, object, request.query) }
    return oneRecord(org, request, object, recordId(object, first))
  }
  return byExternalId(org, request, object, first, second)
}

function requireGet(request: ApiRequest): void {
  if (request.method !== 'GET') throw methodNotAllowed(request)
}

function objectRoot(org: Org, request: ApiRequest, object: ObjectDefinition): ApiResponse {
  if (request.method === 'GET') {
    return { status: 200, body: { objectDescribe: describeBrief(object, request.version), recentItems: [] } }
  }
  if (request.method !== 'POST') throw methodNotAllowed(request)
  const id = createRecord(org, writerOf(org, request), object, bodyObject(request))
  const location = `/services/data/v${request.version}/sobjects/${object.name}/${id}`
  return { status: 201, body: { id, success: true, errors: [] }, headers: { location } }
}

export function recordId(object: ObjectDefinition, text: string): string {
  const id = normaliseId(text)
  if (id === null || !id.startsWith(object.keyPrefix)) {
    const message = `${object.label} ID: id value of incorrect type: ${text}`
    throw text.length === 15 || text.length === 18
      ? new ApiError(400, 'MALFORMED_ID', message, ['Id'])
      : new ApiError(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${text}`)
  }
  return id
}

function oneRecord(org: Org, request: ApiRequest, object: ObjectDefinition, id: string): ApiResponse {
  if (request.method === 'GET') {
    const record = liveRecord(org, object, id)
    return (
      conditionalRead(request, record) ?? {
        status: 200,
        body: recordJson(object, record, fieldList(request, object), request.version),
      }
    )
  }
  if (request.method !== 'PATCH' && request.method !== 'DELETE') throw methodNotAllowed(request)
  checkUnmodified(org, request, object, id)
  if (request.method === 'PATCH') updateRecord(org, writerOf(org, request), object, id, bodyObject(request))
  else deleteRecord(org, writerOf(org, request), object, id)
  return { status: 204 }
}

function conditionalRead(request: ApiRequest, record: StoredRecord): ApiResponse | null {
  const since = Date.parse(request.headers['if-modified-since'] ?? '')
  return Number(record.LastModifiedDate) <= since ? { status: 304 } : null
}

/** `If-Unmodified-Since`: the optimistic lock of a record write. */
function checkUnmodified(org: Org, request: ApiRequest, object: ObjectDefinition, id: string): void {
  const since = Date.parse(request.headers['if-unmodified-since'] ?? '')
  const record = org.store.get(object.name, id)
  if (!record || !(Number(record.LastModifiedDate) > since)) return
  throw new ApiError(412, 'PRECONDITION_FAILED', 'The record was modified since the given time')
}

function fieldList(request: ApiRequest, object: ObjectDefinition): FieldDefinition[] | null {
  const names = request.query.get('fields')
  return names === null ? null : names.split(',').map((name) => fieldNamed(object, name.trim()))
}

export function fieldNamed(object: ObjectDefinition, name: string): FieldDefinition {
  const field = object.fieldByLowerName.get(name.toLowerCase())
  if (!field) throw noSuchColumn(name, object.name)
  return field
}

export function recordJson(
  object: ObjectDefinition,
  record: StoredRecord,
  fields: readonly FieldDefinition[] | null,
  version: string,
): object {
  const json: Record<string, unknown> = {
    attributes: { type: object.name, url: `/services/data/v${version}/sobjects/${object.name}/${record.Id}` },
  }
  // Unlike a query, a read without a field list returns every field.
  for (const field of fields ?? object.fields.values()) {
    json[field.name] =
      field.type === 'address' ? addressOf(object, record, field.name) : writeFieldValue(field, record[field.name])
  }
  if (fields) json.Id = record.Id
  return json
}

function byExternalId(
  org: Org,
  request: ApiRequest,
  object: ObjectDefinition,
  fieldName: string,
  value: string,
): ApiResponse {
  const field = externalIdField(object, fieldName)
  const found =
    field.type === 'id'
      ? (recordId(object, value) as string)
      : (findByExternalId(org, object, field, value)?.Id ?? null)
  if (request.method === 'PATCH') return upsert(org, request, object, field, value, found)
  if (found === null) throw notFound()
  return oneRecord(org, request, object, found)
}

export function externalIdField(object: ObjectDefinition, name: string): FieldDefinition {
  const field = object.fieldByLowerName.get(name.toLowerCase())
  if (!field || !(field.externalId || field.type === 'id')) {
    throw new ApiError(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`)
  }
  return field
}

export function findByExternalId(
  org: Org,
  object: ObjectDefinition,
  field: FieldDefinition,
  value: unknown,
): StoredRecord | undefined {
  const key = readFieldValue(field, value)
  if (key === null) return undefined
  org.store.trackUnique(object.name, field.name)
  const record = org.store.findUnique(object.name, field.name, String(key))
  return isLive(record) ? record : undefined
}

function upsert(
  org: Org,
  request: ApiRequest,
  object: ObjectDefinition,
  field: FieldDefinition,
  value: string,
  found: string | null,
): ApiResponse {
  const body = bodyObject(request)
  if (Object.keys(body).some((name) => name.toLowerCase() === field.name.toLowerCase())) {
    const message = `The ${field.name} field should not be specified in the sobject data.`
    throw new ApiError(400, 'INVALID_FIELD', message, [field.name])
  }
  if (found !== null) {
    updateRecord(org, writerOf(org, request), object, found, body)
    return { status: 200, body: { id: found, success: true, errors: [], created: false } }
  }
  const id = createRecord(org, writerOf(org, request), object, { ...body, [field.name]: value })
  return { status: 201, body: { id, success: true, errors: [], created: true } }
}
