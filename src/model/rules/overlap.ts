import { comparableText } from '../record/comparable-text.ts'
import type { Condition, Conditions } from './condition.ts'

/**
 * Whether one record could meet both lists. False only where it surely cannot: where both ask about one field and leave
 * no common value. What cannot be judged by looking at two conditions counts as possible.
 */
export function mayOverlap(a: Conditions, b: Conditions): boolean {
  return !a.some((one) => b.some((other) => one.field === other.field && areApart(one, other)))
}

function areApart(a: Condition, b: Condition): boolean {
  if (a.op === 'in' && b.op === 'in') {
    const values = new Set(a.values.map(comparableText))
    return !b.values.some((value) => values.has(comparableText(value)))
  }
  if (a.op === 'in' && b.op === 'not-in') {
    const refused = new Set(b.values.map(comparableText))
    return a.values.every((value) => refused.has(comparableText(value)))
  }
  if (a.op === 'not-in' && b.op === 'in') return areApart(b, a)
  if (a.op === 'blank') return b.op !== 'blank' && b.op !== 'not-in'
  if (b.op === 'blank') return areApart(b, a)
  return false
}
