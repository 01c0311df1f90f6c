import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { DatabaseTransaction } from '../database/database.ts'
import { appendLedger } from './ledger.ts'

/** The kind of an entry that names the rows whose bodies were erased. Its own body is never erased. */
export const ERASED_KIND = 'ledger-erased'

/** First and last row of a stretch. */
export type RowRange = readonly [from: number, to: number]

// Rows that one entry names. They may all stand apart, and an entry should stay readable.
const ROWS_PER_ENTRY = 10_000

/**
 * Erases the bodies of ledger rows and appends the entry that names them: a body that is missing without one counts as
 * tampering. The entry names rows only, so it says nothing of what was in them. Returns how many rows were erased.
 */
export async function eraseLedgerBodies(
  trx: DatabaseTransaction,
  which: RawBuilder<SqlBool>,
  { subject, because }: { readonly subject: string; readonly because: string },
): Promise<number> {
  const { rows } = await sql<{ seq: number; at: Date }>`
    update ledger set body = null
    where (${which}) and body is not null and kind <> ${ERASED_KIND}
    returning seq, clock_timestamp() as at`.execute(trx)
  if (rows.length === 0) return 0
  const seqs = rows.map(({ seq }) => seq).sort((a, b) => a - b)
  const entries = []
  for (let from = 0; from < seqs.length; from += ROWS_PER_ENTRY) {
    const body = JSON.stringify({ because, rows: rangesOf(seqs.slice(from, from + ROWS_PER_ENTRY)) })
    entries.push({ at: rows[0]!.at, kind: ERASED_KIND, actor: 'lanekeeper', subject, body })
  }
  await appendLedger(trx, entries)
  return rows.length
}

/** Rising numbers as stretches without a gap. */
function rangesOf(seqs: readonly number[]): RowRange[] {
  const ranges: [number, number][] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === seq - 1) last[1] = seq
    else ranges.push([seq, seq])
  }
  return ranges
}

/** Rows without a body, and the rows that erasures name, while a ledger is read. Memory grows with stretches, not rows. */
export type ErasedRows = {
  missing(seq: number): void
  /** Null: the entry names rows before it. Otherwise what is wrong with it. */
  named(seq: number, body: string): string | null
  /** The first row without a body that no later erasure names, and how many there are. */
  unexplained(): { readonly first: number; readonly n: number } | null
}

export function erasedRows(): ErasedRows {
  const gone: [number, number][] = []
  const named: RowRange[] = []
  return {
    missing(seq) {
      const last = gone.at(-1)
      if (last !== undefined && last[1] === seq - 1) last[1] = seq
      else gone.push([seq, seq])
    },
    named(seq, body) {
      const ranges = readRanges(body, seq)
      if (ranges === null) return 'an erasure does not name rows before it'
      for (const range of ranges) named.push(range)
      return null
    },
    unexplained: () => without(gone, named),
  }
}

function readRanges(body: string, seq: number): RowRange[] | null {
  let rows: unknown
  try {
    rows = (JSON.parse(body) as { rows?: unknown } | null)?.rows
  } catch {
    return null
  }
  return Array.isArray(rows) && rows.every((range) => isRangeBefore(range, seq)) ? rows : null
}

function isRangeBefore(range: unknown, seq: number): range is RowRange {
  if (!Array.isArray(range) || range.length !== 2) return false
  const [from, to] = range as unknown[]
  return (
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(to) &&
    1 <= (from as number) &&
    (from as number) <= (to as number) &&
    (to as number) < seq
  )
}

/** What of `gone` lies in no range of `named`. */
function without(gone: readonly RowRange[], named: readonly RowRange[]): ReturnType<ErasedRows['unexplained']> {
  const sorted = named.toSorted(([a], [b]) => a - b)
  let first: number | null = null
  let n = 0
  let at = 0
  let until = 0
  for (const [from, to] of gone) {
    for (let seq = from; seq <= to; ) {
      // `until`: every row up to here that may be named by the ranges looked at so far is.
      while (at < sorted.length && sorted[at]![0] <= seq) until = Math.max(until, sorted[at++]![1])
      if (seq <= until) seq = until + 1
      else {
        first ??= seq
        const next = Math.min(to + 1, sorted[at]?.[0] ?? to + 1)
        n += next - seq
        seq = next
      }
    }
  }
  return first === null ? null : { first, n }
}
