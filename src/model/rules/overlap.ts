import type { Condition, Conditions } from './condition.ts'
import { comparableFor } from './evaluate.ts'

/**
 * Whether one record could meet both lists. False only where it surely cannot: where both ask about one field and leave
 * no common value. What cannot be judged by looking at two conditions counts as possible.
 */
export function mayOverlap(a: Conditions, b: Conditions): boolean {
  return !a.some((one) => b.some((other) => one.field === other.field && areApart(one, other)))
}

function areApart(a: Condition, b: Condition): boolean {
  const comparable = comparableFor(a.field)
  if (a.op === 'in' && b.op === 'in') {
    const values = new Set(a.values.map(comparable))
    return !b.values.some((value) => values.has(comparable(value)))
  }
  if (a.op === 'in' && b.op === 'not-in') {
    const refused = new Set(b.values.map(comparable))
    return a.values.every((value) => refused.has(comparable(value)))
  }
  if (a.op === 'not-in' && b.op === 'in') return areApart(b, a)
  if (a.op === 'blank') return b.op !== 'blank' && b.op !== 'not-in'
  if (b.op === 'blank') return areApart(b, a)
  return false
}
