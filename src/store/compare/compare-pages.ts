import { type Kysely, sql } from 'kysely'
import type { FieldText } from '../../model/record/change-event.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { withdraw } from './differences.ts'
import { DIGEST_MODULUS, digestOf, heldOf, IS_LIVE, IS_UNSEEN, utcDay } from './record-digest.ts'

/** A live record as the CRM shows it: the watched fields that it let us read, and when it was last modified. */
export type ShownRecord = {
  readonly recordId: string
  readonly modifiedMs: number
  readonly fields: Readonly<Record<string, FieldText>>
}

export type Comparison = {
  readonly connectionId: string
  readonly objectType: string
  readonly run: number
  /** Fields that say when and not what; an event does not carry them, so ours may be older. */
  readonly ignoredFields: readonly string[]
}

/**
 * Compares one page with our records, in one statement: equal ones are added to both sides of their day, the others
 * become suspects, to be looked at again before they count. Returns how many of either. A record that changes while we
 * page is shown twice; the second time it is left alone, for its event is under way and nothing may count twice.
 */
export async function compareShown(
  trx: Kysely<Tables>,
  { connectionId, objectType, run, ignoredFields }: Comparison,
  shown: readonly ShownRecord[],
): Promise<{ readonly equal: number; readonly suspect: number }> {
  if (shown.length === 0) return { equal: 0, suspect: 0 }
  const ids = shown.map((record) => record.recordId)
  await withdraw(trx, { connectionId, objectType }, ids)
  const rows = shown.map((record) => ({ i: record.recordId, m: record.modifiedMs, f: record.fields }))
  const { rows: counted } = await sql<{ equal: number; suspect: number }>`
    with page as materialized (
      select x.i, max(x.m) as m, (array_agg(x.f order by x.m desc))[1] - ${ignoredFields}::text[] as f
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(i text, m bigint, f jsonb)
      where not exists (
        select 1 from comparison_seen s where s.connection_id = ${connectionId} and s.object_type = ${objectType}
          and s.record_id = x.i)
      group by x.i
    ), seen as (
      insert into comparison_seen (connection_id, object_type, record_id)
      select ${connectionId}, ${objectType}, i from page order by i
      on conflict do nothing
    ), held as materialized (
      select p.i, p.m, p.f, ${IS_LIVE} as is_live, ${IS_UNSEEN} as is_unseen, ${heldOf(sql`p.f`)} as ours
      from page p
      left join record r on r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.record_id = p.i
    ), judged as materialized (
      select i, m, f, ${utcDay(sql`m`)} as day,
        case when not is_live then 'missing'
          -- shown again, which only a reading can tell the record
          when is_unseen or jsonb_strip_nulls(f) <> jsonb_strip_nulls(ours) then 'different' end as why
      from held
    ), in_sum as materialized (
      -- of equal values one digest is both sides'
      select day, count(*) as n, mod(sum(${digestOf(sql`i`, sql`f`)}), ${DIGEST_MODULUS}) as digest
      from judged where why is null group by day
    ), days as (
      insert into comparison_day as d (connection_id, object_type, run, day, crm_count, our_count, crm_digest, our_digest)
      select ${connectionId}, ${objectType}, ${run}, day, n, n, digest, digest from in_sum
      on conflict (connection_id, object_type, run, day) do update set
        crm_count = d.crm_count + excluded.crm_count, our_count = d.our_count + excluded.our_count,
        crm_digest = mod(d.crm_digest + excluded.crm_digest, ${DIGEST_MODULUS}),
        our_digest = mod(d.our_digest + excluded.our_digest, ${DIGEST_MODULUS}),
        compared_at = clock_timestamp()
    ), in_step as (
      delete from difference o using judged j
      where o.connection_id = ${connectionId} and o.object_type = ${objectType} and o.record_id = j.i and j.why is null
    ), suspects as (
      insert into difference as o (connection_id, object_type, record_id, day, why, modified_ms, run)
      select ${connectionId}, ${objectType}, i, day, why, m, ${run} from judged where why is not null order by i
      on conflict (connection_id, object_type, record_id) do update set ${SUSPECTED_AGAIN}
    )
    select count(*) filter (where why is null)::int as equal, count(*) filter (where why is not null)::int as suspect
    from judged`.execute(trx)
  return counted[0]!
}

