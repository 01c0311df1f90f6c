import { type Kysely, sql } from 'kysely'
import type { FieldText } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'
import { DIGEST_MODULUS, digestOf, heldOf, IS_LIVE, IS_UNSEEN, utcDay } from './record-digest.ts'

export type WhyOut = 'missing' | 'extra' | 'different'

type ObjectOf = { readonly connectionId: string; readonly objectType: string }

/** Takes what these records are counted with out of the sums of their days, before they are counted anew. */
export async function withdraw(
  trx: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  ids: readonly string[],
): Promise<void> {
  await sql`
    with withdrawn as (
      update difference set is_counted = false
      where connection_id = ${connectionId} and object_type = ${objectType} and record_id = any(${ids}::text[])
        and is_counted
      returning run, day, why, crm_hash, our_hash
    ), sums as (
      select run, day, count(*) filter (where why <> 'extra') as crm_count,
        count(*) filter (where why <> 'missing') as our_count, sum(crm_hash) as crm_hash, sum(our_hash) as our_hash
      from withdrawn group by run, day
    )
    update comparison_day d set crm_count = d.crm_count - s.crm_count, our_count = d.our_count - s.our_count,
      crm_digest = mod(mod(d.crm_digest - s.crm_hash, ${DIGEST_MODULUS}) + ${DIGEST_MODULUS}, ${DIGEST_MODULUS}),
      our_digest = mod(mod(d.our_digest - s.our_hash, ${DIGEST_MODULUS}) + ${DIGEST_MODULUS}, ${DIGEST_MODULUS})
    from sums s
    where d.connection_id = ${connectionId} and d.object_type = ${objectType} and d.run = s.run and d.day = s.day`.execute(
    trx,
  )
}

export type Suspect = { readonly recordId: string; readonly looks: number }

/** Suspects of the running comparison whose time for a second look has come. */
export async function duePending(
  db: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  { olderThanS, limit }: { readonly olderThanS: number; readonly limit: number },
): Promise<{ readonly due: Suspect[]; readonly more: boolean }> {
  const { rows } = await sql<{ record_id: string; looks: number; is_due: boolean }>`
    select record_id, looks, rechecked_at <= clock_timestamp() - ${olderThanS} * interval '1 second' as is_due
    from difference where connection_id = ${connectionId} and object_type = ${objectType} and is_pending
    order by rechecked_at limit ${limit}`.execute(db)
  const due = rows.filter((row) => row.is_due).map((row) => ({ recordId: row.record_id, looks: row.looks }))
  return { due, more: rows.length > 0 }
}

/**
 * Records being read again at a person's or the clock's word, of the object whose look is due first: each look a little
 * later than the one before.
 */
export async function dueAsked(
  db: Kysely<Tables>,
  connectionId: string,
  { everyS, limit }: { readonly everyS: number; readonly limit: number },
): Promise<{ readonly objectType: string; readonly due: Suspect[] } | null> {
  const { rows } = await sql<{ object_type: string; record_id: string; looks: number }>`
    with due as materialized (
      select object_type, record_id, looks, rechecked_at from difference
      where connection_id = ${connectionId} and asked_at is not null and not is_pending
        and rechecked_at <= clock_timestamp() - ${everyS} * (1 + looks) * interval '1 second'
      order by rechecked_at limit ${limit}
    )
    select object_type, record_id, looks from due
    where object_type = (select object_type from due order by rechecked_at limit 1)`.execute(db)
  if (rows.length === 0) return null
  return {
    objectType: rows[0]!.object_type,
    due: rows.map((row) => ({ recordId: row.record_id, looks: row.looks })),
  }
}

/**
 * The CRM refuses to show this object: what is known of it is left as it is, what was only suspected is forgotten, and
 * nobody is to look at either until the next comparison or the next "read again".
 */
export async function dropSuspects(trx: Kysely<Tables>, { connectionId, objectType }: ObjectOf): Promise<void> {
  const which = sql`connection_id = ${connectionId} and object_type = ${objectType} and is_pending`
  await sql`delete from difference where ${which} and differs_since is null`.execute(trx)
  await sql`update difference set is_pending = false, asked_at = null where ${which}`.execute(trx)
}

/** The CRM refuses to show these: they are being read again no longer, and stay out of step. */
export async function giveUpReread(trx: Kysely<Tables>, { connectionId, objectType }: ObjectOf): Promise<void> {
  await sql`update difference set asked_at = null where connection_id = ${connectionId}
    and object_type = ${objectType} and asked_at is not null`.execute(trx)
}

/** What the CRM said of a suspect just now; no fields: it has it no more. */
export type Recheck = {
  readonly recordId: string
  readonly modifiedMs: number | null
  readonly fields: Readonly<Record<string, FieldText>> | null
}

