import type { FieldText } from '../record/change-event.ts'
import type { Condition } from './condition.ts'
import { type CaseFacts, fieldReader, supposing } from './facts.ts'
import { renderField } from './render.ts'

export type Change = { readonly field: string; readonly from: FieldText; readonly to: FieldText }

/** Real tables name a few hundred values; past that the search stops and the receipt says nothing. */
const TRIES_MAX = 1000

/**
 * M57: the smallest change of a single input that changes the outcome, verified by deciding again with it. Tried are
 * the values that the conditions themselves name, just outside each range, and blank. Numbers go by distance, nearest
 * first; after them the order of the conditions.
 */
export function smallestChange(
  facts: CaseFacts,
  conditions: readonly Condition[],
  outcome: (facts: CaseFacts) => string,
): (Change & { readonly outcome: string }) | null {
  const present = outcome(facts)
  const tries = candidates(facts, conditions)
  for (const change of tries) {
    const supposed = outcome(supposing(facts, new Map([[change.field, change.to]])))
    if (supposed !== present) return { field: change.field, from: change.from, to: change.to, outcome: supposed }
  }
  return null
}

/** "If the country were DE instead of FR" */
export function renderChange({ field, from, to }: Change): string {
  return `If ${renderField(field)} were ${to ?? 'blank'} instead of ${from ?? 'blank'}`
}

function candidates(facts: CaseFacts, conditions: readonly Condition[]): Change[] {
  const tries = new Map<string, Change & { distance: number }>()
  const blanks: (Change & { distance: number })[] = []
  for (const condition of conditions) {
    const { field } = condition
    const from = fieldReader(field)(facts)
    for (const to of valuesNear(condition, facts.nowMs)) {
      if (to === from || tries.size >= TRIES_MAX) continue
      const distance = Math.abs(Number(to) - Number(from))
      tries.set(`${field} ${to}`, {
        field,
        from,
        to,
        distance: condition.op === 'range' && from !== null ? distance : Number.POSITIVE_INFINITY,
      })
    }
    if (from !== null) blanks.push({ field, from, to: null, distance: Number.POSITIVE_INFINITY })
  }
  // Blanking an input is the crudest change, so it comes last.
  return [...[...tries.values()].sort(byDistance), ...blanks]
}

function byDistance(a: { distance: number }, b: { distance: number }): number {
  return a.distance === b.distance ? 0 : a.distance < b.distance ? -1 : 1
}

function valuesNear(condition: Condition, nowMs: number): string[] {
  switch (condition.op) {
    case 'in':
    case 'not-in':
    case 'prefix':
    case 'contains':
      return [...condition.values]
    case 'range':
      return [condition.from, justBelow(condition.from), condition.below, justBelow(condition.below)].filter(
        (value): value is string => value !== null,
      )
    case 'older-than':
      return [new Date(nowMs).toISOString(), new Date(nowMs - (condition.days + 1) * 86_400_000).toISOString()]
    case 'not-blank':
      return ['any value']
    case 'blank':
      return []
  }
}

function justBelow(end: string | null): string | null {
  if (end === null || Number.isNaN(Number(end))) return null
  return String(Number(end) - 1)
}