/** One that is known to be out of step stays known while it is looked at again. */
const SUSPECTED_AGAIN = sql`day = excluded.day, why = excluded.why, modified_ms = excluded.modified_ms,
  run = excluded.run, is_pending = true, is_counted = false, looks = 0, rechecked_at = clock_timestamp()`

/** The CRM lists these as gone: those that we hold as live are suspects. */
export async function suspectGone(
  trx: Kysely<Tables>,
  { connectionId, objectType, run }: Comparison,
  gone: readonly { readonly recordId: string; readonly atMs: number }[],
): Promise<number> {
  if (gone.length === 0) return 0
  const ids = gone.map((one) => one.recordId)
  await withdraw(trx, { connectionId, objectType }, ids)
  const { rows } = await sql`
    insert into difference as o (connection_id, object_type, record_id, day, why, run)
    select distinct on (g.id) ${connectionId}, ${objectType}, g.id, ${utcDay(sql`g.at_ms`)}, 'extra', ${run}::int
    from unnest(${ids}::text[], ${gone.map((one) => one.atMs)}::bigint[]) as g(id, at_ms)
    join record r on r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.record_id = g.id
    where ${IS_LIVE}
    order by g.id
    on conflict (connection_id, object_type, record_id) do update set ${SUSPECTED_AGAIN}
    returning 1`.execute(trx)
  return rows.length
}

/**
 * A comparison of recent records reads those of `sinceDay` and later, and what it did not read of what is known to be
 * out of step there is no proof of anything: gone from the CRM, an extra one is as extra as before. These become suspects
 * again, so that the second look says what they are now.
 */
