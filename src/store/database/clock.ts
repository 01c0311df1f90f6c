import { type Kysely, sql } from 'kysely'
import { followSharedClock, nowMs as ownNowMs } from '../../clock/clock.ts'
import type { Tables } from './tables.ts'

const FOLLOWED_EVERY_MS = 5_000

/** The clock of this process becomes the database's. Asked with every sign of life, because clocks drift and are set. */
export async function followDatabaseClock(db: Kysely<Tables>): Promise<void> {
  const askedAt = performance.now()
  const databaseMs = await databaseNowMs(db)
  followSharedClock(databaseMs, performance.now() - askedAt)
}

/** Follows it until the signal. A database that is away keeps what is known; the next turn asks again. */
export async function keepToDatabaseClock(db: Kysely<Tables>, signal: AbortSignal): Promise<void> {
  await followDatabaseClock(db).catch(() => undefined)
  const timer = setInterval(() => void followDatabaseClock(db).catch(() => undefined), FOLLOWED_EVERY_MS).unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

/**
 * `nowMs` set to the database's clock at this moment, also where a test has moved it: a worker decides at the same moment
 * as the others, and what it schedules is due when they say so. Good for the minutes that a stage runs.
 */
export async function byDatabaseClock(db: Kysely<Tables>, nowMs: () => number): Promise<() => number> {
  const aheadMs = Math.round((await databaseNowMs(db)) - ownNowMs())
  return () => nowMs() + aheadMs
}

/** To compare with times that the database gave. */
export async function databaseNowMs(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db)
  return Math.round(rows[0]!.ms)
}
