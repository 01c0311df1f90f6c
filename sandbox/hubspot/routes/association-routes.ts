import { type ErrorDetail, invalid, notFound } from '../portal/api-error.ts'
import { labelsBetween } from '../portal/association-book.ts'
import { plainTypeId } from '../portal/association-writes.ts'
import { type ObjectTypeName, objectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import type { ObjectRef } from '../portal/store-change.ts'
import {
  type ApiReply,
  type ApiRequest,
  afterParam,
  type BatchInput,
  batchInputs,
  limitParam,
  methodNotAllowed,
  NO_CONTENT,
  noSuchPath,
  ok,
  typeOf,
} from '../wire/api-request.ts'
import { batchReply } from '../wire/batch-reply.ts'

const READ_INPUTS_MAX = 1_000
const CREATE_INPUTS_MAX = 2_000
const ARCHIVE_INPUTS_MAX = 100
const PAGE_MAX = 500

type AssociationInput = { readonly to: ObjectRef; readonly typeIds: readonly number[] }

/** The associations of a create request. They name existing records; the type id determines the other object. */
export function associationInputs(portal: Portal, from: ObjectTypeName, given: unknown): AssociationInput[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) throw invalid('Invalid input JSON: associations must be a list')
  return given.map((entry) => {
    const typeIds: number[] = (Array.isArray(entry?.types) ? entry.types : []).map(
      (type: { associationTypeId?: unknown }) => Number(type?.associationTypeId),
    )
    const id = String(entry?.to?.id)
    const target = (['contacts', 'companies', 'deals', 'tasks'] as const).find(
      (to) => typeIds.length > 0 && typeIds.every((typeId) => isTypeBetween(from, to, typeId)),
    )
    if (target === undefined) throw invalid(`No association type [${typeIds}] from ${from}`)
    if (portal.get({ type: target, id }) === undefined) {
      const detail: ErrorDetail = {
        message: `${objectType(target).singular} ${id} does not exist`,
        code: 'INVALID_OBJECT_ID',
        context: { id: [id] },
      }
      throw invalid(`Cannot associate with ${target} ${id}: it does not exist`, [detail])
    }
    return { to: { type: target, id }, typeIds }
  })
}

/** `/{type}/{id}/associations/...`, `/{type}/{id}/associations/default/...` */
export function recordAssociations(portal: Portal, request: ApiRequest): ApiReply {
  const [fromName, fromId, , ...tail] = request.rest
  const from: ObjectRef = { type: typeOf(fromName).name, id: fromId! }
  const byDefault = tail[0] === 'default'
  const [toName, toId, ...extra] = byDefault ? tail.slice(1) : tail
  const toType = typeOf(toName).name
  if (extra.length > 0) throw noSuchPath()
  if (toId === undefined) {
    if (request.method !== 'GET') throw methodNotAllowed()
    return page(portal, from, toType, request)
  }
  const to: ObjectRef = { type: toType, id: toId }
  switch (request.method) {
    case 'PUT': {
      if (byDefault) return putDefault(portal, from, to, request)
      const typeIds = typeIdsOf(from.type, toType, request.body.items ?? request.body)
      portal.associate(from, to, typeIds, request.caller.actor)
      return { status: 201, json: labelsPair(from, to, typeIds) }
    }
    case 'DELETE':
      if (byDefault) throw methodNotAllowed()
      portal.dissociate(from, to, request.caller.actor)
      return NO_CONTENT
    default:
      throw methodNotAllowed()
  }
}

/** `/crm/v4/associations/{from}/{to}/...` and `/crm/associations/{version}/{from}/{to}/...` */
export function associationRoute(portal: Portal, request: ApiRequest): ApiReply {
  const [fromName, toName, ...tail] = request.rest
  const from = typeOf(fromName).name
  const to = typeOf(toName).name
  const verb = tail.join('/')
  if (verb === 'labels' && request.method === 'GET') return ok({ results: labelsBetween(from, to) })
  if (request.method !== 'POST') throw methodNotAllowed()
  switch (verb) {
    case 'batch/read':
      return batchRead(portal, from, to, request)
    case 'batch/create':
      return batchCreate(portal, from, to, request, (input) => typeIdsOf(from, to, input.types))
    case 'batch/associate/default':
      return batchCreate(portal, from, to, request, () => null)
    case 'batch/archive': {
      for (const input of batchInputs(request.body, ARCHIVE_INPUTS_MAX)) {
        for (const target of Array.isArray(input.to) ? input.to : []) {
          portal.dissociate({ type: from, id: idOf(input.from) }, { type: to, id: idOf(target) }, request.caller.actor)
        }
      }
      // The only status that differs between the versions.
      return request.version === 'numbered' ? NO_CONTENT : ok({ status: 'COMPLETE', results: [] })
    }
    case 'batch/labels/archive': {
      for (const input of batchInputs(request.body, ARCHIVE_INPUTS_MAX)) {
        for (const typeId of typeIdsOf(from, to, input.types)) {
          const fromRef = { type: from, id: idOf(input.from) }
          portal.associations.removeType(fromRef, { type: to, id: idOf(input.to) }, typeId)
        }
      }
      return NO_CONTENT
    }
    default:
      throw noSuchPath()
  }
}

