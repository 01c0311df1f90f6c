import type { FieldText } from '../record/change-event.ts'
import { comparableText } from '../record/comparable-text.ts'
import { type Known, type Truth, Unknown } from '../record/knowledge.ts'
import type { Condition, Conditions, Rule } from './condition.ts'
import { type CaseFacts, fieldReader } from './facts.ts'
import { renderCondition } from './render.ts'

/** Why a rule did not fire: its first condition that failed, and the value it met. */
export type RuleMiss = { readonly rule: string; readonly failed: string; readonly actual: FieldText }

export type CompiledCondition = {
  readonly condition: Condition
  readonly read: (facts: CaseFacts) => Known
  readonly holds: (facts: CaseFacts) => Truth
}

export type CompiledConditions = readonly CompiledCondition[]

export type CompiledRule = { readonly rule: Rule; readonly when: CompiledConditions }

const DAY_MS = 86_400_000

/** Closures made once per policy version; deciding a record then allocates nothing here. */
export function compileConditions(conditions: Conditions): CompiledConditions {
  return conditions.map(compileCondition)
}

export function compileTable(rules: readonly Rule[]): readonly CompiledRule[] {
  return rules.map((rule) => ({ rule, when: compileConditions(rule.when) }))
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

function compileCondition(condition: Condition): CompiledCondition {
  const read = fieldReader(condition.field)
  const test = valueTest(condition)
  return {
    condition,
    read,
    holds: (facts) => {
      const value = read(facts)
      return value instanceof Unknown ? value : test(value, facts.nowMs)
    },
  }
}

/** Blank is a value of its own: it is in no list, it is not in every `not-in` list, and it lies in no range. */
export function valueTest(condition: Condition): (value: FieldText, nowMs: number) => boolean {
  switch (condition.op) {
    case 'in': {
      const wanted = new Set(condition.values.map(comparableText))
      return (value) => value !== null && wanted.has(comparableText(value))
    }
    case 'not-in': {
      const refused = new Set(condition.values.map(comparableText))
      return (value) => value === null || !refused.has(comparableText(value))
    }
    case 'prefix': {
      const starts = condition.values.map(comparableText)
      return (value) => {
        if (value === null) return false
        const text = comparableText(value)
        return starts.some((start) => text.startsWith(start))
      }
    }
    case 'contains': {
      const parts = condition.values.map(comparableText)
      return (value) => {
        if (value === null) return false
        const text = comparableText(value)
        return parts.some((part) => text.includes(part))
      }
    }
    case 'blank':
      return (value) => value === null
    case 'not-blank':
      return (value) => value !== null
    case 'range': {
      const measure = measureOf(condition)
      const from = condition.from === null ? Number.NEGATIVE_INFINITY : measure(condition.from)
      const below = condition.below === null ? Number.POSITIVE_INFINITY : measure(condition.below)
      return (value) => {
        if (value === null) return false
        const n = measure(value)
        return n >= from && n < below // NaN, a value that is no number or date, lies in no range
      }
    }
    case 'older-than': {
      const { days } = condition
      return (value, nowMs) => value !== null && nowMs - Date.parse(value) > days * DAY_MS
    }
  }
}

/** A range is of numbers or of dates, as its own ends are spelled. */
export function measureOf({ from, below }: Extract<Condition, { op: 'range' }>): (text: string) => number {
  return /^\d{4}-\d{2}-\d{2}/.test(from ?? below ?? '') ? Date.parse : Number
}
