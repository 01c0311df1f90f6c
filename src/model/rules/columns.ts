import type { Span } from '../matching/written-number.ts'
import type { FieldText } from '../record/change-event.ts'
import type { Zone } from '../record/wall-clock.ts'
import type { Condition } from './condition.ts'
import { ageMs } from './days.ts'
import { comparableFor, isOfDates, measureOf, valueReader, valueTest } from './evaluate.ts'
import { listKey, membersOf } from './list-values.ts'
import { endsOf } from './number-range.ts'
import { placesAsked } from './place-facts.ts'
import { isPostalField, postalDigits } from './postal-code.ts'

/**
 * One kind of question that a table asks about one field, with the values told apart as far as the answers differ:
 * a listed text, anything else, blank; the intervals between two cut points. All values of one class get the same answer
 * from every condition of the column.
 */
export type Column = {
  readonly classes: number
  readonly classOf: (value: FieldText, nowMs: number, isList: boolean) => number
  /** Where `classOf` answers `NOT_ONE_CLASS`: those that the value may be of; null: any. */
  readonly mayBeOf?: (value: string) => readonly number[] | null
  /** Of a field that holds several values: the classes of those that tell rows apart. Left out: `classOf` says it all. */
  readonly classesOf?: (value: string) => readonly number[]
  /** Per class, 1 where the condition, one of those that made the column, holds. */
  readonly holds: (condition: Condition) => Uint8Array
  /** True where the class depends on the moment of decision. */
  readonly ages: boolean
}

/** A number that may lie on either side of a cut point. */
export const NOT_ONE_CLASS = -3

const DAY_MS = 86_400_000

/** Conditions of one field with the same key belong into one column. */
export function columnKey(condition: Condition): string {
  switch (condition.op) {
    case 'in':
    case 'not-in': {
      // A text that names no country is surely not blank, and may be any of the countries.
      const places = placesAsked(condition)
      return places === null ? 'text' : `place ${places}`
    }
    case 'blank':
    case 'not-blank':
      return 'text'
    case 'range':
      // Codes of five digits and of three are measured by different scales.
      if (isPostalField(condition.field)) return `postal ${postalDigits(condition)}`
      return isOfDates(condition) ? 'date' : 'number'
    case 'older-than':
      return 'age'
    case 'prefix':
    case 'contains':
      // A column of its own, with the two classes that it holds for and that it does not.
      return `${condition.op} ${JSON.stringify(condition.values)}`
  }
}

export function makeColumn(conditions: readonly Condition[], zone: Zone): Column {
  const [first] = conditions
  switch (first?.op) {
    case 'range':
      return rangeColumn(
        conditions.filter((c) => c.op === 'range'),
        zone,
      )
    case 'older-than':
      return ageColumn(
        conditions.filter((c) => c.op === 'older-than'),
        zone,
      )
    case 'prefix':
    case 'contains': {
      const test = valueTest(first, zone)
      return {
        classes: 2,
        classOf: (value, nowMs, isList) => (test(value, nowMs, isList) ? 1 : 0),
        holds: () => Uint8Array.of(0, 1),
        ages: false,
      }
    }
    default:
      return textColumn(conditions)
  }
}

const BLANK = 0
const OTHER = 1

function textColumn(conditions: readonly Condition[]): Column {
  const comparableText = comparableFor(conditions[0]?.field ?? '')
  const classOfText = new Map<string, number>()
  // As the policy spells them: most values are met in just that spelling, and need no folding.
  const asSpelled = new Map<string, number>()
  const classOfList = new Map<string, number>()
  for (const condition of conditions) {
    if (condition.op !== 'in' && condition.op !== 'not-in') continue
    for (const value of condition.values) {
      const text = comparableText(value)
      const known = classOfText.get(text) ?? classOfText.size + 2
      classOfText.set(text, known)
      asSpelled.set(value, known)
      if (value.includes(';')) classOfList.set(listKey(value, comparableText), known)
    }
  }
  const classes = classOfText.size + 2
  return {
    classes,
    classOf: (value) =>
      value === null ? BLANK : (asSpelled.get(value) ?? classOfText.get(comparableText(value)) ?? OTHER),
    classesOf: (value) => {
      const members = membersOf(value).map((member) => classOfText.get(comparableText(member)))
      const whole = classOfList.size === 0 ? undefined : classOfList.get(listKey(value, comparableText))
      return [...new Set([...members, whole].filter((known) => known !== undefined))]
    },
    holds: (condition) => {
      const holds = new Uint8Array(classes)
      if (condition.op === 'blank') holds[BLANK] = 1
      if (condition.op === 'not-blank' || condition.op === 'not-in') holds.fill(1)
      if (condition.op === 'not-blank') holds[BLANK] = 0
      if (condition.op === 'in' || condition.op === 'not-in') {
        for (const value of condition.values) {
          holds[classOfText.get(comparableText(value))!] = condition.op === 'in' ? 1 : 0
        }
      }
      return holds
    },
    ages: false,
  }
}