function isTypeBetween(from: ObjectTypeName, to: ObjectTypeName, typeId: number): boolean {
  return labelsBetween(from, to).some((label) => label.typeId === typeId)
}

function typeIdsOf(from: ObjectTypeName, to: ObjectTypeName, given: unknown): number[] {
  const types = Array.isArray(given) ? given : []
  const typeIds = types.map((type) => Number(type?.associationTypeId))
  const unknown = typeIds.find((typeId) => !isTypeBetween(from, to, typeId))
  if (typeIds.length === 0 || unknown !== undefined) {
    throw invalid(`Invalid association type between ${from} and ${to}: ${unknown ?? 'none given'}`)
  }
  return typeIds
}

function idOf(value: unknown): string {
  return String((value as { id?: unknown } | null | undefined)?.id)
}

function page(portal: Portal, from: ObjectRef, to: ObjectTypeName, { query }: ApiRequest): ApiReply {
  portal.must(from)
  const limit = limitParam(query, { fallback: PAGE_MAX, max: PAGE_MAX })
  const start = afterParam(query.get('after'))
  const results = linksWire(portal, from, to)
  const end = start + limit
  return ok({
    results: results.slice(start, end),
    ...(end < results.length ? { paging: { next: { after: String(end), link: `?after=${end}` } } } : {}),
  })
}

/** `toObjectId` is a number in most captured replies, although the specification says text. */
function linksWire(portal: Portal, from: ObjectRef, to: ObjectTypeName): Record<string, unknown>[] {
  const labels = labelsBetween(from.type, to)
  return [...portal.associations.of(from, to)]
    .filter(([id]) => portal.get({ type: to, id }) !== undefined)
    .map(([id, typeIds]) => ({
      toObjectId: Number(id),
      associationTypes: labels.filter((label) => typeIds.has(label.typeId)),
    }))
}

function putDefault(portal: Portal, from: ObjectRef, to: ObjectRef, { caller }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const typeId = plainTypeId(from.type, to.type)
  if (typeId === undefined) throw invalid(`No association type between ${from.type} and ${to.type}`)
  portal.associate(from, to, [typeId], caller.actor)
  return batchReply(200, startedAtMs, [defaultWire(from, to, typeId)], [])
}

function defaultWire(from: ObjectRef, to: ObjectRef, typeId: number): Record<string, unknown> {
  return {
    from: { id: from.id },
    to: { id: to.id },
    associationSpec: { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: typeId },
  }
}

function labelsPair(from: ObjectRef, to: ObjectRef, typeIds: readonly number[]): Record<string, unknown> {
  const labels = labelsBetween(from.type, to.type).filter(({ typeId }) => typeIds.includes(typeId))
  return {
    fromObjectTypeId: objectType(from.type).typeId,
    fromObjectId: Number(from.id),
    toObjectTypeId: objectType(to.type).typeId,
    toObjectId: Number(to.id),
    labels: labels.flatMap(({ label }) => (label === null ? [] : [label])),
  }
}

function batchRead(portal: Portal, from: ObjectTypeName, to: ObjectTypeName, { body }: ApiRequest): ApiReply {
  const startedAtMs = portal.now()
  const results: unknown[] = []
  const errors: unknown[] = []
  for (const { id } of batchInputs(body, READ_INPUTS_MAX)) {
    const links = linksWire(portal, { type: from, id: String(id) }, to)
    if (links.length > 0) results.push({ from: { id: String(id) }, to: links })
    else {
      // HubSpot reports a record without associations as an "error" of a multi-status answer, not as an empty result.
      const error = notFound(`No ${to} is associated with ${from} ${String(id)}.`)
      errors.push({
        ...error.asBatchError({ fromObjectId: [String(id)] }),
        subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
      })
    }
  }
  return batchReply(200, startedAtMs, results, errors)
}

function batchCreate(
  portal: Portal,
  from: ObjectTypeName,
  to: ObjectTypeName,
  { body, caller }: ApiRequest,
  typesOf: (input: BatchInput) => number[] | null,
): ApiReply {
  const startedAtMs = portal.now()
  const results: unknown[] = []
  const errors: unknown[] = []
  let byDefault = false
  for (const input of batchInputs(body, CREATE_INPUTS_MAX)) {
    const fromRef: ObjectRef = { type: from, id: idOf(input.from) }
    const toRef: ObjectRef = { type: to, id: idOf(input.to) }
    const given = typesOf(input)
    byDefault = given === null
    const plain = plainTypeId(from, to)
    const typeIds = given ?? (plain === undefined ? [] : [plain])
    if (portal.get(fromRef) === undefined || portal.get(toRef) === undefined) {
      const error = notFound(`One of ${from} ${fromRef.id} and ${to} ${toRef.id} does not exist`)
      errors.push(error.asBatchError({ fromObjectId: [fromRef.id], toObjectId: [toRef.id] }))
      continue
    }
    portal.associate(fromRef, toRef, typeIds, caller.actor)
    results.push(given === null ? defaultWire(fromRef, toRef, typeIds[0]!) : labelsPair(fromRef, toRef, typeIds))
  }
  return batchReply(byDefault ? 200 : 201, startedAtMs, results, errors)
}
