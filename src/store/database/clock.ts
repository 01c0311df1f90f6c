import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * `nowMs` set to the database's clock, which all processes share: a worker whose own clock is off decides at the same
 * moment as the others, and what it schedules is due when they say so. Good for the minutes that a stage runs.
 */
export async function byDatabaseClock(db: Kysely<Tables>, nowMs: () => number): Promise<() => number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db)
  const aheadMs = Math.round(rows[0]!.ms - Date.now())
  return () => nowMs() + aheadMs
}
