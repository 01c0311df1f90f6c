import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError, noAccess } from '../org/api-error.ts'
import { createRecord, deleteRecord, updateRecord, type Writer } from '../org/dml.ts'
import { isLive, type Org, objectOf, objectOfId } from '../org/org.ts'
import { normaliseId } from '../org/record-id.ts'
import { type ApiRequest, type ApiResponse, bodyObject, methodNotAllowed, writerOf } from '../wire/api-request.ts'
import { externalIdField, fieldNamed, findByExternalId, recordJson } from './sobject-resource.ts'

const ROWS_MAX = 200
/** Runs of rows of one type, in the order of the call. */
const RUNS_MAX = 10

type Row = Readonly<Record<string, unknown>>

/** `/composite/sobjects`: up to 200 rows, HTTP 200 even when rows fail, one result per row in the order given. */
export function collectionsResource(org: Org, request: ApiRequest): ApiResponse {
  const [, , objectName, fieldName] = request.path
  if (objectName !== undefined) {
    const object = requireObject(org, objectName)
    if (fieldName !== undefined) return upsertRows(org, request, object, fieldName)
    return retrieveRows(org, request, object)
  }
  const writer = writerOf(org, request, true)
  if (request.method === 'DELETE') {
    const ids = (request.query.get('ids') ?? '').split(',').filter((id) => id !== '')
    checkCount(ids.length)
    const allOrNone = request.query.get('allOrNone') === 'true'
    return { status: 200, body: runRows(org, writer, ids, allOrNone, (id) => deleteRow(org, writer, id)) }
  }
  if (request.method !== 'POST' && request.method !== 'PATCH') throw methodNotAllowed(request)
  const { rows, allOrNone } = readRows(request)
  const seen = new Set<string>()
  const work = (row: Row): object => {
    const object = requireObject(org, typeOf(row))
    if (request.method === 'POST')
      return { id: createRecord(org, writer, object, withoutId(row)), success: true, errors: [] }
    const id = idOf(row)
    if (seen.has(id)) throw new ApiError(400, 'DUPLICATE_VALUE', `Duplicate id in list: ${id}`, ['Id'])
    seen.add(id)
    if (!org.store.get(object.name, id)) throw org.store.isHidden(id) ? noAccess() : unknownRow()
    updateRecord(org, writer, object, id, withoutId(row))
    return { id, success: true, errors: [] }
  }
  return { status: 200, body: runRows(org, writer, rows, allOrNone, work) }
}

function readRows(request: ApiRequest): { rows: Row[]; allOrNone: boolean } {
  const body = bodyObject(request)
  if (!Array.isArray(body.records)) throw new ApiError(400, 'INVALID_INPUT', 'records is a required field')
  checkCount(body.records.length)
  for (const row of body.records) {
    if (typeof row !== 'object' || row === null || typeOf(row as Row) === '') {
      throw new ApiError(400, 'INVALID_INPUT', 'Include an sObject type in the attributes of each record')
    }
  }
  const runs = (body.records as Row[]).filter((row, at, all) => at === 0 || typeOf(row) !== typeOf(all[at - 1]!)).length
  if (runs > RUNS_MAX) {
    const message = `Cannot have more than ${RUNS_MAX} chunks in a single operation. Please rearrange the data to reduce chunking.`
    throw new ApiError(400, 'LIMIT_EXCEEDED', message)
  }
  return { rows: body.records as Row[], allOrNone: body.allOrNone === true }
}

function checkCount(count: number): void {
  if (count === 0) throw new ApiError(400, 'REQUIRED_FIELD_MISSING', 'At least one record is required')
  if (count > ROWS_MAX) {
    const message = `record limit reached. cannot submit more than ${ROWS_MAX} records into this call`
    throw new ApiError(400, 'EXCEEDED_ID_LIMIT', message)
  }
}

function typeOf(row: Row): string {
  const attributes = row.attributes as { readonly type?: unknown } | undefined
  return typeof attributes?.type === 'string' ? attributes.type : ''
}

function idOf(row: Row): string {
  const raw = row.id ?? row.Id
  if (typeof raw !== 'string' || raw === '')
    throw new ApiError(400, 'MISSING_ARGUMENT', 'Id not specified in an update call')
  const id = normaliseId(raw)
  if (id === null) throw new ApiError(400, 'MALFORMED_ID', `Record ID: id value of incorrect type: ${raw}`, ['Id'])
  return id
}

