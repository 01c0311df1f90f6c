import { type Kysely, sql } from 'kysely'
import { DEAD_AFTER_S } from '../database/counters.ts'
import type { Tables } from '../database/tables.ts'
import { RESTS } from '../decisions/resting-lists.ts'

export type ComparisonDepth = 'recent' | 'full'
export type ComparisonPhase = 'read' | 'extra' | 'look'

/** The comparison of one connection with its CRM: what was asked for and where it stands. */
export type ComparisonState = {
  readonly state: 'idle' | 'asked' | 'running'
  readonly depth: ComparisonDepth
  readonly askedBy: 'clock' | 'person'
  readonly run: number
  readonly sinceMs: number
  readonly objectType: string | null
  readonly phase: ComparisonPhase
  readonly cursor: string | null
  readonly pages: number
  readonly records: number
  readonly ofTotal: number | null
  readonly startedAt: Date | null
  readonly notBefore: Date | null
  readonly problem: string | null
  readonly lastFullAt: Date | null
  readonly lastRecentAt: Date | null
}

/** How long one page, with the wait before it, may take before another process may go on. */
const LEASE_S = 90

const COLUMNS = [
  'state',
  'depth',
  'asked_by',
  'run',
  'since_ms',
  'object_type',
  'phase',
  'cursor',
  'pages',
  'records',
  'of_total',
  'started_at',
  'not_before',
  'problem',
  'last_full_at',
  'last_recent_at',
] as const

export async function readComparison(db: Kysely<Tables>, connectionId: string): Promise<ComparisonState | null> {
  const row = await db
    .selectFrom('comparison')
    .select(COLUMNS)
    .where('connection_id', '=', connectionId)
    .executeTakeFirst()
  if (!row) return null
  return {
    state: row.state,
    depth: row.depth,
    askedBy: row.asked_by,
    run: row.run,
    sinceMs: row.since_ms,
    objectType: row.object_type,
    phase: row.phase,
    cursor: row.cursor,
    pages: row.pages,
    records: row.records,
    ofTotal: row.of_total,
    startedAt: row.started_at,
    notBefore: row.not_before,
    problem: row.problem,
    lastFullAt: row.last_full_at,
    lastRecentAt: row.last_recent_at,
  }
}

/** Nothing is compared by the clock before this long after we first looked at the connection. */
export async function ensureComparison(db: Kysely<Tables>, connectionId: string, notWithinS: number): Promise<void> {
  await sql`insert into comparison (connection_id, not_before)
    values (${connectionId}, clock_timestamp() + ${notWithinS} * interval '1 second')
    on conflict do nothing`.execute(db)
}

/**
 * Asks for a comparison. A person's request is for all records and starts over a running comparison of recent ones; one
 * of all that runs already is theirs from then on, so that what it finds stays as a number until they say otherwise.
 */
export async function requestComparison(
  db: Kysely<Tables>,
  connectionId: string,
  by: 'clock' | 'person',
  depth: ComparisonDepth,
): Promise<void> {
  await sql`
    insert into comparison as s (connection_id, state, depth, asked_by)
    values (${connectionId}, 'asked', ${depth}, ${by})
    on conflict (connection_id) do update set
      state = case when s.state = 'running' and s.depth = 'full' then 'running' else 'asked' end,
      depth = case when s.state <> 'idle' and s.depth = 'full' then 'full' else excluded.depth end,
      asked_by = case when s.state <> 'idle' and s.asked_by = 'person' then 'person' else excluded.asked_by end,
      not_before = case when excluded.asked_by = 'person' then null else s.not_before end,
      problem = case when excluded.asked_by = 'person' then null else s.problem end`.execute(db)
}

/** Makes the caller the only one who compares this connection. One that gives no sign of life is not. */
export async function claimComparison(db: Kysely<Tables>, connectionId: string, instance: string): Promise<boolean> {
  const { rows } = await sql`
    update comparison s set claimed_by = ${instance}, claimed_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    where connection_id = ${connectionId} and (s.claimed_until is null or s.claimed_until < clock_timestamp()
      or s.claimed_by = ${instance} or not exists (
        select 1 from process_beat b where b.instance = s.claimed_by
          and b.beat_at > clock_timestamp() - ${DEAD_AFTER_S} * interval '1 second'))
    returning 1`.execute(db)
  return rows.length > 0
}

/** Gives the claim back, with the reason if it did not end well, and after how long to go on. */
export async function releaseComparison(
  db: Kysely<Tables>,
  connectionId: string,
  instance: string,
  paused: { readonly problem: string; readonly forMs: number } | null = null,
): Promise<void> {
  await sql`update comparison set claimed_by = null, claimed_until = null,
      problem = coalesce(${paused?.problem ?? null}, problem),
      not_before = coalesce(clock_timestamp() + ${paused?.forMs ?? null}::float8 * interval '1 millisecond', not_before)
    where connection_id = ${connectionId} and claimed_by = ${instance}`.execute(db)
}