type Verdict = 'in-sync' | 'out' | 'again' | 'moving'

/**
 * Decides about records that were looked at a second time. In step: equal now, or gone on both sides. To be looked at
 * again: the CRM changed it between the two looks, or something of it waits with us; neither is said by any clock of the
 * CRM's. One that moves at every look is left to its events and not counted. Everything else is out of step. Returns
 * how many became in step of those that were being read again.
 */
export async function recordRechecks(
  trx: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  looks: readonly Recheck[],
  {
    ignoredFields,
    watched,
    rechecksMax,
  }: { ignoredFields: readonly string[]; watched: readonly string[]; rechecksMax: number },
): Promise<{ readonly recovered: number; readonly inSync: number; readonly out: number }> {
  if (looks.length === 0) return { recovered: 0, inSync: 0, out: 0 }
  const given = looks.map((look) => ({ i: look.recordId, m: look.modifiedMs, f: look.fields }))
  const all = JSON.stringify(Object.fromEntries(watched.map((field) => [field, null])))
  const { rows } = await sql<Judged>`
    with look as materialized (
      select x.i, x.m, x.f - ${ignoredFields}::text[] as f, x.f is not null as is_shown
      from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as x(i text, m bigint, f jsonb)
    ), held as materialized (
      select l.*, o.modified_ms, o.looks, o.run, o.asked_at is not null as was_asked,
        coalesce((r.stamps->'@seen'->>'atMs')::bigint, 0) as seen_ms, ${IS_LIVE} and (l.is_shown or not ${IS_UNSEEN}) as is_live,
        ${IS_UNSEEN} as is_unseen,
        ${heldOf(sql`coalesce(l.f, ${all}::jsonb - ${ignoredFields}::text[])`)} as ours,
        coalesce(r.needs_read is not null, false) or exists (
          select 1 from change_event e where e.connection_id = ${connectionId} and e.object_type = ${objectType}
            and e.record_id = l.i and e.state = 'received') as is_busy
      from look l
      join difference o on o.connection_id = ${connectionId} and o.object_type = ${objectType} and o.record_id = l.i
      left join record r on r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.record_id = l.i
    )
    select i as id, m as modified_ms, run, was_asked, is_shown, is_live,
      case
        when is_shown and is_live and not is_unseen and jsonb_strip_nulls(f) = jsonb_strip_nulls(ours) then 'in-sync'
        when not is_shown and not is_live then 'in-sync'
        when (is_busy or modified_ms is distinct from m) and looks < ${rechecksMax} then 'again'
        when modified_ms is distinct from m then 'moving'
        else 'out' end as verdict,
      (case when is_shown then ${digestOf(sql`i`, sql`f`)} else 0 end)::text as crm_hash,
      (case when is_live then ${digestOf(sql`i`, sql`ours`)} else 0 end)::text as our_hash,
      case when not is_shown then 'extra' when not is_live then 'missing' else 'different' end as why,
      ${utcDay(sql`coalesce(m, seen_ms)`)} as day
    from held`.execute(trx)
  const of = (...verdicts: Verdict[]) => rows.filter((row) => verdicts.includes(row.verdict))
  await scheduleRecheck(trx, { connectionId, objectType }, of('again'))
  await withdraw(
    trx,
    { connectionId, objectType },
    of('in-sync', 'out', 'moving').map((row) => row.id),
  )
  await addToDays(trx, { connectionId, objectType }, of('in-sync', 'out'))
  await sql`delete from difference where connection_id = ${connectionId} and object_type = ${objectType}
    and record_id = any(${of('in-sync', 'moving').map((row) => row.id)}::text[])`.execute(trx)
  await noteOut(trx, { connectionId, objectType }, of('out'))
  return {
    recovered: of('in-sync').filter((row) => row.was_asked).length,
    inSync: of('in-sync').length,
    out: of('out').length,
  }
}

type Judged = {
  readonly id: string
  readonly modified_ms: number | null
  readonly run: number
  readonly was_asked: boolean
  readonly is_shown: boolean
  readonly is_live: boolean
  readonly verdict: Verdict
  readonly crm_hash: string
  readonly our_hash: string
  readonly why: WhyOut
  readonly day: string
}

async function scheduleRecheck(
  trx: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  rows: readonly Judged[],
): Promise<void> {
  await sql`update difference o set looks = looks + 1, rechecked_at = clock_timestamp(), modified_ms = l.m
    from unnest(${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.modified_ms)}::bigint[]) as l(id, m)
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = l.id`.execute(trx)
}

