import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError } from '../org/api-error.ts'
import { type Org, objectOfId } from '../org/org.ts'
import type { StoredRecord } from '../org/record-store.ts'
import { aggregateRows } from './soql-aggregate.ts'
import { parseSoql } from './soql-parser.ts'
import { type FieldPath, follow, jsonAt, resolvePath } from './soql-path.ts'
import { findRows, firstModified, fromObject, isOldestFirst, limitRows, sortRows } from './soql-rows.ts'
import { malformed, type SelectItem, type SoqlQuery } from './soql-syntax.ts'

const OFFSET_MAX = 2_000 // SOQL reference
const FIELDS_ALL_MAX = 200 // rows that FIELDS(ALL) may return

/** The result of a query. Pages become JSON when read, from the rows found when it ran. */
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
  if (aggregates.length > 0 || query.groupBy.length > 0) {
    const rows = limitRows(aggregateRows(org, object, query, select, found), query)
    return { totalSize: rows.length, rowCount: rows.length, aggregate: true, page: (from, to) => rows.slice(from, to) }
  }
  const columns = select.map((item) => resolvePath(org, object, (item as SelectItem & { kind: 'field' }).path))
  const rows = limitRows(inOrder ? found : sortRows(org, object, query, found), query)
  return {
    totalSize: rows.length,
    rowCount: rows.length,
    aggregate: false,
    page: (from, to, version) => rows.slice(from, to).map((row) => toJson(org, object, row, columns, version)),
  }
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

function attributes(object: string, id: string, version: string): object {
  return { type: object, url: `/services/data/v${version}/sobjects/${object}/${id}` }
}
