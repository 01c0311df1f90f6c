import type { FieldText } from '../record/change-event.ts'
import { comparableText } from '../record/comparable-text.ts'
import type { Condition, Conditions, Rule } from './condition.ts'
import { type CaseFacts, fieldReader, isAnythingHidden, unreadableBehind } from './facts.ts'
import { renderCondition } from './render.ts'

/** Why a rule did not fire: its first condition that failed, and the value it met. */
export type RuleMiss = { readonly rule: string; readonly failed: string; readonly actual: FieldText }

export type CompiledCondition = {
  readonly condition: Condition
  readonly read: (facts: CaseFacts) => FieldText
  readonly holds: (facts: CaseFacts) => boolean
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

export function allHold(conditions: CompiledConditions, facts: CaseFacts): boolean {
  for (const condition of conditions) if (!condition.holds(facts)) return false
  return true
}

/** The inputs of these conditions that nobody can judge: what they say is a guess. */
export function hiddenOf(conditions: CompiledConditions | 'never', facts: CaseFacts): string[] {
  if (conditions === 'never' || !isAnythingHidden(facts)) return []
  return conditions.flatMap(({ condition }) => unreadableBehind(condition.field, facts))
}

/** Whether they hold as far as that can be judged. What is hidden may hold; `hiddenOf` says what that is. */
export function holdAsFarAsKnown(conditions: CompiledConditions, facts: CaseFacts): boolean {
  if (!isAnythingHidden(facts)) return allHold(conditions, facts)
  return conditions.every((one) => unreadableBehind(one.condition.field, facts).length > 0 || one.holds(facts))
}

/** The first rule whose conditions all hold. */
export function firstMatch<Row extends { readonly when: CompiledConditions }>(
  table: readonly Row[],
  facts: CaseFacts,
): Row | null {
  for (const row of table) if (allHold(row.when, facts)) return row
  return null
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
    const failed = row.when.find((condition) => !condition.holds(facts))
    if (failed === undefined) continue
    misses.push({ rule: row.rule.id, failed: renderCondition(failed.condition), actual: failed.read(facts) })
  }
  return misses
}

function compileCondition(condition: Condition): CompiledCondition {
  const read = fieldReader(condition.field)
  const test = valueTest(condition)
  return { condition, read, holds: (facts) => test(read(facts), facts.nowMs) }
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
