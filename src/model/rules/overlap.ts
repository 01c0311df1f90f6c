import { comparableText } from '../record/comparable-text.ts'
import { zoneOf } from '../record/wall-clock.ts'
import type { Condition, Conditions } from './condition.ts'
import { comparableFor, isOfDates, measureOf, valueTest } from './evaluate.ts'
import { readFieldName } from './field-name.ts'
import { isPostalField } from './postal-code.ts'

/** Days are compared with days, so that any one zone says which is earlier. */
const UTC = zoneOf('UTC')

/**
 * Whether one record could meet both lists. False only where it surely cannot: where both ask about one field and leave
 * no common value. What cannot be judged by looking at two conditions counts as possible.
 */
export function mayOverlap(a: Conditions, b: Conditions): boolean {
  return !a.some((one) => b.some((other) => areApart(one, other)))
}

/** Whether no value of the field, as long as it is one value, meets both. */
export function areApart(a: Condition, b: Condition): boolean {
  if (a.field !== b.field) return areFactsApart(a, b) || areFactsApart(b, a)
  if (a.op === 'blank') return b.op !== 'blank' && b.op !== 'not-in'
  if (b.op === 'blank') return areApart(b, a)
  if (a.op === 'in' && b.op !== 'older-than') return a.values.every((value) => meets(value, b) === false)
  if (b.op === 'in') return areApart(b, a)
  if (a.op === 'range' && b.op === 'range') return areRangesApart(a, b)
  if (a.op === 'prefix' && b.op === 'prefix' && !isPostalField(a.field)) {
    return a.values.every((one) => b.values.every((other) => !startsLike(one, other) && !startsLike(other, one)))
  }
  return false
}

/** The same for a field that may hold several values at once, as only its CRM can tell: then two lists may both hold. */
export function areSurelyApart(a: Condition, b: Condition): boolean {
  const mayBeList = a.field === b.field && readFieldName(a.field)?.kind !== 'fact'
  return !(mayBeList && isOfMembers(a) && isOfMembers(b)) && areApart(a, b)
}

/** Whether every record that meets all of `given` meets all of `asked`, too. False where that cannot be told. */
export function isImplied(asked: Conditions, given: Conditions): boolean {
  return asked.every((one) => given.some((other) => implies(other, one)))
}

function implies(given: Condition, asked: Condition): boolean {
  if (given.field !== asked.field) return false
  if (asked.op === 'not-blank') return given.op !== 'blank' && given.op !== 'not-in'
  if (asked.op === 'blank') return given.op === 'blank'
  if (asked.op === 'older-than') return given.op === 'older-than' && given.days >= asked.days
  const isFact = readFieldName(given.field)?.kind === 'fact'
  switch (given.op) {
    case 'in':
      return impliedByValues(given.values, asked, isFact)
    case 'range':
      if (asked.op === 'range') return isWithin(given, asked)
      return asked.op === 'not-in' && isFact && asked.values.every((value) => meets(value, given) === false)
    case 'prefix':
      return (
        asked.op === 'prefix' && given.values.every((one) => asked.values.some((other) => begins(one, other, given)))
      )
    case 'contains':
      return asked.op === 'contains' && isSubset(given.values, asked.values, given.field)
    case 'not-in':
      return asked.op === 'not-in' && isSubset(asked.values, given.values, given.field)
    case 'blank':
      return asked.op === 'not-in'
    default:
      return false
  }
}

/** Of a field that may hold several values, one member says nothing about the others or about parts of them. */
function impliedByValues(values: readonly string[], asked: Condition, isFact: boolean): boolean {
  if (asked.op === 'in') return isSubset(values, asked.values, asked.field)
  return (
    (isFact || asked.op === 'prefix' || asked.op === 'range') && values.every((value) => meets(value, asked) === true)
  )
}

/** In one test there is no moment of decision: what rests on it is asked nowhere here. */
function meets(value: string, condition: Condition): boolean | null {
  return valueTest(condition, UTC)(value, 0, false)
}

function isSubset(some: readonly string[], all: readonly string[], field: string): boolean {
  const comparable = comparableFor(field)
  const known = new Set(all.map(comparable))
  return some.every((value) => known.has(comparable(value)))
}

function isOfMembers({ op }: Condition): boolean {
  return op === 'in' || op === 'prefix' || op === 'contains'
}

function startsLike(text: string, start: string): boolean {
  return comparableText(text).startsWith(comparableText(start))
}

function begins(text: string, start: string, { field }: Condition): boolean {
  return isPostalField(field) ? isSubset([text], [start], field) : startsLike(text, start)
}

type Range = Extract<Condition, { op: 'range' }>

function endsOf(range: Range): { readonly from: number; readonly below: number } {
  const measure = measureOf(range, UTC)
  return {
    from: range.from === null ? Number.NEGATIVE_INFINITY : measure(range.from),
    below: range.below === null ? Number.POSITIVE_INFINITY : measure(range.below),
  }
}

/** Postal codes of other lengths are measured in other digits, and cannot be told apart by their ends. */
function areAlike(a: Range, b: Range): boolean {
  return !isPostalField(a.field) && isOfDates(a) === isOfDates(b)
}

function areRangesApart(a: Range, b: Range): boolean {
  if (isPostalField(a.field)) return false
  if (isOfDates(a) !== isOfDates(b)) return true
  const [one, other] = [endsOf(a), endsOf(b)]
  return Math.max(one.from, other.from) >= Math.min(one.below, other.below)
}

function isWithin(inner: Range, outer: Range): boolean {
  if (!areAlike(inner, outer)) return inner.from === outer.from && inner.below === outer.below
  const [one, other] = [endsOf(inner), endsOf(outer)]
  return one.from >= other.from && one.below <= other.below
}

/** Who has no person for an owner. */
const OWNED_BY_NOBODY = ['none', 'queue', 'empty-queue']

/** What one fact says of another: states lie in countries, and whom nobody owns has no owner. */
function areFactsApart(a: Condition, b: Condition): boolean {
  if (a.op !== 'in') return false
  if (a.field === 'fact.state' && b.field === 'fact.country') {
    return b.op === 'in' && a.values.every((state) => !meets(state.slice(0, 2), b))
  }
  if (a.field === 'fact.ownerState' && b.field === 'fact.owner') {
    const isNobodys = a.values.every((value) => OWNED_BY_NOBODY.includes(comparableText(value)))
    return isNobodys && b.op !== 'blank' && b.op !== 'not-in'
  }
  return false
}
