import type { ObjectDefinition } from '../catalog/object-definition.ts'
import type { Org } from '../org/org.ts'
import type { FieldValue, StoredRecord } from '../org/record-store.ts'
import { type FieldPath, jsonAt, noSuchColumn, resolvePath, valueAt } from './soql-path.ts'
import { malformed, type SelectItem, type SoqlQuery } from './soql-syntax.ts'

/** One row per group; without GROUP BY one row in all. */
export function aggregateRows(
  org: Org,
  object: ObjectDefinition,
  query: SoqlQuery,
  select: readonly SelectItem[],
  rows: readonly StoredRecord[],
): object[] {
  const groupPaths = query.groupBy.map((path) => resolvePath(org, object, path))
  const grouped = new Map<string, StoredRecord[]>()
  for (const row of rows) {
    const key = JSON.stringify(groupPaths.map((path) => valueAt(org, row, path)))
    const group = grouped.get(key)
    if (group) group.push(row)
    else grouped.set(key, [row])
  }
  if (groupPaths.length === 0 && grouped.size === 0) grouped.set('[]', [])
  return [...grouped.values()].map((group) => aggregateRow(org, object, query, select, group))
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