export async function suspectKnown(
  trx: Kysely<Tables>,
  { connectionId, objectType, run }: Comparison,
  sinceDay: string,
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select record_id as id from difference where connection_id = ${connectionId} and object_type = ${objectType}
      and differs_since is not null and run <> ${run} and day >= ${sinceDay}::date
    order by record_id for update`.execute(trx)
  const ids = rows.map((row) => row.id)
  await withdraw(trx, { connectionId, objectType }, ids)
  await sql`
    update difference set run = ${run}, is_pending = true, is_counted = false, looks = 0, rechecked_at = clock_timestamp()
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = any(${ids}::text[])`.execute(
    trx,
  )
}

/** Our records per statement when looking for what the CRM did not show. */
const UNSEEN_BATCH = 5_000

/**
 * Of our next live records by id, those that the CRM did not show become suspects. Returns the id to go on after, or
 * null at the end. A record's day is that of the newest thing we know of it.
 */
export async function suspectUnseen(
  trx: Kysely<Tables>,
  { connectionId, objectType, run }: Comparison,
  afterId: string | null,
): Promise<string | null> {
  const { rows } = await sql<{ last_id: string | null; n: number }>`
    with ours as materialized (
      select r.record_id, (r.stamps->'@seen'->>'atMs')::bigint as at_ms, ${IS_LIVE} and not ${IS_UNSEEN} as is_live
      from record r
      where r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.record_id > ${afterId ?? ''}
      order by r.record_id limit ${UNSEEN_BATCH}
    ), suspects as (
      insert into difference as o (connection_id, object_type, record_id, day, why, run)
      select ${connectionId}, ${objectType}, u.record_id, ${utcDay(sql`coalesce(u.at_ms, 0)`)}, 'extra', ${run}::int
      from ours u
      where u.is_live and not exists (
        select 1 from comparison_seen s where s.connection_id = ${connectionId} and s.object_type = ${objectType}
          and s.record_id = u.record_id)
      order by u.record_id
      on conflict (connection_id, object_type, record_id) do update set ${SUSPECTED_AGAIN}
    )
    select max(record_id) as last_id, count(*)::int as n from ours`.execute(trx)
  return rows[0]!.n < UNSEEN_BATCH ? null : rows[0]!.last_id
}

/** No CRM has a record without an id. */
const BEGUN = ''

/** Marks, with an object's first page, that what is seen of it is kept from here on. */
export async function beginSeen(trx: Kysely<Tables>, { connectionId, objectType }: Comparison): Promise<void> {
  await sql`insert into comparison_seen (connection_id, object_type, record_id)
    values (${connectionId}, ${objectType}, ${BEGUN}) on conflict do nothing`.execute(trx)
}

/** Rows in one transaction, as many as Postgres deletes in a few hundredths of a second. */
const FORGOTTEN_AT_ONCE = 10_000

/** Takes away what was seen of an object, in batches, before its next comparison or after its last. */
export async function forgetSeen(
  db: Database,
  { connectionId, objectType }: Comparison,
  atOnce = FORGOTTEN_AT_ONCE,
): Promise<void> {
  for (let n = atOnce; n === atOnce; ) {
    const { numAffectedRows } = await sql`
      delete from comparison_seen where ctid = any(array(
        select ctid from comparison_seen where connection_id = ${connectionId} and object_type = ${objectType}
        limit ${atOnce}))`.execute(db)
    n = Number(numAffectedRows ?? 0)
  }
}

/** Whether what was seen of an object is all still there: a crash of the database empties that table, mark and all. */
export async function isSeenKept(trx: Kysely<Tables>, { connectionId, objectType }: Comparison): Promise<boolean> {
  const { rows } = await sql`
    select 1 from comparison_seen where connection_id = ${connectionId} and object_type = ${objectType}
      and record_id = ${BEGUN}`.execute(trx)
  return rows.length > 0
}

/**
 * The comparison of one object came to its end: what it found now stands in place of what stood there. Days before
 * `sinceDay` stay as they are where only recent records were read.
 */
export async function standObject(
  trx: Kysely<Tables>,
  { connectionId, objectType, run }: Comparison,
  { sinceDay, crmStated }: { readonly sinceDay: string | null; readonly crmStated: number | null },
): Promise<void> {
  const which = sql`connection_id = ${connectionId} and object_type = ${objectType}`
  const since = sinceDay === null ? sql`true` : sql`day >= ${sinceDay}::date`
  await sql`delete from comparison_day where ${which} and run <> ${run} and ${since}`.execute(trx)
  await sql`update comparison_day set run = 0 where ${which} and run = ${run}`.execute(trx)
  await sql`delete from difference where ${which} and run <> ${run} and ${since}`.execute(trx)
  await sql`update difference set run = 0 where ${which} and run = ${run}`.execute(trx)
  // Without its mark the rest is worth nothing; there may be as many as records, so `forgetSeen` takes them in batches.
  await sql`delete from comparison_seen where ${which} and record_id = ${BEGUN}`.execute(trx)
  await sql`
    insert into comparison_object as o (connection_id, object_type, crm_stated, crm_count, our_count, compared_at, full_at)
    select ${connectionId}, ${objectType}, ${crmStated}::bigint, coalesce(sum(crm_count), 0), coalesce(sum(our_count), 0),
      clock_timestamp(), ${sinceDay === null ? sql`clock_timestamp()` : sql`null::timestamptz`}
    from comparison_day where ${which} and run = 0
    on conflict (connection_id, object_type) do update set compared_at = excluded.compared_at,
      crm_count = case when excluded.full_at is null then o.crm_count else excluded.crm_count end,
      our_count = case when excluded.full_at is null then o.our_count else excluded.our_count end,
      crm_stated = case when excluded.full_at is null then o.crm_stated else excluded.crm_stated end,
      full_at = coalesce(excluded.full_at, o.full_at)`.execute(trx)
}
