import type { FieldText } from '../record/change-event.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { type Zone, zoneOf } from '../record/wall-clock.ts'
import type { CaseFacts } from './case-facts.ts'
import { type Column, columnKey, makeColumn } from './columns.ts'
import type { Condition } from './condition.ts'
import type { CompiledCondition, CompiledConditions } from './evaluate.ts'
import { listReader } from './list-values.ts'
import { notUnderstood, placesAsked } from './place-facts.ts'
import { renderCondition } from './render.ts'
import { and, clearBit, hasRow, lowestBit, setBit } from './row-bits.ts'
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
  readonly values: readonly Known[]
  /** By column of the index; `NOT_KNOWN` where the value is not known, `SEVERAL` where the field holds several values. */
  readonly classes: readonly number[]
  /** By column with several classes: those, and the rows that they allow. Null, as nearly always: there is none. */
  readonly several: Several | null
  /** The first row that matches; -1: none does. Where that is not known, the first one that surely does, or -1. */
  readonly row: number
  /** Rows before `row` that may match, in their order. Empty, as nearly always: `row` is the first. */
  readonly maybe: readonly number[]
  /** What would have to be known to tell; null with an empty `maybe`. */
  readonly unknown: Unknown | null
}

const NOT_KNOWN = -1
const SEVERAL = -2

type Several = ReadonlyMap<number, { readonly classes: readonly number[]; readonly bits: Int32Array }>

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

export function placeRecord(index: TableIndex, facts: CaseFacts): Placed {
  const { columns } = index
  const values: Known[] = []
  let isKnown = true
  for (const { read } of index.fields) {
    const value = read(facts)
    if (value instanceof Unknown) isKnown = false
    values.push(value)
  }
  const classes: number[] = []
  let several: Map<number, { classes: readonly number[]; bits: Int32Array }> | null = null
  let unread: Map<number, Unknown> | null = null
  for (let c = 0; c < columns.length; c += 1) {
    const column = columns[c]!
    const value = values[column.field]!
    if (value instanceof Unknown) {
      classes.push(NOT_KNOWN)
      continue
    }
    const why = notUnderstood(column.first, column.places, value, facts)
    if (why !== null) {
      unread ??= new Map()
      unread.set(c, why)
      classes.push(NOT_KNOWN)
      continue
    }
    const isList = value !== null && index.fields[column.field]!.isList(facts)
    const members = isList && value.includes(';') ? column.classesOf?.(value) : undefined
    if (members === undefined || members.length === 0) classes.push(column.classOf(value, facts.nowMs, isList))
    else if (members.length === 1) classes.push(members[0]!)
    else {
      classes.push(SEVERAL)
      several ??= new Map()
      several.set(c, { classes: members, bits: rowsAllowingSeveral(index, c, members) })
    }
  }
  const placed = { values, classes, several }
  if (isKnown && unread === null) return { ...placed, row: firstRow(index, placed), maybe: NONE, unknown: null }
  return { ...placed, ...firstRows(index, placed, unread) }
}

/** The rows that a field allows which holds a value of each of these classes. */
function rowsAllowingSeveral(index: TableIndex, column: number, classes: readonly number[]): Int32Array {
  const bits = index.all.slice()
  index.rows.forEach((checks, row) => {
    if (checks.some((check) => check.column === column && !holdsForSeveral(check, classes))) clearBit(bits, row)
  })
  return bits
}

/** One of the values is enough to be in a list; to be in none of it takes all of them. */
function holdsForSeveral({ condition, holds }: Check, classes: readonly number[]): boolean {
  const test = (one: number) => holds[one] === 1
  return condition.op === 'not-in' ? classes.every(test) : classes.some(test)
}

type Seen = Pick<Placed, 'values' | 'classes' | 'several'>

/** Null: the value is not known. */
function bitsOf(
  { columns }: TableIndex,
  { classes, several }: Omit<Seen, 'values'>,
  column: number,
): Int32Array | null {
  const known = classes[column]!
  if (known >= 0) return columns[column]!.bits[known]!
  return known === SEVERAL ? (several?.get(column)?.bits ?? null) : null
}

const NONE: readonly number[] = []

function firstRow(index: TableIndex, { classes, several }: Seen): number {
  const { words, columns, all } = index
  if (several !== null) {
    const bits = all.slice()
    columns.forEach((_, c) => {
      and(bits, bitsOf(index, { classes, several }, c)!)
    })
    return firstRowOf(bits, all)
  }
  for (let w = 0; w < words; w += 1) {
    let alive = all[w]!
    for (let c = 0; c < columns.length && alive !== 0; c += 1) alive &= columns[c]!.bits[classes[c]!]![w]!
    if (alive !== 0) return w * 32 + lowestBit(alive)
  }
  return -1
}

/** The first row that surely matches, and every row before it that would match with some value of what is not known. */
function firstRows(
  index: TableIndex,
  seen: Seen,
  /** By column: why its value is not known although that of the field is. */
  unread: ReadonlyMap<number, Unknown> | null,
): Pick<Placed, 'row' | 'maybe' | 'unknown'> {
  const { values } = seen
  const possible = index.all.slice()
  const certain = index.all.slice()
  index.columns.forEach((column, c) => {
    const bits = bitsOf(index, seen, c)
    if (bits !== null) and(possible, bits)
    and(certain, bits ?? column.unasked)
  })
  const row = firstRowOf(certain, index.all)
  const maybe: number[] = []
  let unknown: Unknown | null = null
  for (let r = 0; r < (row === -1 ? index.rows.length : row); r += 1) {
    if (!hasRow(possible, r)) continue
    maybe.push(r)
    for (const check of index.rows[r]!) {
      const value = unread?.get(check.column) ?? values[check.field]
      if (value instanceof Unknown) unknown = Unknown.both(unknown, value)
    }
  }
  return { row, maybe, unknown }
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
    and(bits, column.bits[column.classOf(value, nowMs, false)]!)
  }
  return bits
}

/** The rows that all other fields allow, as the record stands. */
export function rowsWithout(index: TableIndex, placed: Placed, field: number): Int32Array {
  const bits = index.all.slice()
  index.columns.forEach((column, c) => {
    if (column.field !== field) and(bits, bitsOf(index, placed, c) ?? column.unasked)
  })
  return bits
}

/** The rows that everything but its age allows, or may allow: those that the record matches at some time. */
export function rowsAtSomeTime(index: TableIndex, placed: Placed): Int32Array {
  const bits = index.all.slice()
  for (let c = 0; c < index.columns.length; c += 1) {
    const allowed = index.columns[c]!.ages ? null : bitsOf(index, placed, c)
    if (allowed !== null) and(bits, allowed)
  }
  return bits
}

/** The first condition of the row, from the given one on, that the record is known not to meet; null: there is none. */
export function failedCheck(index: TableIndex, { classes, several }: Placed, row: number, from: number): Check | null {
  const checks = index.rows[row]!
  for (let i = from; i < checks.length; i += 1) {
    const check = checks[i]!
    const met = classes[check.column]!
    const members = met === SEVERAL ? several?.get(check.column)?.classes : undefined
    const isFailed =
      members === undefined ? met !== NOT_KNOWN && check.holds[met] === 0 : !holdsForSeveral(check, members)
    if (isFailed) return check
  }
  return null
}
