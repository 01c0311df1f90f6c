import { SALESFORCE } from '../profile.ts'

/**
 * How many rows go into one call. Salesforce takes 200, but they are one transaction: their triggers share its limits, and
 * it locks every record and parent it touches. After a call was too large for the org, the next calls are smaller.
 */
export type ChunkSize = {
  rows(): number
  /** A call hit locked rows or the limits of a transaction. */
  tooMany(): void
}

/** Smaller calls would cost more than they save. */
const ROWS_MIN = 25
/** Imports and mass updates, which hold the locks, are over in minutes. */
const RECOVERS_AFTER_MS = 5 * 60_000

export function chunkSize(nowMs: () => number): ChunkSize {
  let rows: number = SALESFORCE.writeBatchMax
  let changedAtMs = Number.NEGATIVE_INFINITY
  return {
    rows() {
      if (rows < SALESFORCE.writeBatchMax && nowMs() - changedAtMs >= RECOVERS_AFTER_MS) {
        rows = Math.min(SALESFORCE.writeBatchMax, rows * 2)
        changedAtMs = nowMs()
      }
      return rows
    },
    tooMany() {
      rows = Math.max(ROWS_MIN, Math.ceil(rows / 2))
      changedAtMs = nowMs()
    },
  }
}
