import { ApiError } from '../org/api-error.ts'
import { parseDateTime } from '../org/field-value.ts'
import type { ObjectDefinition } from '../org/object-definition.ts'
import { isForgotten, type Org, objectOf, objectOfId } from '../org/org.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { compileCondition, type Predicate } from './soql-condition.ts'
import { parseSoql } from './soql-parser.ts'
import { type FieldPath, follow, jsonAt, noSuchColumn, resolvePath, valueAt } from './soql-path.ts'
import { type Condition, malformed, type SelectItem, type SoqlQuery } from './soql-syntax.ts'

const OFFSET_MAX = 2_000 // SOQL reference
const FIELDS_ALL_MAX = 200 // rows that FIELDS(ALL) may return

/** A query that ran: its rows are made into JSON page by page, from the records as they were when it ran. */
export type QueryResult = {
  readonly totalSize: number
  readonly rowCount: number
  page(from: number, to: number, version: string): object[]
  /** Aggregate results cannot be paged. */
  readonly aggregate: boolean
}

export function runSoql(org: Org, soql: string, options: { readonly all: boolean }): QueryResult {
  return runQuery(org, parseSoql(soql), options)
}

function runQuery(org: Org, query: SoqlQuery, options: { readonly all: boolean }): QueryResult {
  const object = fromObject(org, query.from)
  if (query.offset > OFFSET_MAX) {
    throw new ApiError(400, 'NUMBER_OUTSIDE_VALID_RANGE', `Maximum SOQL offset allowed is ${OFFSET_MAX}`)
  }
  const select = expandFields(query, object)
  const aggregates = select.filter((item) => item.kind === 'aggregate')
  const countOnly = select.length === 1 && aggregates[0]?.path === null && query.groupBy.length === 0
  const inOrder = isOldestFirst(object, query) && aggregates.length === 0 && query.groupBy.length === 0
  const found = inOrder ? firstModified(org, object, query, options) : findRows(org, object, query, options)
  if (countOnly) return { totalSize: found.length, rowCount: 0, aggregate: true, page: () => [] }
  if (aggregates.length > 0 || query.groupBy.length > 0) return aggregateRows(org, object, query, select, found)
  const columns = select.map((item) => resolvePath(org, object, (item as SelectItem & { kind: 'field' }).path))
  const rows = limitRows(inOrder ? found : sortRows(org, object, query, found), query)
  return {
    totalSize: rows.length,
    rowCount: rows.length,
    aggregate: false,
    page: (from, to, version) => rows.slice(from, to).map((row) => toJson(org, object, row, columns, version)),
  }
}

