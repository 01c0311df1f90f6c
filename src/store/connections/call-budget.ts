import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { nowMs } from '../../clock/clock.ts'
import { canonicalZone } from '../../model/calendar/known-zone.ts'
import type { Tables } from '../database/tables.ts'

/** How long a caller waits for its turn before it gives the work back. Shorter than every lease. */
const PATIENCE_MS = 12_000

/** The allowance is used up for longer than a caller should wait. */
export class NoAllowanceError extends Error {
  override readonly name = 'NoAllowanceError'
  readonly retryAtMs: number
  constructor(message: string, retryAtMs: number) {
    super(message)
    this.retryAtMs = retryAtMs
  }
}

/** What a call is for: what people wait for, our tasks and owner writes with what they re-read, goes before the rest. */
export type Urgency = 'for-people' | 'other'

/** The last part of our share of the day is kept for people: a long import must not leave their tasks unwritten. */
const RESERVE = 0.1

/**
 * How late a caller learns that its share was raised meanwhile. One call in this time goes through although our share is
 * used: an admin may have bought more, which only an answer tells. That is 288 calls of a day at most.
 */
export const LOOK_AGAIN_MS = 300_000

/**
 * Takes one call from the connection's allowance, waiting for a free place in the window. The row is the one counter
 * that every worker of every machine shares, on the database's clock. Our windows are a second long where the CRM's are
 * ten: so whichever ten seconds the CRM looks at, at most one of our windows too many lies in them. Throws
 * `NoAllowanceError` when the wait would be long: the CRM asked for quiet, or our share of the day is used.
 */
export async function takeCall(
  db: Kysely<Tables>,
  connectionId: string,
  kind: 'read' | 'write' | 'search',
  urgency: Urgency = kind === 'write' ? 'for-people' : 'other',
): Promise<void> {
  const givesUpAt = givesUpWaitingAt()
  for (;;) {
    const turn = await tryTakeCall(db, connectionId, kind, urgency)
    if (turn.granted) return
    await waitForTurn(connectionId, turn, givesUpAt)
  }
}

/** When a caller that begins to wait for its turn now gives the work back. */
export function givesUpWaitingAt(): number {
  return performance.now() + PATIENCE_MS
}

/** Waits a moment for a call of people's urgency that the gate did not have. Throws `NoAllowanceError` as `takeCall` does. */
export async function waitForCall(db: Kysely<Tables>, connectionId: string, givesUpAt: number): Promise<void> {
  const turn = await whyRefused(db, connectionId, { search: false, part: 1, urgency: 'for-people' })
  await waitForTurn(connectionId, turn, givesUpAt)
}

async function waitForTurn(connectionId: string, turn: Refused, givesUpAt: number): Promise<void> {
  if (performance.now() + turn.waitMs > givesUpAt) {
    throw new NoAllowanceError(
      `No call left for connection "${connectionId}": ${turn.why}. Next try in ${Math.ceil(turn.waitMs / 1000)} s`,
      nowMs() + Math.min(turn.waitMs, turn.isDay ? LOOK_AGAIN_MS : Number.POSITIVE_INFINITY),
    )
  }
  await wait(Math.min(turn.waitMs, 1_000))
}

type Refused = { readonly granted: false; readonly waitMs: number; readonly why: string; readonly isDay?: boolean }
type Turn = { readonly granted: true } | Refused

/**
 * Calls of the last 24 hours where the CRM counts a rolling day: those since `day_began_at`, and of the 24 hours before
 * the part that is not over yet, taken as evenly spread. A CRM that counts from midnight has no day before.
 */
const DAY_USED = sql`(b.day_used + b.day_used_before
  * least(1, greatest(0, extract(epoch from b.day_ends_at - clock_timestamp()) / 86400)))`

const DAY_ALLOWED = sql`case when b.limit_today is not null
  then greatest(1, floor(b.day_share::numeric * b.limit_today)) end`

async function tryTakeCall(
  db: Kysely<Tables>,
  connectionId: string,
  kind: 'read' | 'write' | 'search',
  urgency: Urgency,
): Promise<Turn> {
  const search = kind === 'search'
  const part = urgency === 'for-people' ? 1 : 1 - RESERVE
  const { rows } = await sql<{ granted: boolean }>`
    select take_call(${connectionId}, ${search}, ${part}, ${LOOK_AGAIN_MS}) as granted`.execute(db)
  return rows[0]!.granted ? { granted: true } : whyRefused(db, connectionId, { search, part, urgency })
}

/** What keeps the connection from a call right now, and how long; begins the next day where the last one is over. */
async function whyRefused(
  db: Kysely<Tables>,
  connectionId: string,
  { search, part, urgency }: { readonly search: boolean; readonly part: number; readonly urgency: Urgency },
): Promise<Refused> {
  const { rows } = await sql<{
    paused_ms: number
    window_left_ms: number
    search_left_ms: number
    paused_why: string | null
    day_left_ms: number
    day_used: number
    day_allowed: number | null
    day_share: number
    limit_today: number | null
  }>`
    select greatest(0, extract(epoch from paused_until - clock_timestamp()) * 1000)::float8 as paused_ms, paused_why,
      greatest(0, window_ms - extract(epoch from clock_timestamp() - window_started_at) * 1000)::float8 as window_left_ms,
      greatest(0, 1000 - extract(epoch from clock_timestamp() - search_window_started_at) * 1000)::float8 as search_left_ms,
      ceil(extract(epoch from day_ends_at - clock_timestamp()) * 1000)::bigint as day_left_ms,
      ceil(${DAY_USED})::int as day_used, (${DAY_ALLOWED})::int as day_allowed, day_share, limit_today
    from call_budget b where connection_id = ${connectionId}`.execute(db)
  const row = rows[0]
  if (!row) throw new Error(`Connection "${connectionId}" has no call budget: it was removed or never connected`)
  if (row.paused_ms > 0)
    return { granted: false, waitMs: row.paused_ms + 50, why: row.paused_why ?? 'the CRM asked us to wait' }
  if (row.day_left_ms <= 0) {
    await beginDay(db, connectionId)
    return { granted: false, waitMs: 1, why: 'a new day begins' }
  }
  if (row.day_allowed !== null && row.day_used + 1 > Math.max(1, row.day_allowed * part)) {
    return { granted: false, waitMs: row.day_left_ms, why: dayIsUsed(row, urgency), isDay: true }
  }
  return {
    granted: false,
    waitMs: Math.max(20, search ? Math.min(row.search_left_ms, row.window_left_ms) : row.window_left_ms),
    why: 'our share of its call limit is used',
  }
}

