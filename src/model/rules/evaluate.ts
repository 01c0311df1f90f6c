import { caseMarkedId } from '../record/case-marked-id.ts'
import type { FieldText } from '../record/change-event.ts'
import { comparableText } from '../record/comparable-text.ts'
import { type Known, type Truth, Unknown } from '../record/knowledge.ts'
import { type Zone, zoneOf } from '../record/wall-clock.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition, Conditions, Rule } from './condition.ts'
import { ageMs, momentMs } from './days.ts'
import { fieldReader } from './facts.ts'
import { listKey, listReader, membersOf } from './list-values.ts'
import { endsOf, liesIn, numberReader, type ReadNumber } from './number-range.ts'
import { notUnderstood, placesAsked } from './place-facts.ts'
import { isInDistrict, isPostalField, postalDigits, postalNumber, postalText } from './postal-code.ts'
import { renderCondition } from './render.ts'
import { fittingReader } from './unfit.ts'
import { unreadNumber } from './unread-number.ts'

/** Why a rule did not fire: its first condition that failed, and the value it met. */
export type RuleMiss = { readonly rule: string; readonly failed: string; readonly actual: FieldText }

export type CompiledCondition = {
  readonly condition: Condition
  readonly read: (facts: CaseFacts) => Known
  readonly holds: (facts: CaseFacts) => Truth
  /** The company's, in which days begin and end. */
  readonly zone: Zone
}

export type CompiledConditions = readonly CompiledCondition[]

export type CompiledRule = { readonly rule: Rule; readonly when: CompiledConditions }

const DAY_MS = 86_400_000

/**
 * Closures made once per policy version; deciding a record then allocates nothing here. Calendar days are those of the time
 * zone.
 */
export function compileConditions(conditions: Conditions, timeZone = 'UTC'): CompiledConditions {
  const zone = zoneOf(timeZone)
  return conditions.map((condition) => compileCondition(condition, zone))
}

export function compileTable(rules: readonly Rule[], timeZone = 'UTC'): readonly CompiledRule[] {
  return rules.map((rule) => ({ rule, when: compileConditions(rule.when, timeZone) }))
}

/** False as soon as one is known to fail, whatever is unknown beside it; true only where every one is known to hold. */
export function allHold(conditions: CompiledConditions, facts: CaseFacts): Truth {
  let unknown: Unknown | null = null
  for (const condition of conditions) {
    const truth = condition.holds(facts)
    if (truth === false) return false
    if (truth !== true) unknown = Unknown.both(unknown, truth)
  }
  return unknown ?? true
}

/**
 * The first row whose conditions all hold; null where none does. Every row before it must be known to fail: where one may
 * hold, nobody knows which row is the first.
 */
export function firstMatch<Row extends { readonly when: CompiledConditions }>(
  table: readonly Row[],
  facts: CaseFacts,
): Row | Unknown | null {
  let unknown: Unknown | null = null
  for (const row of table) {
    const truth = allHold(row.when, facts)
    if (truth === true) return unknown ?? row
    if (truth !== false) unknown = Unknown.both(unknown, truth)
  }
  return unknown
}

/**
 * M57: of each rule before `winner` (of every rule when none won) the first condition that failed, and what it met.
 * In production the index says it; this is what the index is tested against.
 */
export function missesBefore(
  table: readonly CompiledRule[],
  winner: CompiledRule | null,
  facts: CaseFacts,
): RuleMiss[] {
  const misses: RuleMiss[] = []
  for (const row of table) {
    if (row === winner) break
    const failed = row.when.find((condition) => condition.holds(facts) === false)
    if (failed === undefined) continue
    const actual = failed.read(facts)
    if (actual instanceof Unknown) continue
    misses.push({ rule: row.rule.id, failed: renderCondition(failed.condition), actual })
  }
  return misses
}

function compileCondition(condition: Condition, zone: Zone): CompiledCondition {
  const isList = listReader(condition.field)
  const places = placesAsked(condition)
  const test = valueTest(condition, zone)
  const read = fittingReader(
    condition,
    fieldReader(condition.field),
    (value, facts) => test(value, facts.nowMs, isList(facts)) === true,
  )
  return {
    condition,
    read,
    zone,
    holds: (facts) => {
      const value = read(facts)
      if (value instanceof Unknown) return value
      return (
        notUnderstood(condition, places, value, facts) ??
        test(value, facts.nowMs, isList(facts)) ??
        unreadNumber(condition.field, facts)
      )
    },
  }
}