/** Class 0 lies in no range: blank, not a number or date, or without an end. Class n lies before the nth cut point. */
function rangeColumn(conditions: readonly Extract<Condition, { op: 'range' }>[], zone: Zone): Column {
  const measure = measureOf(conditions[0]!, zone)
  const read = valueReader(conditions[0]!, zone)
  const cuts = sortedCuts(conditions.flatMap((c) => Object.values(endsOf(c, measure))))
  const mayBeOf = (value: string) => {
    const known = read(value)
    return typeof known === 'number' || known === null || known.length === 0 ? null : classesAmong(cuts, known)
  }
  return {
    classes: cuts.length + 2,
    classOf: (value) => {
      const n = value === null ? null : read(value)
      if (typeof n === 'number') {
        return Number.isNaN(n) || n === Number.POSITIVE_INFINITY ? 0 : 1 + countUpTo(cuts, n)
      }
      if (n === null) return 0
      const classes = classesAmong(cuts, n)
      return classes.length === 1 ? classes[0]! : NOT_ONE_CLASS
    },
    mayBeOf,
    holds: (condition) => {
      const holds = new Uint8Array(cuts.length + 2)
      if (condition.op !== 'range') return holds
      const { from, below } = endsOf(condition, measure)
      for (let i = 1; i < holds.length; i += 1) {
        const start = cuts[i - 2] ?? Number.NEGATIVE_INFINITY
        const end = cuts[i - 1] ?? Number.POSITIVE_INFINITY
        if (from <= start && below >= end) holds[i] = 1
      }
      return holds
    },
    ages: false,
  }
}

/** Those between the ends of the spans. */
function classesAmong(cuts: readonly number[], spans: readonly Span[]): number[] {
  const classes = new Set<number>()
  for (const { low, high, isOpen } of spans) {
    const to = isOpen ? countBelow(cuts, high) : countUpTo(cuts, high)
    for (let n = countUpTo(cuts, low); n <= to; n += 1) classes.add(1 + n)
  }
  return [...classes]
}

/** Class n is older than n of the ages that the table names. */
function ageColumn(conditions: readonly Extract<Condition, { op: 'older-than' }>[], zone: Zone): Column {
  const cuts = sortedCuts(conditions.map(({ days }) => days * DAY_MS))
  return {
    classes: cuts.length + 1,
    classOf: (value, nowMs) => {
      if (value === null) return 0
      const age = ageMs(value, zone, nowMs)
      if (Number.isNaN(age)) return 0
      let older = 0
      while (older < cuts.length && cuts[older]! < age) older += 1
      return older
    },
    holds: (condition) => {
      const holds = new Uint8Array(cuts.length + 1)
      if (condition.op === 'older-than') holds.fill(1, cuts.indexOf(condition.days * DAY_MS) + 1)
      return holds
    },
    ages: true,
  }
}

function sortedCuts(points: readonly number[]): number[] {
  return [...new Set(points.filter(Number.isFinite))].sort((a, b) => a - b)
}

function countBelow(cuts: readonly number[], n: number): number {
  const upTo = countUpTo(cuts, n)
  return upTo > 0 && cuts[upTo - 1] === n ? upTo - 1 : upTo
}

/** How many of the sorted cuts are not above `n`. */
function countUpTo(cuts: readonly number[], n: number): number {
  let low = 0
  let high = cuts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (cuts[middle]! <= n) low = middle + 1
    else high = middle
  }
  return low
}
