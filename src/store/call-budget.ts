import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

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

/**
 * Takes one call from the connection's allowance, waiting for a free place in the window. The row is the one counter
 * that every worker of every machine shares, on the database's clock. Our windows are a second long where the CRM's are
 * ten: so whichever ten seconds the CRM looks at, at most one of our windows too many lies in them.
 */
export async function takeCall(
  db: Kysely<Tables>,
  connectionId: string,
  kind: 'read' | 'write' | 'search',
): Promise<void> {
  const givesUpAt = Date.now() + PATIENCE_MS
  for (;;) {
    const turn = await tryTakeCall(db, connectionId, kind)
    if (turn.granted) return
    if (Date.now() + turn.waitMs > givesUpAt) {
      throw new NoAllowanceError(
        `No call left for connection "${connectionId}": ${turn.why}. Next try in ${Math.ceil(turn.waitMs / 1000)} s`,
        Date.now() + turn.waitMs,
      )
    }
    await wait(Math.min(turn.waitMs, 1_000))
  }
}

async function tryTakeCall(
  db: Kysely<Tables>,
  connectionId: string,
  kind: 'read' | 'write' | 'search',
): Promise<{ granted: true } | { granted: false; waitMs: number; why: string }> {
  const search = kind === 'search'
  const { rows: granted } = await sql<{ connection_id: string }>`
    update call_budget b set
      calls_total = calls_total + 1,
      window_started_at = case when clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond'
        then clock_timestamp() else window_started_at end,
      window_used = case when clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond'
        then 1 else window_used + 1 end,
      search_window_started_at = case when ${search} and clock_timestamp() >= search_window_started_at + interval '1 second'
        then clock_timestamp() else search_window_started_at end,
      search_used = case when not ${search} then search_used
        when clock_timestamp() >= search_window_started_at + interval '1 second' then 1 else search_used + 1 end
    where connection_id = ${connectionId}
      and (paused_until is null or paused_until <= clock_timestamp())
      and (window_used < window_limit or clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond')
      and (not ${search} or search_used < search_limit_per_second
           or clock_timestamp() >= search_window_started_at + interval '1 second')
    returning connection_id`.execute(db)
  if (granted.length > 0) return { granted: true }
  const { rows } = await sql<{
    paused_ms: number
    window_left_ms: number
    search_left_ms: number
    paused_why: string | null
  }>`
    select greatest(0, extract(epoch from paused_until - clock_timestamp()) * 1000)::int as paused_ms, paused_why,
      greatest(0, window_ms - extract(epoch from clock_timestamp() - window_started_at) * 1000)::int as window_left_ms,
      greatest(0, 1000 - extract(epoch from clock_timestamp() - search_window_started_at) * 1000)::int as search_left_ms
    from call_budget where connection_id = ${connectionId}`.execute(db)
  const row = rows[0]
  if (!row) throw new Error(`Connection "${connectionId}" has no call budget: it was removed or never connected`)
  if (row.paused_ms > 0)
    return { granted: false, waitMs: row.paused_ms + 50, why: row.paused_why ?? 'the CRM asked us to wait' }
  return {
    granted: false,
    waitMs: Math.max(20, search ? Math.min(row.search_left_ms, row.window_left_ms) : row.window_left_ms),
    why: 'our share of its call limit is used',
  }
}

/** The CRM asked for quiet: nobody calls before then. An earlier pause never shortens a later one. */
export async function pauseCalls(
  db: Kysely<Tables>,
  connectionId: string,
  untilMs: number,
  why: string,
): Promise<void> {
  await sql`
    update call_budget set paused_until = greatest(coalesce(paused_until, '-infinity'), ${new Date(untilMs)}), paused_why = ${why}
    where connection_id = ${connectionId}`.execute(db)
}

/** Our share of what the CRM allows (promise 12). */
const SHARE = 0.8

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
  const perSecond = usage.window
    ? Math.max(1, Math.floor((usage.window.limit * SHARE * 1_000) / usage.window.ms))
    : null
  await sql`update call_budget set used_today = ${usage.usedToday}, limit_today = ${usage.limitToday},
      window_limit = coalesce(${perSecond}::int * window_ms / 1000, window_limit)
    where connection_id = ${connectionId}`.execute(db)
}