function fromObject(org: Org, name: string): ObjectDefinition {
  const object = objectOf(org, name)
  if (object) return object
  throw new ApiError(
    400,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

function expandFields(query: SoqlQuery, object: ObjectDefinition): SelectItem[] {
  const items: SelectItem[] = []
  for (const item of query.select) {
    if (item.kind !== 'allFields') {
      items.push(item)
      continue
    }
    if (item.which !== 'STANDARD' && (query.limit === null || query.limit > FIELDS_ALL_MAX)) {
      throw malformed(`The SOQL FIELDS function must have a LIMIT of at most ${FIELDS_ALL_MAX}`)
    }
    for (const field of object.fields.values()) {
      const custom = field.name.endsWith('__c')
      if (item.which === 'ALL' || custom === (item.which === 'CUSTOM')) {
        items.push({ kind: 'field', path: field.name, alias: null })
      }
    }
  }
  const names = items.flatMap((item) => (item.kind === 'field' ? [item.path.toLowerCase()] : []))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice) throw new ApiError(400, 'INVALID_FIELD', `duplicate field selected: ${twice}`)
  return items
}

function findRows(org: Org, object: ObjectDefinition, query: SoqlQuery, options: { all: boolean }): StoredRecord[] {
  const subSelect = (inner: SoqlQuery): Set<FieldValue> => columnOf(org, inner, options)
  const matches: Predicate = query.where ? compileCondition(org, object, query.where, subSelect) : () => true
  const all = options.all || query.allRows
  const rows: StoredRecord[] = []
  for (const record of candidates(org, object, query.where)) {
    if (!all && (record.IsDeleted === true || record.IsArchived === true)) continue
    if (isForgotten(org, object, record)) continue
    if (matches(record)) rows.push(record)
  }
  return rows
}

/** `ORDER BY SystemModstamp, Id LIMIT n`: how a synchronising client walks a table. */
function isOldestFirst(object: ObjectDefinition, { orderBy, limit }: SoqlQuery): boolean {
  if (limit === null || orderBy.length !== 2 || !object.fields.has('SystemModstamp')) return false
  const [first, second] = orderBy as [SoqlQuery['orderBy'][number], SoqlQuery['orderBy'][number]]
  const plain = orderBy.every(({ descending, nullsLast }) => !descending && !nullsLast)
  return plain && first.path.toLowerCase() === 'systemmodstamp' && second.path.toLowerCase() === 'id'
}

/** Walks the table in the order that is asked for, from where its condition lets it begin to where the page is full. */
function firstModified(
  org: Org,
  object: ObjectDefinition,
  query: SoqlQuery,
  options: { all: boolean },
): StoredRecord[] {
  const subSelect = (inner: SoqlQuery): Set<FieldValue> => columnOf(org, inner, options)
  const matches: Predicate = query.where ? compileCondition(org, object, query.where, subSelect) : () => true
  const all = options.all || query.allRows
  const rows: StoredRecord[] = []
  const enough = query.offset + query.limit!
  for (const record of org.store.modifiedSince(object.name, query.where ? modifiedFrom(query.where) : 0)) {
    if (rows.length >= enough) break
    if (!all && (record.IsDeleted === true || record.IsArchived === true)) continue
    if (isForgotten(org, object, record)) continue
    if (matches(record)) rows.push(record)
  }
  return rows
}

/** Epoch milliseconds before which no SystemModstamp can fit the condition; 0: it may be any. */
function modifiedFrom(where: Condition): number {
  if (where.kind === 'and') return Math.max(...where.parts.map(modifiedFrom))
  if (where.kind === 'or') return Math.min(...where.parts.map(modifiedFrom))
  if (where.kind !== 'compare' || where.path.toLowerCase() !== 'systemmodstamp') return 0
  const isBound = where.op === '=' || where.op === '>' || where.op === '>='
  return isBound && where.value.kind === 'datetime' ? (parseDateTime(where.value.text) ?? 0) : 0
}

/** Reads by id instead of scanning when the condition names the ids: most calls of a synchronising client. */
function candidates(org: Org, object: ObjectDefinition, where: Condition | null): Iterable<StoredRecord> {
  const ids = where ? idsNamed(where) : null
  if (ids === null) return org.store.table(object.name).values()
  const rows: StoredRecord[] = []
  for (const id of new Set(ids)) {
    const record = org.store.get(object.name, id)
    if (record) rows.push(record)
  }
  return rows
}

function idsNamed(where: Condition): string[] | null {
  if (where.kind === 'and') {
    for (const part of where.parts) {
      const ids = idsNamed(part)
      if (ids !== null) return ids
    }
    return null
  }
  const values =
    where.kind === 'compare' && where.op === '='
      ? [where.value]
      : where.kind === 'in' && !where.negated
        ? where.values
        : null
  if (!values || (where.kind !== 'compare' && where.kind !== 'in') || where.path.toLowerCase() !== 'id') return null
  // Fifteen-character ids take the slow way, which also refuses what is no id at all.
  return values.every((value) => value.kind === 'string' && value.text.length === 18)
    ? values.map((value) => (value as { text: string }).text)
    : null
}

function columnOf(org: Org, query: SoqlQuery, options: { readonly all: boolean }): Set<FieldValue> {
  const object = fromObject(org, query.from)
  const [item] = query.select
  if (query.select.length !== 1 || item?.kind !== 'field') throw malformed('A sub-select must select exactly one field')
  const path = resolvePath(org, object, item.path)
  return new Set(limitRows(findRows(org, object, query, options), query).map((row) => valueAt(org, row, path)))
}

function sortRows(org: Org, object: ObjectDefinition, query: SoqlQuery, rows: StoredRecord[]): StoredRecord[] {
  if (query.orderBy.length === 0) return rows
  const keys = query.orderBy.map((order) => ({ ...order, path: resolvePath(org, object, order.path) }))
  for (const { path } of keys) {
    if (path.field?.type === 'textarea' && path.field.length > 255) {
      throw new ApiError(400, 'INVALID_FIELD', `field '${path.fieldName}' can not be sorted in a query call`)
    }
  }
  // Ids differ by case alone: in one order with what `Id > '...'` compares, or a page would step over some.
  const isId = (path: FieldPath): boolean => path.field?.type === 'id' || path.field?.type === 'reference'
  const fold = (value: FieldValue, path: FieldPath): FieldValue =>
    typeof value === 'string' && !isId(path) ? value.toLowerCase() : value
  const withKeys = rows.map((row) => ({ row, values: keys.map(({ path }) => fold(valueAt(org, row, path), path)) }))
  withKeys.sort((a, b) => {
    for (let i = 0; i < keys.length; i++) {
      const left = a.values[i]!
      const right = b.values[i]!
      if (left === right) continue
      if (left === null || right === null) return (left === null) === keys[i]!.nullsLast ? 1 : -1
      return left < right === keys[i]!.descending ? 1 : -1
    }
    return 0
  })
  return withKeys.map(({ row }) => row)
}

function limitRows<Row>(rows: Row[], query: SoqlQuery): Row[] {
  if (query.limit === null && query.offset === 0) return rows
  return rows.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit)
}