/**
 * `isList`: the field holds several values, and each of them is asked. Null, of ranges only: the number may lie on either side
 * of an end.
 */
type ValueTest = (value: FieldText, nowMs: number, isList: boolean) => boolean | null
type PlainTest = (value: FieldText, nowMs: number, isList: boolean) => boolean

/** Blank is a value of its own: it is in no list, it is not in every `not-in` list, and it lies in no range. */
export function valueTest(condition: Condition, zone: Zone): ValueTest {
  switch (condition.op) {
    case 'in':
      return isAmong(condition)
    case 'not-in': {
      const isRefused = isAmong(condition)
      return (value, nowMs, isList) => !isRefused(value, nowMs, isList)
    }
    case 'prefix':
      return startsWith(condition)
    case 'contains':
      return containsPart(condition)
    case 'blank':
      return (value) => value === null
    case 'not-blank':
      return (value) => value !== null
    case 'range': {
      const read = valueReader(condition, zone)
      const ends = endsOf(condition, measureOf(condition, zone))
      return (value) => value !== null && liesIn(read(value), ends)
    }
    case 'older-than': {
      const { days } = condition
      return (value, nowMs) => value !== null && ageMs(value, zone, nowMs) > days * DAY_MS
    }
  }
}

type OfValues = { readonly field: string; readonly values: readonly string[] }

function isAmong({ field, values }: OfValues): PlainTest {
  const comparable = comparableFor(field)
  const wanted = new Set(values.map(comparable))
  const wholeLists = new Set(values.filter((value) => value.includes(';')).map((value) => listKey(value, comparable)))
  return (value, _, isList) => {
    if (value === null) return false
    if (!isList || !value.includes(';')) return wanted.has(comparable(value))
    return (
      membersOf(value).some((member) => wanted.has(comparable(member))) ||
      (wholeLists.size > 0 && wholeLists.has(listKey(value, comparable)))
    )
  }
}

function startsWith({ field, values }: OfValues): ValueTest {
  if (isPostalField(field)) {
    return (value) => value !== null && values.some((district) => isInDistrict(district, value))
  }
  const starts = values.map(comparableText)
  return (value, _, isList) => {
    if (value === null) return false
    const texts = isList ? membersOf(value) : [value]
    return texts.map(comparableText).some((text) => starts.some((start) => text.startsWith(start)))
  }
}

/** A part of a text; of a list one of its values, whole: EMEA is not in "non-EMEA;APAC". */
function containsPart({ values }: OfValues): ValueTest {
  const parts = values.map(comparableText)
  return (value, _, isList) => {
    if (value === null) return false
    if (isList) return membersOf(value).some((member) => parts.includes(comparableText(member)))
    const text = comparableText(value)
    return parts.some((part) => text.includes(part))
  }
}

/** The form in which values of this field are compared. */
export function comparableFor(field: string): (text: string) => string {
  return isPostalField(field) ? postalText : comparableValue
}

function comparableValue(text: string): string {
  return caseMarkedId(text) ?? comparableText(text)
}

/** A range is of numbers or of dates, as its own ends are spelled, or of postal codes. NaN, no date or code, lies in no range. */
export function valueReader(condition: Extract<Condition, { op: 'range' }>, zone: Zone): ReadNumber {
  if (isPostalField(condition.field)) {
    const digits = postalDigits(condition)
    return (text) => postalNumber(text, digits)
  }
  return isOfDates(condition)
    ? (text) => momentMs(text, zone)
    : numberReader(condition.field, condition.isNumber === true)
}

/** The same of one end of it, which a policy spells without separators. NaN: it is none. */
export function measureOf(condition: Extract<Condition, { op: 'range' }>, zone: Zone): (text: string) => number {
  const read = valueReader(condition, zone)
  return (text) => {
    const known = read(text)
    return typeof known === 'number' ? known : Number.NaN
  }
}

export function isOfDates({ from, below }: Extract<Condition, { op: 'range' }>): boolean {
  return /^\d{4}-\d{2}-\d{2}/.test(from ?? below ?? '')
}