async function noteOut(
  trx: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  rows: readonly Judged[],
): Promise<void> {
  await sql`
    update difference o set is_pending = false, is_counted = true, asked_at = null, looks = o.looks + 1,
      rechecked_at = clock_timestamp(), differs_since = coalesce(o.differs_since, clock_timestamp()), modified_ms = l.m,
      day = l.day, why = l.why, crm_hash = l.crm_hash, our_hash = l.our_hash
    from unnest(${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.modified_ms)}::bigint[],
      ${rows.map((row) => row.day)}::date[], ${rows.map((row) => row.why)}::text[],
      ${rows.map((row) => row.crm_hash)}::numeric[], ${rows.map((row) => row.our_hash)}::numeric[])
      as l(id, m, day, why, crm_hash, our_hash)
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = l.id`.execute(trx)
}

async function addToDays(
  trx: Kysely<Tables>,
  { connectionId, objectType }: ObjectOf,
  rows: readonly Judged[],
): Promise<void> {
  await sql`
    insert into comparison_day as d (connection_id, object_type, run, day, crm_count, our_count, crm_digest, our_digest)
    select ${connectionId}, ${objectType}, l.run, l.day, count(*) filter (where l.in_crm), count(*) filter (where l.ours),
      mod(sum(l.crm_hash), ${DIGEST_MODULUS}), mod(sum(l.our_hash), ${DIGEST_MODULUS})
    from unnest(${rows.map((row) => row.run)}::int[], ${rows.map((row) => row.day)}::date[],
      ${rows.map((row) => row.is_shown)}::boolean[], ${rows.map((row) => row.is_live)}::boolean[],
      ${rows.map((row) => row.crm_hash)}::numeric[], ${rows.map((row) => row.our_hash)}::numeric[])
      as l(run, day, in_crm, ours, crm_hash, our_hash)
    where l.in_crm or l.ours
    group by l.run, l.day
    on conflict (connection_id, object_type, run, day) do update set
      crm_count = d.crm_count + excluded.crm_count, our_count = d.our_count + excluded.our_count,
      crm_digest = mod(d.crm_digest + excluded.crm_digest, ${DIGEST_MODULUS}),
      our_digest = mod(d.our_digest + excluded.our_digest, ${DIGEST_MODULUS})`.execute(trx)
}

export type ToReread = {
  readonly objectType: string
  readonly recordId: string
  /**
   * The CRM's time from which a reading answers: in the second after everything that we know of the record, since what
   * was read within a second counts as an answer to what happened in it.
   */
  readonly askAtMs: number
}

/** Known ones that nobody is reading again yet, marked as being read. At most `limit`; call again while some come. */
export async function takeToReread(
  trx: Kysely<Tables>,
  connectionId: string,
  which: { readonly objectType?: string | undefined; readonly day?: string | undefined },
  limit: number,
): Promise<ToReread[]> {
  const { rows } = await sql<{ object_type: string; record_id: string; ask_at_ms: number }>`
    with taken as materialized (
      select object_type, record_id from difference
      where connection_id = ${connectionId} and differs_since is not null and asked_at is null
        and (${which.objectType === undefined} or object_type = ${which.objectType ?? ''})
        and (${which.day === undefined} or day = ${which.day ?? '1970-01-01'}::date)
      order by object_type, record_id limit ${limit}
      for update
    )
    update difference o set asked_at = clock_timestamp(), looks = 0, rechecked_at = clock_timestamp()
    from taken t
    where o.connection_id = ${connectionId} and o.object_type = t.object_type and o.record_id = t.record_id
    returning o.object_type, o.record_id, 1000 * (1 + greatest(coalesce(o.modified_ms, 0), coalesce((
      select max((mark.value->>'atMs')::bigint) from record r, jsonb_each(r.stamps) as mark
      where r.connection_id = o.connection_id and r.object_type = o.object_type and r.record_id = o.record_id), 0))
      / 1000) as ask_at_ms`.execute(trx)
  return rows.map((row) => ({ objectType: row.object_type, recordId: row.record_id, askAtMs: row.ask_at_ms }))
}

/** Records known to be out of step, per object. */
export async function countDifferences(
  db: Kysely<Tables>,
  connectionId: string,
): Promise<{ readonly objectType: string; readonly why: WhyOut; readonly n: number; readonly reading: number }[]> {
  const { rows } = await sql<{ object_type: string; why: WhyOut; n: number; reading: number }>`
    select object_type, why, count(*)::int as n, count(*) filter (where asked_at is not null)::int as reading
    from difference where connection_id = ${connectionId} and differs_since is not null
    group by object_type, why order by object_type, why`.execute(db)
  return rows.map((row) => ({ objectType: row.object_type, why: row.why, n: row.n, reading: row.reading }))
}

export async function isRereading(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ any: boolean }>`
    select exists (select 1 from difference where connection_id = ${connectionId} and asked_at is not null) as any`.execute(
    db,
  )
  return rows[0]!.any
}
