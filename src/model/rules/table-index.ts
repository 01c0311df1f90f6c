import type { FieldText } from '../record/change-event.ts'
import type { Known } from '../record/knowledge.ts'
import { type Zone, zoneOf } from '../record/wall-clock.ts'
import type { CaseFacts } from './case-facts.ts'
import { type Column, columnKey, makeColumn } from './columns.ts'
import type { Condition } from './condition.ts'
import type { CompiledCondition, CompiledConditions } from './evaluate.ts'
import { listReader } from './list-values.ts'
import { placesAsked } from './place-facts.ts'
import { renderCondition } from './render.ts'
import { and, clearBit, setBit } from './row-bits.ts'
import { readingKey } from './unfit.ts'

/**
 * A first-match table as bitsets: per column and class the rows that a value of that class still allows. Deciding is
 * an AND of one word array per column and the lowest bit left, whatever the number of rows. The closures of
 * evaluate.ts are what it is tested against.
 */
export type TableIndex = {
  readonly words: number
  readonly fields: readonly IndexedField[]
  readonly columns: readonly IndexedColumn[]
  /** Of each row its conditions, in their order. */
  readonly rows: readonly (readonly Check[])[]
  /** Every row. */
  readonly all: Int32Array
  /** The company's, in which days begin and end. */
  readonly zone: Zone
}

export type IndexedField = {
  readonly field: string
  readonly read: (facts: CaseFacts) => Known
  readonly isList: (facts: CaseFacts) => boolean
  /** Numbers of its columns. */
  readonly columns: readonly number[]
}

export type IndexedColumn = Column & {
  readonly field: number
  /** The first of its conditions, and the countries in which they all look for the record, see `placesAsked`. */
  readonly first: Condition
  readonly places: ReturnType<typeof placesAsked>
  /** By class: the rows that it allows. */
  readonly bits: readonly Int32Array[]
  /** The rows that do not ask about it: what they say does not depend on its value. */
  readonly unasked: Int32Array
}

/** One condition of a row. */
export type Check = {
  readonly condition: Condition
  readonly field: number
  readonly column: number
  readonly holds: Uint8Array
  /** The condition in words. */
  readonly says: string
}

export function indexTable(rows: readonly CompiledConditions[]): TableIndex {
  const words = Math.ceil(rows.length / 32)
  const all = new Int32Array(words)
  for (let row = 0; row < rows.length; row += 1) setBit(all, row)

  const zone = rows.flat()[0]?.zone ?? zoneOf('UTC')
  const readings = new Map<string, CompiledCondition>()
  const grouped = new Map<string, { readonly field: number; readonly conditions: Condition[] }>()
  for (const compiled of rows.flat()) {
    const { condition } = compiled
    if (!readings.has(readingKey(condition))) readings.set(readingKey(condition), compiled)
    const field = [...readings.keys()].indexOf(readingKey(condition))
    const key = `${field} ${columnKey(condition)}`
    const group = grouped.get(key) ?? { field, conditions: [] }
    group.conditions.push(condition)
    grouped.set(key, group)
  }
  const keys = [...grouped.keys()]
  const readingKeys = [...readings.keys()]
  const bare = [...grouped.values()].map(({ field, conditions }) => ({
    ...makeColumn(conditions, zone),
    field,
    first: conditions[0]!,
    places: placesAsked(conditions[0]!),
  }))
  const checks = rows.map((when) =>
    when.map(({ condition }): Check => {
      const field = readingKeys.indexOf(readingKey(condition))
      const column = keys.indexOf(`${field} ${columnKey(condition)}`)
      return { condition, field, column, holds: bare[column]!.holds(condition), says: renderCondition(condition) }
    }),
  )
  const columns = bare.map((column, n): IndexedColumn => {
    const bits = Array.from({ length: column.classes }, () => all.slice())
    checks.forEach((row, r) => {
      for (const check of row) {
        if (check.column !== n) continue
        for (let c = 0; c < column.classes; c += 1) if (check.holds[c] === 0) clearBit(bits[c]!, r)
      }
    })
    const unasked = all.slice()
    checks.forEach((row, r) => {
      if (row.some((check) => check.column === n)) clearBit(unasked, r)
    })
    return { ...column, bits, unasked }
  })
  const fields = [...readings.values()].map(({ condition: { field }, read }, n) => ({
    field,
    read,
    isList: listReader(field),
    columns: columns.flatMap((column, c) => (column.field === n ? [c] : [])),
  }))
  return { words, fields, columns, rows: checks, all, zone }
}

/** The rows that one field surely allows with this value. */
export function rowsAllowing(index: TableIndex, field: number, value: FieldText, nowMs: number): Int32Array {
  const bits = index.all.slice()
  for (const c of index.fields[field]!.columns) {
    const column = index.columns[c]!
    const one = column.classOf(value, nowMs, false)
    and(bits, column.bits[one] ?? column.unasked)
  }
  return bits
}
