import { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from './case-facts.ts'
import { olderFromMs } from './days.ts'
import type { CompiledConditions } from './evaluate.ts'
import { hasRow } from './row-bits.ts'

/** Rows of a first-match table that ask for an age, each with its place in the table. */
export type AgingRow = { readonly row: number; readonly when: CompiledConditions }

/**
 * When these conditions begin to hold, or may begin to, although nothing but the clock moves: age is all in them that time
 * changes, and it only grows. Null: they hold, or time alone will not make them. An input that is not known is no reason to
 * wait for a time: the record is decided again when it becomes known.
 */
export function nextFlipMs(conditions: CompiledConditions, facts: CaseFacts): number | null {
  let flipsAtMs: number | null = null
  for (const { condition, read, holds, zone } of conditions) {
    if (condition.op !== 'older-than') {
      if (holds(facts) === false) return null
      continue
    }
    const value = read(facts)
    if (value instanceof Unknown) continue
    const fromMs = olderFromMs(value, condition.days, zone)
    if (fromMs === null) return null
    if (fromMs > facts.nowMs) flipsAtMs = Math.max(flipsAtMs ?? fromMs, fromMs)
  }
  return flipsAtMs
}

export function agingRows(rows: readonly CompiledConditions[]): AgingRow[] {
  return rows.flatMap((when, row) => (isAging(when) ? [{ row, when }] : []))
}

export function isAging(conditions: CompiledConditions): boolean {
  return conditions.some(({ condition }) => condition.op === 'older-than')
}

/**
 * When the first of these rows before `winner` begins to hold, and takes its place. -1: none of the table holds now.
 * `possible`: the rows of the table that are looked at, where others are known to be out of the question.
 */
export function nextRowFlipMs(
  rows: readonly AgingRow[],
  winner: number,
  facts: CaseFacts,
  possible: Int32Array | null = null,
): number | null {
  let earliestMs: number | null = null
  for (const { row, when } of rows) {
    if (winner !== -1 && row >= winner) break
    if (possible !== null && !hasRow(possible, row)) continue
    const atMs = nextFlipMs(when, facts)
    if (atMs !== null && (earliestMs === null || atMs < earliestMs)) earliestMs = atMs
  }
  return earliestMs
}
