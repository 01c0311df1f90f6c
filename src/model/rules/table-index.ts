import type { FieldText } from '../record/change-event.ts'
import { type Column, columnKey, makeColumn } from './columns.ts'
import type { Condition } from './condition.ts'
import type { CompiledConditions } from './evaluate.ts'
import { type CaseFacts, fieldReader } from './facts.ts'
import { renderCondition } from './render.ts'

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
}

export type IndexedField = {
  readonly field: string
  readonly read: (facts: CaseFacts) => FieldText
  /** Numbers of its columns. */
  readonly columns: readonly number[]
}

export type IndexedColumn = Column & {
  readonly field: number
  /** By class: the rows that it allows. */
  readonly bits: readonly Int32Array[]
}

type Check = {
  readonly condition: Condition
  readonly field: number
  readonly column: number
  readonly holds: Uint8Array
  /** The condition in words. */
  readonly says: string
}

/** Where one record stands in a table. */
export type Placed = {
  /** By field of the index. */
  readonly values: readonly FieldText[]
  /** By column of the index. */
  readonly classes: readonly number[]
  /** The first row that matches; -1: none does. */
  readonly row: number
}

export function indexTable(rows: readonly CompiledConditions[]): TableIndex {
  const words = Math.ceil(rows.length / 32)
  const all = new Int32Array(words)
  for (let row = 0; row < rows.length; row += 1) setBit(all, row)

  const fieldNames: string[] = []
  const grouped = new Map<string, { readonly field: number; readonly conditions: Condition[] }>()
  for (const { condition } of rows.flat()) {
    if (!fieldNames.includes(condition.field)) fieldNames.push(condition.field)
    const field = fieldNames.indexOf(condition.field)
    const key = `${field} ${columnKey(condition)}`
    const group = grouped.get(key) ?? { field, conditions: [] }
    group.conditions.push(condition)
    grouped.set(key, group)
  }
  const keys = [...grouped.keys()]
  const bare = [...grouped.values()].map(({ field, conditions }) => ({ ...makeColumn(conditions), field }))
  const checks = rows.map((when) =>
    when.map(({ condition }): Check => {
      const field = fieldNames.indexOf(condition.field)
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
    return { ...column, bits }
  })
  const fields = fieldNames.map((field, n) => ({
    field,
    read: fieldReader(field),
    columns: columns.flatMap((column, c) => (column.field === n ? [c] : [])),
  }))
  return { words, fields, columns, rows: checks, all }
}

export function placeRecord(index: TableIndex, facts: CaseFacts): Placed {
  const { columns } = index
  const values: FieldText[] = []
  for (const { read } of index.fields) values.push(read(facts))
  const classes: number[] = []
  for (const column of columns) classes.push(column.classOf(values[column.field]!, facts.nowMs))
  return { values, classes, row: firstRow(index, classes) }
}

function firstRow({ words, columns, all }: TableIndex, classes: readonly number[]): number {
  for (let w = 0; w < words; w += 1) {
    let alive = all[w]!
    for (let c = 0; c < columns.length && alive !== 0; c += 1) alive &= columns[c]!.bits[classes[c]!]![w]!
    if (alive !== 0) return w * 32 + lowestBit(alive)
  }
  return -1
}

/** The first row in both; -1: none. */
export function firstRowOf(a: Int32Array, b: Int32Array): number {
  for (let w = 0; w < a.length; w += 1) {
    const both = a[w]! & b[w]!
    if (both !== 0) return w * 32 + lowestBit(both)
  }
  return -1
}

/** The rows that one field allows with this value. */
export function rowsAllowing(index: TableIndex, field: number, value: FieldText, nowMs: number): Int32Array {
  const bits = index.all.slice()
  for (const c of index.fields[field]!.columns) {
    const column = index.columns[c]!
    and(bits, column.bits[column.classOf(value, nowMs)]!)
  }
  return bits
}

/** The rows that all other fields allow, as the record stands. */
export function rowsWithout(index: TableIndex, { classes }: Placed, field: number): Int32Array {
  const bits = index.all.slice()
  index.columns.forEach((column, c) => {
    if (column.field !== field) and(bits, column.bits[classes[c]!]!)
  })
  return bits
}

/** The first condition of the row, from the given one on, that the record does not meet; null: it meets them all. */
export function failedCheck(index: TableIndex, { classes }: Placed, row: number, from: number): Check | null {
  const checks = index.rows[row]!
  for (let i = from; i < checks.length; i += 1) {
    const check = checks[i]!
    if (check.holds[classes[check.column]!] === 0) return check
  }
  return null
}

function and(into: Int32Array, other: Int32Array): void {
  for (let w = 0; w < into.length; w += 1) into[w]! &= other[w]!
}

function setBit(bits: Int32Array, n: number): void {
  bits[n >> 5]! |= 1 << (n & 31)
}

function clearBit(bits: Int32Array, n: number): void {
  bits[n >> 5]! &= ~(1 << (n & 31))
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