function dayIsUsed(
  row: {
    readonly day_used: number
    readonly day_allowed: number | null
    readonly day_share: number
    readonly limit_today: number | null
    readonly day_left_ms: number
  },
  urgency: Urgency,
): string {
  const n = (value: number | null) => (value ?? 0).toLocaleString('en-US')
  const goesOn = new Date(nowMs() + row.day_left_ms).toISOString().slice(0, 16).replace('T', ' ')
  const rest = urgency === 'other' ? `; the last ${RESERVE * 100} % of it is kept for tasks` : ''
  return (
    `our share of the day is used, ${n(row.day_used)} calls of ${n(row.day_allowed)}, which is ` +
    `${Math.round(row.day_share * 1_000) / 10} % of the ${n(row.limit_today)} that the CRM allows${rest}. It goes on by ` +
    `${goesOn} UTC, or at once with a larger share`
  )
}

/**
 * Begins the next day of calls where the last is over: until the account's midnight, or for 24 hours next to what was
 * used in the 24 hours before, as the CRM counts (`day_resets`). A zone that Postgres does not know is taken for UTC.
 */
async function beginDay(db: Kysely<Tables>, connectionId: string): Promise<void> {
  const { rows } = await sql<{ zone: string | null }>`
    select time_zone as zone from connection where id = ${connectionId}`.execute(db)
  // Postgres takes "CET" for an abbreviation without summer time, and finds no name that is spelled in other case.
  const zone = canonicalZone(rows[0]?.zone ?? 'UTC')
  await sql`
    with clock as materialized (select clock_timestamp() as at),
    day as (
      select b.connection_id, b.day_resets = 'midnight of the account' as by_midnight, clock.at, b.day_used, b.day_ends_at,
        clock.at < b.day_ends_at + interval '24 hours' as follows,
        coalesce((select z.name from pg_timezone_names z where z.name = ${zone}), 'UTC') as zone
      from call_budget b cross join clock
      where b.connection_id = ${connectionId}
    )
    update call_budget b set day_used = 0,
      day_used_before = case when day.by_midnight or not day.follows then 0 else day.day_used end,
      day_began_at = case when day.by_midnight or not day.follows then day.at else day.day_ends_at end,
      day_ends_at = case
        when day.by_midnight then (date_trunc('day', day.at at time zone day.zone) + interval '1 day') at time zone day.zone
        when day.follows then day.day_ends_at + interval '24 hours'
        else day.at + interval '24 hours' end
    from day where b.connection_id = day.connection_id and b.day_ends_at = day.day_ends_at
      and b.day_ends_at <= day.at`.execute(db)
}

/** No CRM counts over more than a day. A header that says more is a fault, and would lock the connection for good. */
const PAUSE_MAX_MS = 24 * 3_600_000

/**
 * The CRM asked for quiet: nobody calls before then, or for a day at most. An earlier pause never shortens a later one.
 * `untilMs` is by the clock of this process, as the answer was; it is kept by the database's, which all processes share.
 */
export async function pauseCalls(
  db: Kysely<Tables>,
  connectionId: string,
  untilMs: number,
  why: string,
): Promise<void> {
  const pauseMs = Math.min(untilMs - nowMs(), PAUSE_MAX_MS)
  await sql`
    update call_budget set paused_why = ${why},
      paused_until = greatest(coalesce(paused_until, '-infinity'), clock_timestamp() + ${pauseMs} * interval '1 millisecond')
    where connection_id = ${connectionId}`.execute(db)
}

/** Takes over what the CRM's own headers say: calls used today, and the size of its window where it names one. */
export async function observeUsage(
  db: Kysely<Tables>,
  connectionId: string,
  usage: {
    readonly usedToday: number
    readonly limitToday: number
    readonly window?: { readonly ms: number; readonly limit: number } | undefined
  },
): Promise<void> {
  const perMs = usage.window ? usage.window.limit / usage.window.ms : null
  await sql`update call_budget set used_today = ${usage.usedToday}, limit_today = ${usage.limitToday},
      window_whole = coalesce(${perMs}::real * window_ms, window_whole),
      -- greatest() passes over a null: a CRM that names no window would be left with one call in it.
      window_limit = case when ${perMs}::real is null then window_limit
        else greatest(1, floor((${perMs}::real * window_ms)::numeric * window_share::numeric))::int end
    where connection_id = ${connectionId}`.execute(db)
}

/** How many calls the account may make in 24 hours, as the CRM said last. Null: it did not say. */
export async function callsOfDay(db: Kysely<Tables>, connectionId: string): Promise<number | null> {
  const { rows } = await sql<{ limit: number | null }>`
    select limit_today as limit from call_budget where connection_id = ${connectionId}`.execute(db)
  return rows[0]?.limit ?? null
}
