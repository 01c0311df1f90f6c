import { invalid } from '../portal/api-error.ts'
import type { ObjectType } from '../portal/object-type.ts'
import type { Portal } from '../portal/portal.ts'
import { type CompiledFilter, compileFilter } from '../portal/search-filter.ts'
import { type RecordView, wireValue } from '../portal/stored-record.ts'
import { type ApiReply, type ApiRequest, afterParam, ok, textList } from '../wire/api-request.ts'
import { viewWire } from '../wire/record-wire.ts'

const BODY_CHARACTERS_MAX = 3_000
const PAGE_MAX = 200
const RESULTS_MAX = 10_000
const GROUPS_MAX = 5
const FILTERS_PER_GROUP_MAX = 6
const FILTERS_MAX = 18

/** The properties that a free-text query searches. */
const QUERY_PROPERTIES = [
  'email',
  'firstname',
  'lastname',
  'phone',
  'company',
  'name',
  'domain',
  'website',
  'dealname',
  'hs_task_subject',
]

export function searchRoute(portal: Portal, type: ObjectType, { body, bodyLength }: ApiRequest): ApiReply {
  if (bodyLength > BODY_CHARACTERS_MAX) {
    throw invalid(`The search request is ${bodyLength} characters long; at most ${BODY_CHARACTERS_MAX} are allowed`)
  }
  const limit = body.limit === undefined ? 10 : Number(body.limit)
  if (!Number.isInteger(limit) || limit < 0 || limit > PAGE_MAX)
    throw invalid(`limit must be between 0 and ${PAGE_MAX}`)
  const after = afterParam(body.after)
  if (after + limit > RESULTS_MAX) throw invalid(`Paging through more than ${RESULTS_MAX} results is not supported`)
  const groups = compileGroups(portal, type, body.filterGroups)
  const order = compileSort(portal, type, body.sorts)
  const since = modifiedSince(type, body.filterGroups)
  const inOrder = since !== null && isByModified(type, body.sorts)
  const query = typeof body.query === 'string' ? body.query.trim().toLowerCase() : ''

  const found: RecordView[] = []
  let total = 0
  for (const record of since === null ? portal.searchable(type.name) : portal.searchableSince(type.name, since)) {
    if (groups.length > 0 && !groups.some((group) => group.every((fits) => fits(record)))) continue
    if (query !== '' && !fitsQuery(record, query)) continue
    total += 1
    if (!inOrder || total <= after + limit) found.push(record)
  }
  if (!inOrder) found.sort(order)
  const results = found.slice(after, after + limit)
  const next = after + limit
  return ok({
    total,
    results: results.map((record) => viewWire(portal, record, textList(body.properties))),
    ...(next < total && limit > 0 ? { paging: { next: { after: String(next), link: `?after=${next}` } } } : {}),
  })
}

/** The filters' lower bound on the modification date, if any: the index then skips all older records. */
function modifiedSince(type: ObjectType, given: unknown): number | null {
  if (!Array.isArray(given) || given.length !== 1) return null
  const filters: unknown = given[0]?.filters
  if (!Array.isArray(filters)) return null
  for (const { propertyName, operator, value } of filters) {
    if (propertyName !== type.modifiedProperty || !['GT', 'GTE', 'EQ', 'BETWEEN'].includes(operator)) continue
    const atMs = /^-?\d+$/.test(String(value)) ? Number(value) : Date.parse(String(value))
    if (Number.isFinite(atMs)) return atMs
  }
  return null
}

function isByModified(type: ObjectType, given: unknown): boolean {
  const [sort] = Array.isArray(given) ? given : []
  return typeof sort === 'string'
    ? sort === type.modifiedProperty
    : sort?.propertyName === type.modifiedProperty && sort?.direction !== 'DESCENDING'
}

function compileGroups(portal: Portal, type: ObjectType, given: unknown): CompiledFilter[][] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) throw invalid('filterGroups must be a list')
  if (given.length > GROUPS_MAX) throw invalid(`At most ${GROUPS_MAX} filterGroups are allowed`)
  const lists = given.map((group) => (Array.isArray(group?.filters) ? group.filters : []) as unknown[])
  if (lists.some((filters) => filters.length > FILTERS_PER_GROUP_MAX)) {
    throw invalid(`At most ${FILTERS_PER_GROUP_MAX} filters are allowed in a group`)
  }
  if (lists.flat().length > FILTERS_MAX) throw invalid(`At most ${FILTERS_MAX} filters are allowed in all`)
  return lists.map((filters) => filters.map((filter) => compileFilter(portal, type.name, filter)))
}

/** At most one sort: a name, a name with a minus, or an object. Default: oldest first. */
function compileSort(portal: Portal, type: ObjectType, given: unknown): (a: RecordView, b: RecordView) => number {
  const sorts = Array.isArray(given) ? given : []
  if (sorts.length > 1) throw invalid('Only one sort is allowed')
  const [sort] = sorts
  const byId = (a: RecordView, b: RecordView): number => Number(a.id) - Number(b.id)
  if (sort === undefined) return byId
  const text = typeof sort === 'string' ? sort : String(sort?.propertyName)
  const descending = typeof sort === 'string' ? sort.startsWith('-') : sort?.direction === 'DESCENDING'
  const name = text.replace(/^-/, '')
  const property = portal.catalog.find(type.name, name)
  if (property === undefined) throw invalid(`There was a problem with the request: unknown property ${name}`)
  const sign = descending ? -1 : 1
  const { createdProperty, modifiedProperty } = type
  if (name === modifiedProperty) return (a, b) => sign * (a.updatedAtMs - b.updatedAtMs)
  if (name === createdProperty) return (a, b) => sign * (a.createdAtMs - b.createdAtMs)
  if (name === 'hs_object_id') return (a, b) => sign * byId(a, b)
  // HubSpot guarantees no order among equals.
  return (a, b) => {
    const left = wireValue(a, name)
    const right = wireValue(b, name)
    if (left === right) return 0
    if (left === undefined) return 1
    if (right === undefined) return -1
    if (property.type === 'number') return sign * (Number(left) - Number(right))
    return sign * (left < right ? -1 : 1)
  }
}

function fitsQuery(record: RecordView, query: string): boolean {
  return QUERY_PROPERTIES.some((name) => wireValue(record, name)?.toLowerCase().includes(query))
}
