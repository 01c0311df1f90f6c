import { notFound } from '../portal/api-error.ts'
import type { ObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import type { StoredRecord } from '../portal/stored-record.ts'
import {
  type ApiReply,
  type ApiRequest,
  afterParam,
  boolParam,
  limitParam,
  listParam,
  methodNotAllowed,
  NO_CONTENT,
  noSuchPath,
  ok,
  typeOf,
} from '../wire/api-request.ts'
import { recordWire, type Wanted, writtenWire } from '../wire/record-wire.ts'
import { associationInputs, recordAssociations } from './association-routes.ts'
import { batchRoute, resolvedMerge } from './object-batch-routes.ts'
import { searchRoute } from './search-route.ts'

const LIST_MAX = 100
/** HubSpot lists fewer records per page when they come with their history. */
const LIST_WITH_HISTORY_MAX = 50

/** `/crm/v3/objects/...`, `/crm/v4/objects/...` and `/crm/objects/{version}/...`. */
export function objectRoute(portal: Portal, request: ApiRequest): ApiReply {
  const [typeName, second, third] = request.rest
  const type = typeOf(typeName)
  const isPost = request.method === 'POST'
  if (second === undefined) {
    if (request.method === 'GET') return list(portal, type, request)
    if (isPost) return create(portal, type, request)
    throw methodNotAllowed()
  }
  if (third === 'associations') return recordAssociations(portal, request)
  if (third !== undefined && second === 'batch') {
    if (!isPost) throw methodNotAllowed()
    return batchRoute(portal, type, third, request)
  }
  if (third !== undefined) throw noSuchPath()
  if (isPost && second === 'search') return searchRoute(portal, type, request)
  if (isPost && second === 'merge') return merge(portal, type, request)
  if (isPost && second === 'gdpr-delete' && type.name === 'contacts') return gdprDelete(portal, request)
  switch (request.method) {
    case 'GET':
      return getOne(portal, type, second, request)
    case 'PATCH': {
      const record = findOne(portal, type, second, request.query, false)
      const { properties } = request.body
      return ok(
        writtenWire(portal, portal.update({ type: type.name, id: record.id }, properties, request.caller.actor)),
      )
    }
    case 'DELETE':
      portal.archive({ type: type.name, id: second }, request.caller.actor)
      return NO_CONTENT
    default:
      throw methodNotAllowed()
  }
}

function wantedOf(query: URLSearchParams): Wanted {
  return {
    properties: listParam(query, 'properties'),
    propertiesWithHistory: listParam(query, 'propertiesWithHistory'),
    associations: listParam(query, 'associations').map((name) => typeOf(name).name),
  }
}

function findOne(
  portal: Portal,
  type: ObjectType,
  id: string,
  query: URLSearchParams,
  archived: boolean,
): StoredRecord {
  const idProperty = query.get('idProperty')
  const record =
    idProperty === null ? portal.get({ type: type.name, id }, archived) : portal.findByUnique(type.name, idProperty, id)
  if (record === undefined) throw notFound('resource not found')
  return record
}

function getOne(portal: Portal, type: ObjectType, id: string, { query }: ApiRequest): ApiReply {
  const archived = boolParam(query, 'archived')
  const merged = query.get('idProperty') === null ? resolvedMerge(portal, { type: type.name, id }) : undefined
  const found = merged ?? findOne(portal, type, id, query, archived)
  const record = portal.read({ type: type.name, id: found.id }, archived)
  if (record === undefined) throw notFound('resource not found')
  return ok(recordWire(portal, record, wantedOf(query)))
}

function list(portal: Portal, type: ObjectType, { query }: ApiRequest): ApiReply {
  const wanted = wantedOf(query)
  const max = wanted.propertiesWithHistory?.length ? LIST_WITH_HISTORY_MAX : LIST_MAX
  const limit = limitParam(query, { fallback: 10, max })
  const archived = boolParam(query, 'archived')
  const { records, next } = portal.page(type.name, { archived, from: afterParam(query.get('after')), limit })
  return ok({
    results: records.map((record) => recordWire(portal, record, wanted)),
    ...(next === null ? {} : { paging: { next: { after: String(next), link: `?after=${next}` } } }),
  })
}

function create(portal: Portal, type: ObjectType, { body, caller }: ApiRequest): ApiReply {
  const links = associationInputs(portal, type.name, body.associations)
  const record = portal.create(type.name, body.properties, caller.actor)
  for (const { to, typeIds } of links) portal.associate({ type: type.name, id: record.id }, to, typeIds, caller.actor)
  return { status: 201, json: writtenWire(portal, record) }
}

function merge(portal: Portal, type: ObjectType, { body, caller }: ApiRequest): ApiReply {
  const primary = String(body.primaryObjectId)
  const other = String(body.objectIdToMerge)
  return ok(writtenWire(portal, portal.merge(type.name, primary, other, caller.actor)))
}

function gdprDelete(portal: Portal, { body, caller }: ApiRequest): ApiReply {
  const id = String(body.objectId)
  const idProperty = typeof body.idProperty === 'string' ? body.idProperty : 'hs_object_id'
  const record = portal.findByUnique('contacts', idProperty, id) ?? portal.get({ type: 'contacts', id }, true)
  if (record !== undefined) portal.erase({ type: 'contacts', id: record.id }, caller.actor)
  return NO_CONTENT
}