function attributes(object: string, id: string, version: string): object {
  return { type: object, url: `/services/data/v${version}/sobjects/${object}/${id}` }
}

function toJson(
  org: Org,
  object: ObjectDefinition,
  row: StoredRecord,
  columns: readonly FieldPath[],
  version: string,
): object {
  const json: Record<string, unknown> = { attributes: attributes(object.name, row.Id, version) }
  for (const column of columns) {
    let at = json
    let reached = true
    for (let depth = 1; depth <= column.steps.length && reached; depth++) {
      const steps = column.steps.slice(0, depth)
      const name = steps.at(-1)!.relationshipName!
      const target = follow(org, row, steps)
      const kind = target && objectOfId(org, target.Id)
      if (!target || !kind) {
        at[name] = null
        reached = false
      } else {
        const type = steps.at(-1)!.referenceTo.length > 1 ? 'Name' : kind.name
        at[name] ??= { attributes: { ...attributes(kind.name, target.Id, version), type } }
        at = at[name] as Record<string, unknown>
      }
    }
    if (reached) at[column.fieldName] = jsonAt(org, object, row, column)
  }
  return json
}

function aggregateRows(
  org: Org,
  object: ObjectDefinition,
  query: SoqlQuery,
  select: readonly SelectItem[],
  rows: readonly StoredRecord[],
): QueryResult {
  const groupPaths = query.groupBy.map((path) => resolvePath(org, object, path))
  const grouped = new Map<string, StoredRecord[]>()
  for (const row of rows) {
    const key = JSON.stringify(groupPaths.map((path) => valueAt(org, row, path)))
    const group = grouped.get(key)
    if (group) group.push(row)
    else grouped.set(key, [row])
  }
  if (groupPaths.length === 0 && grouped.size === 0) grouped.set('[]', [])
  const results = [...grouped.values()].map((group) => aggregateRow(org, object, query, select, group))
  const limited = limitRows(results, query)
  return {
    totalSize: limited.length,
    rowCount: limited.length,
    aggregate: true,
    page: (from, to) => limited.slice(from, to),
  }
}

function aggregateRow(
  org: Org,
  object: ObjectDefinition,
  query: SoqlQuery,
  select: readonly SelectItem[],
  group: readonly StoredRecord[],
): object {
  const json: Record<string, unknown> = { attributes: { type: 'AggregateResult' } }
  let unnamed = 0
  for (const item of select) {
    if (item.kind === 'allFields') continue
    if (item.kind === 'field') {
      if (!query.groupBy.some((path) => path.toLowerCase() === item.path.toLowerCase())) {
        throw malformed(`Field must be grouped or aggregated: ${item.path}`)
      }
      const path = resolvePath(org, object, item.path)
      json[item.alias ?? path.fieldName] = group[0] ? jsonAt(org, object, group[0], path) : null
      continue
    }
    const name = item.alias ?? `expr${unnamed++}`
    if (item.path === null) {
      json[name] = group.length
      continue
    }
    const path = resolvePath(org, object, item.path)
    if (!path.field) throw noSuchColumn(item.path, object.name)
    const values = group.map((row) => valueAt(org, row, path)).filter((value) => value !== null)
    json[name] = aggregate(org, object, item.fn, values, path, group)
  }
  return json
}

function aggregate(
  org: Org,
  object: ObjectDefinition,
  fn: string,
  values: readonly FieldValue[],
  path: FieldPath,
  group: readonly StoredRecord[],
): unknown {
  if (fn === 'COUNT') return values.length
  if (fn === 'COUNT_DISTINCT') return new Set(values).size
  if (values.length === 0) return null
  if (fn === 'SUM' || fn === 'AVG') {
    const sum = values.reduce<number>((total, value) => total + Number(value), 0)
    return fn === 'SUM' ? sum : sum / values.length
  }
  const better = (a: FieldValue, b: FieldValue): boolean => (fn === 'MIN' ? a! < b! : a! > b!)
  let best: FieldValue = values[0]!
  for (const value of values) if (better(value, best)) best = value
  const row = group.find((candidate) => valueAt(org, candidate, path) === best)
  return row ? jsonAt(org, object, row, path) : null
}