function withoutId(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => name.toLowerCase() !== 'id' && name !== 'attributes'),
  )
}

function requireObject(org: Org, name: string): ObjectDefinition {
  const object = objectOf(org, name)
  if (!object) throw new ApiError(400, 'INVALID_TYPE', `sObject type '${name}' is not supported.`)
  return object
}

function unknownRow(): ApiError {
  return new ApiError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
}

function deleteRow(org: Org, writer: Writer, raw: string): object {
  const id = normaliseId(raw)
  if (id === null) throw new ApiError(400, 'MALFORMED_ID', `Record ID: id value of incorrect type: ${raw}`, ['Id'])
  const object = objectOfId(org, id)
  if (!object || !org.store.get(object.name, id)) throw org.store.isHidden(id) ? noAccess() : unknownRow()
  deleteRecord(org, writer, object, id)
  return { id, success: true, errors: [] }
}

class RolledBack extends Error {}

/** Writes all rows in one transaction. With allOrNone one bad row rolls back the good ones and marks them. */
function runRows<Item>(
  org: Org,
  writer: Writer,
  items: readonly Item[],
  allOrNone: boolean,
  work: (item: Item) => object,
): object[] {
  const results: { readonly ok: boolean; readonly row: object }[] = []
  try {
    org.store.transaction(writer, () => {
      for (const item of items) results.push(runRow(work, item))
      if (allOrNone && results.some((result) => !result.ok)) throw new RolledBack()
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
    const rolledBack = new ApiError(
      400,
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'Record rolled back because not all records were valid and the request was using AllOrNone header',
      [],
    )
    return results.map((result) => (result.ok ? { success: false, errors: [rolledBack.toRow()] } : result.row))
  }
  return results.map((result) => result.row)
}

function runRow<Item>(work: (item: Item) => object, item: Item): { ok: boolean; row: object } {
  try {
    return { ok: true, row: work(item) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { ok: false, row: { success: false, errors: [error.toRow()] } }
  }
}

function upsertRows(org: Org, request: ApiRequest, object: ObjectDefinition, fieldName: string): ApiResponse {
  if (request.method !== 'PATCH') throw methodNotAllowed(request)
  const field = externalIdField(object, fieldName)
  const writer = writerOf(org, request, true)
  const { rows, allOrNone } = readRows(request)
  const work = (row: Row): object => {
    const entry = Object.entries(row).find(([name]) => name.toLowerCase() === field.name.toLowerCase())
    const found =
      field.type === 'id'
        ? org.store.get(object.name, normaliseId(String(entry?.[1] ?? '')) ?? '')
        : findByExternalId(org, object, field, entry?.[1])
    if (isLive(found)) {
      const rest = Object.fromEntries(Object.entries(withoutId(row)).filter(([name]) => name !== entry?.[0]))
      updateRecord(org, writer, object, found.Id, rest)
      return { id: found.Id, success: true, errors: [], created: false }
    }
    if (field.type !== 'id' && (entry?.[1] ?? '') === '') {
      throw new ApiError(400, 'MISSING_ARGUMENT', `${field.name} not specified`, [])
    }
    return { id: createRecord(org, writer, object, withoutId(row)), success: true, errors: [], created: true }
  }
  return { status: 200, body: runRows(org, writer, rows, allOrNone, work) }
}

/** Records in the order of the requested ids, null for missing ones. */
function retrieveRows(org: Org, request: ApiRequest, object: ObjectDefinition): ApiResponse {
  const body = request.method === 'POST' ? bodyObject(request) : null
  const ids = (body ? body.ids : request.query.get('ids')?.split(',')) as unknown
  const fields = (body ? body.fields : request.query.get('fields')?.split(',')) as unknown
  if (!Array.isArray(ids) || !Array.isArray(fields))
    throw new ApiError(400, 'INVALID_INPUT', 'ids and fields are required')
  if (ids.length > 2_000)
    throw new ApiError(400, 'EXCEEDED_ID_LIMIT', 'cannot retrieve more than 2000 records in this call')
  const wanted = fields.map((name) => fieldNamed(object, String(name)))
  const rows = ids.map((raw) => {
    const record = org.store.get(object.name, normaliseId(String(raw)) ?? '')
    return isLive(record) ? recordJson(object, record, wanted, request.version) : null
  })
  return { status: 200, body: rows }
}
