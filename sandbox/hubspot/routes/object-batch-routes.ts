import { ApiError, invalid, notFound } from '../portal/api-error.ts'
import type { ObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import type { ObjectRef } from '../portal/store-change.ts'
import type { StoredRecord } from '../portal/stored-record.ts'
import {
  type ApiReply,
  type ApiRequest,
  type BatchInput,
  batchInputs,
  boolParam,
  NO_CONTENT,
  noSuchPath,
  textList,
} from '../wire/api-request.ts'
import { batchReply } from '../wire/batch-reply.ts'
import { recordWire, writtenWire } from '../wire/record-wire.ts'
import { associationInputs } from './association-routes.ts'

export function batchRoute(portal: Portal, type: ObjectType, verb: string, request: ApiRequest): ApiReply {
  switch (verb) {
    case 'read':
      return read(portal, type, request)
    case 'create':
      return create(portal, type, request)
    case 'update':
      return update(portal, type, request)
    case 'upsert':
      return upsert(portal, type, request)
    case 'archive':
      for (const { id } of batchInputs(request.body)) {
        portal.archive({ type: type.name, id: String(id) }, request.caller.actor)
      }
      return NO_CONTENT
    default:
      throw noSuchPath()
  }
}

function read(portal: Portal, type: ObjectType, { body, query }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const withHistory = textList(body.propertiesWithHistory)
  const inputs = batchInputs(body, withHistory.length > 0 ? portal.settings.historyBatchMax : undefined)
  const wanted = { properties: textList(body.properties), propertiesWithHistory: withHistory }
  const archived = boolParam(query, 'archived')
  const idProperty = typeof body.idProperty === 'string' ? body.idProperty : null
  const missing: string[] = []
  const results: unknown[] = []
  for (const id of new Set(inputs.map((input) => String(input.id)))) {
    const record =
      idProperty === null
        ? (portal.read({ type: type.name, id }, archived) ?? resolvedMerge(portal, { type: type.name, id }))
        : portal.findByUnique(type.name, idProperty, id)
    if (record === undefined) missing.push(id)
    else results.push(recordWire(portal, record, wanted))
  }
  const error = notFound('Could not get some objects, they may be deleted or not exist. Check that ids are valid.')
  return batchReply(200, startedAtMs, results, missing.length === 0 ? [] : [error.asBatchError({ ids: missing })])
}

/** Where merged-away ids resolve, a read returns the survivor under its own id. */
export function resolvedMerge(portal: Portal, ref: ObjectRef): StoredRecord | undefined {
  return portal.settings.mergedIdResolves ? portal.survivorOf(ref) : undefined
}

function create(portal: Portal, type: ObjectType, { body, caller }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const inputs = batchInputs(body)
  const perInput = canReportPerInput(inputs)
  // Without trace ids HubSpot cannot name the failed input, so one bad input refuses the whole batch.
  if (!perInput) {
    for (const input of inputs) {
      portal.check(type.name, input.properties, null)
      associationInputs(portal, type.name, input.associations)
    }
  }
  return each(inputs, 201, startedAtMs, perInput, (input) => {
    const links = associationInputs(portal, type.name, input.associations)
    const record = portal.create(type.name, input.properties, caller.actor)
    for (const { to, typeIds } of links) portal.associate({ type: type.name, id: record.id }, to, typeIds, caller.actor)
    return writtenWire(portal, record)
  })
}

function update(portal: Portal, type: ObjectType, { body, caller }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const inputs = batchInputs(body)
  refuseDuplicateIds(inputs)
  const perInput = canReportPerInput(inputs)
  const missing: string[] = []
  const recordOf = new Map<BatchInput, StoredRecord>()
  for (const input of inputs) {
    const id = String(input.id)
    const idProperty = typeof input.idProperty === 'string' ? input.idProperty : 'hs_object_id'
    const record = portal.findByUnique(type.name, idProperty, id)
    if (record === undefined) missing.push(id)
    else recordOf.set(input, record)
  }
  if (!perInput) {
    if (missing.length > 0) throw invalid(`Some objects do not exist or are deleted: [${missing.join(', ')}]`)
    for (const [input, record] of recordOf) portal.check(type.name, input.properties, record.id)
  }
  const reply = each([...recordOf.keys()], 200, startedAtMs, perInput, (input) => {
    const ref = { type: type.name, id: recordOf.get(input)!.id }
    return writtenWire(portal, portal.update(ref, input.properties, caller.actor))
  })
  if (missing.length === 0) return reply
  const { results, errors = [] } = reply.json as { results: unknown[]; errors?: unknown[] }
  const error = notFound('Could not update some objects, they may be deleted or not exist. Check that ids are valid.')
  return batchReply(200, startedAtMs, results, [...errors, error.asBatchError({ ids: missing })])
}

/** Updates each input's record, found by a unique value, or creates it. `new` tells which. */
function upsert(portal: Portal, type: ObjectType, { body, caller }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const inputs = batchInputs(body)
  refuseDuplicateIds(inputs)
  for (const { id, idProperty } of inputs) {
    if (typeof idProperty !== 'string' || !portal.uniqueProperties(type.name).includes(idProperty)) {
      throw invalid(`"${String(idProperty)}" is not a unique property of ${type.name}`)
    }
    if (id === undefined || id === null || id === '') throw invalid('Some required fields were not set: [id]')
  }
  // By e-mail it is all or nothing; by a custom unique property each input succeeds or fails alone.
  const perInput = inputs.every((input) => input.idProperty !== 'email') && canReportPerInput(inputs)
  if (!perInput) {
    for (const input of inputs) {
      const existing = portal.findByUnique(type.name, String(input.idProperty), String(input.id))
      portal.check(type.name, withId(input), existing?.id ?? null)
    }
  }
  return each(inputs, 200, startedAtMs, perInput, (input) => {
    const existing = portal.findByUnique(type.name, String(input.idProperty), String(input.id))
    const properties = withId(input)
    const record =
      existing === undefined
        ? portal.create(type.name, properties, caller.actor)
        : portal.update({ type: type.name, id: existing.id }, properties, caller.actor)
    return { ...writtenWire(portal, record), new: existing === undefined }
  })
}

function withId(input: BatchInput): Record<string, unknown> {
  const properties = typeof input.properties === 'object' && input.properties !== null ? input.properties : {}
  return { [String(input.idProperty)]: input.id, ...properties }
}

function canReportPerInput(inputs: readonly BatchInput[]): boolean {
  const traces = inputs.map((input) => input.objectWriteTraceId).filter((trace) => typeof trace === 'string')
  return traces.length === inputs.length && new Set(traces).size === inputs.length
}

function refuseDuplicateIds(inputs: readonly BatchInput[]): void {
  const ids = inputs.map((input) => String(input.id))
  const duplicates = ids.filter((id, at) => ids.indexOf(id) !== at)
  if (duplicates.length > 0) throw invalid(`Duplicate IDs found in batch input: [${duplicates}]. IDs must be unique`)
}

function each(
  inputs: readonly BatchInput[],
  fullStatus: 200 | 201,
  startedAtMs: number,
  perInput: boolean,
  run: (input: BatchInput) => Record<string, unknown>,
): ApiReply {
  const results: unknown[] = []
  const errors: unknown[] = []
  for (const input of inputs) {
    const trace = typeof input.objectWriteTraceId === 'string' ? { objectWriteTraceId: input.objectWriteTraceId } : {}
    try {
      results.push({ ...run(input), ...trace })
    } catch (error) {
      if (!(error instanceof ApiError) || !perInput) throw error
      errors.push(error.asBatchError({ objectWriteTraceId: [String(input.objectWriteTraceId)] }))
    }
  }
  return batchReply(fullStatus, startedAtMs, results, errors)
}
