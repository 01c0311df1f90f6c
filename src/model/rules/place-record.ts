import type { Known } from '../record/knowledge.ts'
import { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from './case-facts.ts'
import { NOT_ONE_CLASS } from './columns.ts'
import { notUnderstood } from './place-facts.ts'
import { and, clearBit, firstRowOf, hasRow, lowestBit } from './row-bits.ts'
import type { Check, TableIndex } from './table-index.ts'
import { unreadNumber } from './unread-number.ts'

/** Where one record stands in a table. */
export type Placed = {
  /** By field of the index. */
  readonly values: readonly Known[]
  /** By column of the index; `NOT_KNOWN` where the value is not known, `SEVERAL` where the field holds several values. */
  readonly classes: readonly number[]
  /** By column with several classes: those, and the rows that they allow. Null, as nearly always: there is none. */
  readonly several: Several | null
  /** By column: why its value is not known although that of the field is. Null, as nearly always: there is none. */
  readonly doubts: Doubts | null
  /** The first row that matches; -1: none does. Where that is not known, the first one that surely does, or -1. */
  readonly row: number
  /** Rows before `row` that may match, in their order. Empty, as nearly always: `row` is the first. */
  readonly maybe: readonly number[]
  /** What would have to be known to tell; null with an empty `maybe`. */
  readonly unknown: Unknown | null
}

const NOT_KNOWN = -1
const SEVERAL = -2

/** `classes`: those that it may be of; null: any. */
type Doubts = ReadonlyMap<number, { readonly why: Unknown; readonly classes: readonly number[] | null }>

type Several = ReadonlyMap<number, { readonly classes: readonly number[]; readonly bits: Int32Array }>

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
  let doubts: Map<number, { why: Unknown; classes: readonly number[] | null }> | null = null
  for (let c = 0; c < columns.length; c += 1) {
    const column = columns[c]!
    const value = values[column.field]!
    if (value instanceof Unknown) {
      classes.push(NOT_KNOWN)
      continue
    }
    const why = notUnderstood(column.first, column.places, value, facts)
    if (why !== null) {
      doubts ??= new Map()
      doubts.set(c, { why, classes: null })
      classes.push(NOT_KNOWN)
      continue
    }
    const isList = value !== null && index.fields[column.field]!.isList(facts)
    const members = isList && value.includes(';') ? column.classesOf?.(value) : undefined
    if (members === undefined || members.length === 0) {
      const one = column.classOf(value, facts.nowMs, isList)
      classes.push(one === NOT_ONE_CLASS ? NOT_KNOWN : one)
      if (one !== NOT_ONE_CLASS) continue
      doubts ??= new Map()
      doubts.set(c, { why: unreadNumber(column.first.field, facts), classes: column.mayBeOf!(value!) })
    } else if (members.length === 1) classes.push(members[0]!)
    else {
      classes.push(SEVERAL)
      several ??= new Map()
      several.set(c, { classes: members, bits: rowsAllowingSeveral(index, c, members) })
    }
  }
  const placed = { values, classes, several, doubts }
  if (isKnown && doubts === null) return { ...placed, row: firstRow(index, placed), maybe: NONE, unknown: null }
  return { ...placed, ...firstRows(index, placed) }
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

type Seen = Pick<Placed, 'values' | 'classes' | 'several' | 'doubts'>

/** Null: the value is not known. */
function bitsOf(
  { columns }: TableIndex,
  { classes, several }: Pick<Seen, 'classes' | 'several'>,
  column: number,
): Int32Array | null {
  const known = classes[column]!
  if (known >= 0) return columns[column]!.bits[known]!
  return known === SEVERAL ? (several?.get(column)?.bits ?? null) : null
}

/** The rows that a column allows for sure. */
function certainBits(index: TableIndex, seen: Omit<Seen, 'values'>, column: number): Int32Array {
  const known = bitsOf(index, seen, column)
  if (known !== null) return known
  const classes = seen.doubts?.get(column)?.classes ?? null
  return classes === null
    ? index.columns[column]!.unasked
    : rowsWhere(index, column, (check) => holdsInAll(check, classes))
}

/** The rows that a column allows for some value that it may have. */
function possibleBits(index: TableIndex, seen: Omit<Seen, 'values'>, column: number): Int32Array {
  const known = bitsOf(index, seen, column)
  if (known !== null) return known
  const classes = seen.doubts?.get(column)?.classes ?? null
  return classes === null ? index.all : rowsWhere(index, column, (check) => holdsInSome(check, classes))
}

function rowsWhere(index: TableIndex, column: number, isMet: (check: Check) => boolean): Int32Array {
  const bits = index.all.slice()
  index.rows.forEach((checks, row) => {
    if (checks.some((check) => check.column === column && !isMet(check))) clearBit(bits, row)
  })
  return bits
}

function holdsInAll({ holds }: Check, classes: readonly number[]): boolean {
  return classes.every((one) => holds[one] === 1)
}

function holdsInSome({ holds }: Check, classes: readonly number[]): boolean {
  return classes.some((one) => holds[one] === 1)
}

const NONE: readonly number[] = []

function firstRow(index: TableIndex, { classes, several }: Pick<Seen, 'classes' | 'several'>): number {
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
function firstRows(index: TableIndex, seen: Seen): Pick<Placed, 'row' | 'maybe' | 'unknown'> {
  const possible = index.all.slice()
  const certain = index.all.slice()
  for (let c = 0; c < index.columns.length; c += 1) {
    and(possible, possibleBits(index, seen, c))
    and(certain, certainBits(index, seen, c))
  }
  const row = firstRowOf(certain, index.all)
  const maybe: number[] = []
  let unknown: Unknown | null = null
  for (let r = 0; r < (row === -1 ? index.rows.length : row); r += 1) {
    if (!hasRow(possible, r)) continue
    maybe.push(r)
    for (const check of index.rows[r]!) unknown = Unknown.both(unknown, whyOpen(check, seen))
  }
  return { row, maybe, unknown }
}

/** Why it is not known whether the record meets the condition; null: it is known. */
function whyOpen(check: Check, { values, doubts }: Seen): Unknown | null {
  const doubt = doubts?.get(check.column)
  if (doubt === undefined) {
    const value = values[check.field]
    return value instanceof Unknown ? value : null
  }
  const { why, classes } = doubt
  const isKnown = classes !== null && holdsInSome(check, classes) === holdsInAll(check, classes)
  return isKnown ? null : why
}

/** The rows that all other fields allow, as the record stands. */
export function rowsWithout(index: TableIndex, placed: Placed, field: number): Int32Array {
  const bits = index.all.slice()
  index.columns.forEach((column, c) => {
    if (column.field !== field) and(bits, certainBits(index, placed, c))
  })
  return bits
}

/** The rows that everything but its age allows, or may allow: those that the record matches at some time. */
export function rowsAtSomeTime(index: TableIndex, placed: Placed): Int32Array {
  const bits = index.all.slice()
  for (let c = 0; c < index.columns.length; c += 1) {
    if (!index.columns[c]!.ages) and(bits, possibleBits(index, placed, c))
  }
  return bits
}

/** The first condition of the row, from the given one on, that the record is known not to meet; null: there is none. */
export function failedCheck(
  index: TableIndex,
  { classes, several, doubts }: Placed,
  row: number,
  from: number,
): Check | null {
  const checks = index.rows[row]!
  for (let i = from; i < checks.length; i += 1) {
    const check = checks[i]!
    const met = classes[check.column]!
    const members = met === SEVERAL ? several?.get(check.column)?.classes : undefined
    const mayBe = met === NOT_KNOWN ? doubts?.get(check.column)?.classes : null
    const isFailed =
      members === undefined
        ? met === NOT_KNOWN
          ? mayBe != null && !holdsInSome(check, mayBe)
          : check.holds[met] === 0
        : !holdsForSeveral(check, members)
    if (isFailed) return check
  }
  return null
}
