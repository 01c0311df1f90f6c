import type { FieldText } from '../record/change-event.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Zone } from '../record/wall-clock.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition } from './condition.ts'
import { isOfDates, measureOf } from './evaluate.ts'
import { type Placed, rowsWithout } from './place-record.ts'
import { isPostalField } from './postal-code.ts'
import { renderField } from './render.ts'
import { firstRowOf } from './row-bits.ts'
import { rowsAllowing, type TableIndex } from './table-index.ts'

export type Change = { readonly field: string; readonly from: FieldText; readonly to: FieldText }

/** A value that could make a difference: what a condition names, just outside a range, on either side of an age. */
type Candidate = {
  readonly field: number
  readonly value: (nowMs: number) => string
  /** Of a range: how far away it is, so that the nearest goes first. */
  readonly distanceFrom: ((from: string) => number) | null
  /** The rows that the field then allows; null where that depends on the moment of decision. */
  readonly allows: Int32Array | null
}

export type ChangeSearch = {
  readonly index: TableIndex
  readonly candidates: readonly Candidate[]
  /** By field: the rows that it allows when blank. */
  readonly whenBlank: readonly Int32Array[]
}

/** Made once per policy version: every value that its tables name, and what each would leave of the rows. */
export function prepareChanges(index: TableIndex): ChangeSearch {
  const candidates = new Map<string, Candidate>()
  for (const { condition, field } of index.rows.flat()) {
    const ages = index.fields[field]!.columns.some((c) => index.columns[c]!.ages)
    for (const named of valuesNear(condition, index.zone)) {
      const key = `${field} ${named.key}`
      const known = candidates.get(key)
      if (known !== undefined && (known.distanceFrom !== null || named.distanceFrom === null)) continue
      const allows = ages ? null : rowsAllowing(index, field, named.value(0), 0)
      candidates.set(key, { field, value: named.value, distanceFrom: named.distanceFrom, allows })
    }
  }
  return {
    index,
    candidates: [...candidates.values()],
    whenBlank: index.fields.map((_, field) => rowsAllowing(index, field, null, 0)),
  }
}

/**
 * M57: the smallest change of a single input that changes the outcome. Numbers and days go by distance, nearest first;
 * after them the other values in the order of the conditions; blanking an input is the crudest change and comes last.
 * Each is looked up in the index, and what is found counts only when `verify`, which decides again with the change in
 * place, says so too. An input that is not known has no change: nobody knows from what. Null where `placed` is not known.
 */
export function smallestChange(
  { index, candidates, whenBlank }: ChangeSearch,
  placed: Placed,
  facts: CaseFacts,
  outcomeOf: (row: number) => string,
  verify: (change: Change) => string,
): (Change & { readonly outcome: string }) | null {
  if (placed.unknown !== null) return null
  const present = outcomeOf(placed.row)
  const { nowMs } = facts
  const others: (Int32Array | undefined)[] = []
  const changes = (field: number, allows: Int32Array): boolean => {
    others[field] ??= rowsWithout(index, placed, field)
    return outcomeOf(firstRowOf(others[field], allows)) !== present
  }
  const verified = (field: number, to: FieldText): (Change & { readonly outcome: string }) | null => {
    const from = placed.values[field]!
    if (from instanceof Unknown) return null
    const change = { field: index.fields[field]!.field, from, to }
    const outcome = verify(change)
    return outcome === present ? null : { ...change, outcome }
  }
  const allowedBy = (c: Candidate) => c.allows ?? rowsAllowing(index, c.field, c.value(nowMs), nowMs)

  let nearest: Candidate | null = null
  let distance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const away = distanceOf(candidate, placed)
    if (away >= distance || away === 0 || !changes(candidate.field, allowedBy(candidate))) continue
    nearest = candidate
    distance = away
  }
  if (nearest !== null) {
    const found = verified(nearest.field, nearest.value(nowMs))
    if (found !== null) return found
  }
  for (const candidate of candidates) {
    if (Number.isFinite(distanceOf(candidate, placed))) continue
    if (!changes(candidate.field, allowedBy(candidate))) continue
    const found = verified(candidate.field, candidate.value(nowMs))
    if (found !== null) return found
  }
  for (const [field, allows] of whenBlank.entries()) {
    if (placed.values[field] === null || !changes(field, allows)) continue
    const found = verified(field, null)
    if (found !== null) return found
  }
  return null
}

/** Infinite where the two are not on one scale. */
function distanceOf({ field, distanceFrom }: Candidate, { values }: Placed): number {
  const from = values[field]!
  if (distanceFrom === null || typeof from !== 'string') return Number.POSITIVE_INFINITY
  const distance = distanceFrom(from)
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance
}

/** "If the country were DE instead of FR" */
export function renderChange({ field, from, to }: Change): string {
  return `If ${renderField(field)} were ${to ?? 'blank'} instead of ${from ?? 'blank'}`
}

type Named = Pick<Candidate, 'value' | 'distanceFrom'> & { readonly key: string }

const DAY_MS = 86_400_000

function valuesNear(condition: Condition, zone: Zone): Named[] {
  const fixed = (text: string): Named => ({ key: text, value: () => text, distanceFrom: null })
  switch (condition.op) {
    case 'in':
    case 'not-in':
    case 'prefix':
    case 'contains':
      return condition.values.map(fixed)
    case 'range': {
      const measure = measureOf(condition, zone)
      const unit = isPostalField(condition.field) || !isOfDates(condition) ? 1 : DAY_MS
      return [condition.from, justBelow(condition.from), condition.below, justBelow(condition.below)]
        .filter((value) => value !== null)
        .map((text): Named => {
          const at = measure(text)
          return { ...fixed(text), distanceFrom: (from) => Math.abs(at - measure(from)) / unit }
        })
    }
    case 'older-than': {
      const instant = (key: string, daysAgo: number): Named => ({
        key,
        value: (nowMs) => new Date(nowMs - daysAgo * DAY_MS).toISOString(),
        distanceFrom: null,
      })
      return [instant('now', 0), instant(`${condition.days} days ago`, condition.days + 1)]
    }
    case 'not-blank':
      return [fixed('any value')]
    case 'blank':
      return []
  }
}

function justBelow(end: string | null): string | null {
  if (end === null || Number.isNaN(Number(end))) return null
  // A code keeps its leading zero.
  return String(Number(end) - 1).padStart(end.startsWith('0') ? end.length : 0, '0')
}
