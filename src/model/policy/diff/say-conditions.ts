import type { Condition, Conditions } from '../../rules/condition.ts'
import { renderConditions, renderField, together } from '../../rules/render.ts'
import { isSame } from './rows.ts'

/** "the country is DE or AT (was DE)"; where one list of values alone changed, what was added and what was taken out. */
export function sayConditions(from: Conditions, to: Conditions): string {
  return valuesSentence(from, to) ?? `now ${renderConditions(to)} (was ${renderConditions(from)})`
}

/** Whether every record that the first let in is let in by the second: conditions left out, or values added. */
export function isLooser(from: Conditions, to: Conditions): boolean {
  return to.every((condition) => from.some((old) => isSame(old, condition) || letsIn(old, condition)))
}

function letsIn(old: Condition, condition: Condition): boolean {
  if (old.field !== condition.field || !('values' in old) || !('values' in condition) || old.op !== condition.op) {
    return false
  }
  const [few, many] = condition.op === 'not-in' ? [condition, old] : [old, condition]
  return few.values.every((value) => many.values.includes(value))
}

function valuesSentence(from: Conditions, to: Conditions): string | null {
  if (from.length !== to.length) return null
  const changed = from.flatMap((old, i) => (isSame(old, to[i]) ? [] : [[old, to[i]!] as const]))
  const [pair] = changed
  if (pair === undefined || changed.length > 1) return null
  const [old, now] = pair
  if (old.field !== now.field || old.op !== now.op || !('values' in old) || !('values' in now)) return null
  const added = now.values.filter((value) => !old.values.includes(value))
  const dropped = old.values.filter((value) => !now.values.includes(value))
  // The order of values alone: the same records, another text.
  if (added.length + dropped.length === 0) return null
  const parts = [
    ...(added.length > 0 ? [`adds ${together(added)}`] : []),
    ...(dropped.length > 0 ? [`drops ${together(dropped)}`] : []),
  ]
  return `the list for ${renderField(now.field)}${now.op === 'not-in' ? ' (excluded)' : ''} ${parts.join(' and ')}`
}
