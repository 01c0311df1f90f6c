import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError } from '../org/api-error.ts'
import { parseDateTime } from '../org/field-value.ts'
import { isForgotten, type Org, objectOf } from '../org/org.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { compileCondition, type Predicate } from './soql-condition.ts'
import { type FieldPath, resolvePath, valueAt } from './soql-path.ts'
import { type Condition, malformed, type SoqlQuery } from './soql-syntax.ts'

export function fromObject(org: Org, name: string): ObjectDefinition {
  const object = objectOf(org, name)
  if (object) return object
  throw new ApiError(
    400,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

export function findRows(
  org: Org,
  object: ObjectDefinition,
  query: SoqlQuery,
  options: { all: boolean },
): StoredRecord[] {
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

/** Reads by id instead of scanning when the condition names the ids, as most calls of a sync client do. */
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
  // A scan handles 15-character ids and refuses invalid ones.
  return values.every((value) => value.kind === 'string' && value.text.length === 18)
    ? values.map((value) => (value as { text: string }).text)
    : null
}

/** `ORDER BY SystemModstamp, Id LIMIT n`: how a sync client walks a table. */
export function isOldestFirst(object: ObjectDefinition, { orderBy, limit }: SoqlQuery): boolean {
  if (limit === null || orderBy.length !== 2 || !object.fields.has('SystemModstamp')) return false
  const [first, second] = orderBy as [SoqlQuery['orderBy'][number], SoqlQuery['orderBy'][number]]
  const plain = orderBy.every(({ descending, nullsLast }) => !descending && !nullsLast)
  return plain && first.path.toLowerCase() === 'systemmodstamp' && second.path.toLowerCase() === 'id'
}

/** Walks the table in that order, from the condition's lower bound until the page is full. */
export function firstModified(
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

/** The condition's lower bound on SystemModstamp, in epoch milliseconds; 0: it has none. */
function modifiedFrom(where: Condition): number {
  if (where.kind === 'and') return Math.max(...where.parts.map(modifiedFrom))
  if (where.kind === 'or') return Math.min(...where.parts.map(modifiedFrom))
  if (where.kind !== 'compare' || where.path.toLowerCase() !== 'systemmodstamp') return 0
  const isBound = where.op === '=' || where.op === '>' || where.op === '>='
  return isBound && where.value.kind === 'datetime' ? (parseDateTime(where.value.text) ?? 0) : 0
}

function columnOf(org: Org, query: SoqlQuery, options: { readonly all: boolean }): Set<FieldValue> {
  const object = fromObject(org, query.from)
  const [item] = query.select
  if (query.select.length !== 1 || item?.kind !== 'field') throw malformed('A sub-select must select exactly one field')
  const path = resolvePath(org, object, item.path)
  return new Set(limitRows(findRows(org, object, query, options), query).map((row) => valueAt(org, row, path)))
}

export function sortRows(org: Org, object: ObjectDefinition, query: SoqlQuery, rows: StoredRecord[]): StoredRecord[] {
  if (query.orderBy.length === 0) return rows
  const keys = query.orderBy.map((order) => ({ ...order, path: resolvePath(org, object, order.path) }))
  for (const { path } of keys) {
    if (path.field?.type === 'textarea' && path.field.length > 255) {
      throw new ApiError(400, 'INVALID_FIELD', `field '${path.fieldName}' can not be sorted in a query call`)
    }
  }
  // Ids can differ by case alone. They sort as `Id > '...'` compares, otherwise a page would skip some.
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

export function limitRows<Row>(rows: Row[], query: SoqlQuery): Row[] {
  if (query.limit === null && query.offset === 0) return rows
  return rows.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit)
}