/** Begins what was asked for. What an aborted one left behind goes. */
export async function beginComparison(
  trx: Kysely<Tables>,
  connectionId: string,
  first: { readonly objectType: string; readonly sinceMs: number },
): Promise<void> {
  // The marks: the rest of what was seen of an object goes before its first page.
  await sql`delete from comparison_seen where connection_id = ${connectionId} and record_id = ''`.execute(trx)
  await sql`delete from comparison_day where connection_id = ${connectionId} and run <> 0`.execute(trx)
  await sql`delete from difference where connection_id = ${connectionId} and run <> 0 and differs_since is null`.execute(
    trx,
  )
  await sql`update difference set is_pending = false, is_counted = is_counted and run = 0, run = 0
    where connection_id = ${connectionId} and (run <> 0 or is_pending)`.execute(trx)
  await sql`update comparison set state = 'running', run = run + 1, since_ms = ${first.sinceMs},
      object_type = ${first.objectType}, phase = 'read', cursor = null, pages = 0, records = 0, of_total = null,
      started_at = clock_timestamp(), problem = null
    where connection_id = ${connectionId}`.execute(trx)
}

export type ComparisonCursor = {
  readonly objectType: string
  readonly phase: ComparisonPhase
  readonly cursor: string | null
  /** Added to what was read so far. */
  readonly pages: number
  readonly records: number
  /** Null: as before. */
  readonly ofTotal: number | null
}

/**
 * Moves on, in the transaction of what was found there. False: the comparison is somebody else's by now, or another was
 * asked for, and nothing of this may be committed.
 */
export async function moveComparison(
  trx: Kysely<Tables>,
  connectionId: string,
  { instance, run }: { readonly instance: string; readonly run: number },
  place: ComparisonCursor,
): Promise<boolean> {
  const { rows } = await sql`
    update comparison set object_type = ${place.objectType}, phase = ${place.phase}, cursor = ${place.cursor},
      pages = case when object_type = ${place.objectType} then pages else 0 end + ${place.pages},
      records = case when object_type = ${place.objectType} then records else 0 end + ${place.records},
      of_total = case when object_type = ${place.objectType} then coalesce(${place.ofTotal}::bigint, of_total)
        else ${place.ofTotal}::bigint end,
      problem = null, claimed_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    where connection_id = ${connectionId} and claimed_by = ${instance} and run = ${run} and state = 'running'
    returning 1`.execute(trx)
  return rows.length > 0
}

export async function finishComparison(
  trx: Kysely<Tables>,
  connectionId: string,
  { instance, run }: { readonly instance: string; readonly run: number },
): Promise<boolean> {
  const { rows } = await sql`
    update comparison set state = 'idle', object_type = null, cursor = null, problem = null,
      last_full_at = case when depth = 'full' then clock_timestamp() else last_full_at end,
      last_recent_at = clock_timestamp()
    where connection_id = ${connectionId} and claimed_by = ${instance} and run = ${run} and state = 'running'
    returning 1`.execute(trx)
  return rows.length > 0
}

/** Whether the events of the first import are in our records. Before that, every record would look missing. */
export async function isBaselineFolded(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ waits: boolean }>`
    select exists (select 1 from change_event where connection_id = ${connectionId} and state = 'received'
      and source = 'baseline') as waits`.execute(db)
  return !rows[0]!.waits
}

/** What part of our share of calls the comparison leaves to everybody else. */
const HALF = sql`0.5::numeric`

/**
 * Whether there is room for a call that nobody waits for: the CRM has not asked for quiet, less than half of this
 * window's and this day's share is used, and nothing that people wait for is about to call. Null: yes; else the sentence
 * that says why not.
 */
export async function whyNoRoom(db: Kysely<Tables>, connectionId: string): Promise<string | null> {
  const { rows } = await sql<{ why: string | null }>`
    select case
      when b.paused_until > clock_timestamp() then 'The CRM asked us to wait.'
      when b.limit_today is not null and b.day_used >= ${HALF} * b.day_share::numeric * b.limit_today
        and b.day_ends_at > clock_timestamp() then 'Half of our calls of the day is used.'
      when b.window_used >= greatest(1, floor(${HALF} * b.window_limit))
        and clock_timestamp() < b.window_started_at + b.window_ms * interval '1 millisecond' then 'Other calls go first.'
      when exists (select 1 from intent i where i.connection_id = b.connection_id and i.state in ('pending', 'sending')
        and i.next_attempt_at <= clock_timestamp() and not ${RESTS}) then 'Tasks are written first.'
      when exists (select 1 from connection c where c.id = b.connection_id and c.reading_until > clock_timestamp()
        and not (c.baseline->>'done')::boolean) then 'The first import goes first.'
    end as why
    from call_budget b where b.connection_id = ${connectionId}`.execute(db)
  return rows[0]?.why ?? null
}

/** For whoever looks at its progress; moving on takes it away again. */
export async function sayWhyItWaits(
  db: Kysely<Tables>,
  connectionId: string,
  instance: string,
  why: string,
): Promise<void> {
  await sql`update comparison set problem = ${why}
    where connection_id = ${connectionId} and claimed_by = ${instance} and problem is distinct from ${why}`.execute(db)
}
