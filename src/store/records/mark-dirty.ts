import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { WHOLE_RECORD } from '../../model/record/knowledge.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { holdersOf } from './key-holders.ts'
import { queueAll, queueMarks } from './mark-queue.ts'
import { mergedWith } from './merged-accounts.ts'
import { HOLDERS_MAX } from './read-records.ts'

/**
 * Marks the rows of `select connection_id, object_type, record_id` for another decision. A row that a decision holds
 * right now is waited for, and marked after it: that decision read its neighbours before the change, and it clears the
 * mark when it is done. Judging by the committed row instead would lose the mark. In key order, so that two who mark
 * the same rows do not meet. Returns how many rows there are.
 */
async function markRows(db: Kysely<Tables>, rows: RawBuilder<unknown>): Promise<number> {
  const { rows: marked } = await sql<{ n: number }>`
    with target as materialized (${rows}),
    locked as materialized (
      select r.connection_id, r.object_type, r.record_id, r.dirty_since
      from target
      join record r on r.connection_id = target.connection_id and r.object_type = target.object_type
        and r.record_id = target.record_id
      order by r.connection_id, r.object_type, r.record_id
      for update of r
    ), marked as (
      update record r set dirty_since = clock_timestamp()
      from locked l
      where r.connection_id = l.connection_id and r.object_type = l.object_type and r.record_id = l.record_id
        and l.dirty_since is null
    )
    select count(*)::int as n from target`.execute(db)
  return marked[0]!.n
}

/**
 * Marks for another decision every record that a changed one may matter to: holders of the same keys (before and after
 * the change), and what hangs off a changed account or deal. A key held by more than 200 records says nothing alone
 * (docs/patterns.md), so its holders are left alone, unless it became such a key just now. A link is no match, so there all are meant.
 */
export async function markNeighboursDirty(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  changed: {
    /** With how many of the changed records are new holders of it. */
    readonly keys: ReadonlyMap<string, number>
    readonly accountIds: readonly string[]
    /** Link keys of domains that these accounts held before the change. */
    readonly linksBefore: readonly string[]
    /** Those of them whose change shows in every decision on their domain, in whichever CRM. */
    readonly ofDomain: readonly string[]
  },
): Promise<void> {
  if (changed.keys.size > 0) {
    await markRows(
      trx,
      sql`
        select distinct m.connection_id, m.object_type, m.record_id
        from unnest(${[...changed.keys.keys()]}::text[], ${[...changed.keys.values()]}::int[]) as wanted(key, gained)
        cross join lateral (
          select k.connection_id, k.object_type, k.record_id, count(*) over () as holders
          from (${holdersOf(sql`wanted.key`, sql`${HOLDERS_MAX} + wanted.gained + 1`)}) k
        ) m
        where m.holders <= ${HOLDERS_MAX} + wanted.gained`,
    )
  }
  if (changed.accountIds.length > 0) {
    const accountIds = await mergedWith(trx, connectionId, changed.accountIds)
    await markOfAccounts(trx, connectionId, { ...changed, accountIds })
  }
  if (changed.ofDomain.length > 0) {
    await markOfDomains(trx, connectionId, {
      ...changed,
      ofDomain: await mergedWith(trx, connectionId, changed.ofDomain),
    })
  }
}

/** Every CRM that is compared with: a company may be a customer, or have open deals, in any of them. */
async function markOfDomains(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  { ofDomain, linksBefore }: { readonly ofDomain: readonly string[]; readonly linksBefore: readonly string[] },
): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    select substr(unnest(${linksBefore}::text[]), ${LINK.length + 1}) as key
    union
    select key from match_key where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
      and record_id = any(${ofDomain}::text[]) and key like 'domain:%'`.execute(trx)
  const keys = rows.flatMap(({ key }) => [key, `${LINK}${key}`])
  if (keys.length === 0) return
  const n = await markRows(
    trx,
    sql`select distinct m.connection_id, m.object_type, m.record_id from unnest(${keys}::text[]) as wanted(key)
      cross join lateral (${holdersOf(sql`wanted.key`, sql`${OF_ACCOUNTS_MAX + 1}`)}) m`,
  )
  if (n <= OF_ACCOUNTS_MAX) return
  const { rows: joined } = await sql<{ id: string }>`
    select id from connection where joined_at is not null order by id`.execute(trx)
  for (const { id } of joined) await queueMarks(trx, id, 'key', keys)
}

/** What the key of a person begins with who is only found by an account of their domain, see `linkKeys`. */
const LINK = 'of-'

/**
 * Marks records of other connections that share a key with records of this one, from the one after `after`: it has just
 * become one that they are compared with. Returns the last of its records that was looked at, or null when there are no
 * more. How many hold a key is counted without it: that is how many held it when those records were decided.
 */
export async function markMatchesElsewhere(
  trx: Kysely<Tables>,
  connectionId: string,
  after: { readonly objectType: string; readonly recordId: string },
  limit: number,
): Promise<{ readonly objectType: string; readonly recordId: string } | null> {
  const { rows } = await sql<{ objectType: string; recordId: string; n: number }>`
    select object_type as "objectType", record_id as "recordId", count(*) over ()::int as n from (
      select object_type, record_id from record
      where connection_id = ${connectionId} and (object_type, record_id) > (${after.objectType}, ${after.recordId})
      order by object_type, record_id limit ${limit}) part
    order by object_type desc, record_id desc limit 1`.execute(trx)
  const [last] = rows
  if (last === undefined) return null
  await markRows(
    trx,
    sql`
      select distinct m.connection_id, m.object_type, m.record_id
      from (
        select distinct unnest(keys) as key from record where connection_id = ${connectionId}
          and (object_type, record_id) > (${after.objectType}, ${after.recordId})
          and (object_type, record_id) <= (${last.objectType}, ${last.recordId})
      ) wanted
      cross join lateral (
        select k.connection_id, k.object_type, k.record_id, count(*) over () as holders
        from (${holdersOf(sql`wanted.key`, sql`${HOLDERS_MAX + 1}`, sql`id <> ${connectionId}`)}) k
      ) m
      where m.holders <= ${HOLDERS_MAX}
      union
      select m.connection_id, m.object_type, m.record_id
      from (
        select distinct ${LINK} || key as key from record, unnest(keys) as key
        where connection_id = ${connectionId} and key like 'domain:%'
          and (object_type, record_id) > (${after.objectType}, ${after.recordId})
          and (object_type, record_id) <= (${last.objectType}, ${last.recordId})
      ) wanted
      cross join match_key m
      join connection c on c.id = m.connection_id and c.joined_at is not null and c.id <> ${connectionId}
      where m.key = wanted.key`,
  )
  return last.n < limit ? null : { objectType: last.objectType, recordId: last.recordId }
}

/** Held records that are marked one by one; of more, everything of the connection is decided again in batches. */
const HELD_MARKED_MAX = 5_000

/**
 * Records that wait for any record of this object to be read or shown: one of them was, and it may have been the one. A
 * record names it as its account, or may belong to it by a domain that was not known.
 */
export async function markHeldFor(trx: Kysely<Tables>, connectionId: string, objectType: string): Promise<void> {
  const held = sql`
    select h.connection_id, h.object_type, h.record_id from unknown_input u
    join held_record h on h.input_id = u.id and h.connection_id = ${connectionId}
    where u.connection_id = ${connectionId} and u.object_type = ${objectType} and u.field = ${WHOLE_RECORD} and u.held > 0`
  const { rows } = await sql`select 1 from (${held} limit ${HELD_MARKED_MAX + 1}) h`.execute(trx)
  if (rows.length <= HELD_MARKED_MAX) {
    await markRows(trx, sql`select distinct * from (${held}) h`)
    return
  }
  await queueAll(trx, connectionId)
}

/** Of nearly every account there are a few; what hangs off one with more is marked in batches, see mark-queue.ts. */
const OF_ACCOUNTS_MAX = 1_000

async function markOfAccounts(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  { accountIds, linksBefore }: { readonly accountIds: readonly string[]; readonly linksBefore: readonly string[] },
): Promise<void> {
  const { rows: links } = await sql<{ key: string }>`
    select unnest(${linksBefore}::text[]) as key
    union
    select ${LINK} || key from match_key
    where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
      and record_id = any(${accountIds}::text[]) and key like 'domain:%'`.execute(trx)
  const keys = links.map(({ key }) => key)
  const some = sql`limit ${OF_ACCOUNTS_MAX + 1}`
  const n = await markRows(
    trx,
    sql`
      select distinct * from (
        (select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('person')}::text[])
          and account_id = any(${accountIds}::text[]) ${some})
        union all
        (select m.connection_id, m.object_type, m.record_id from match_key m
        where m.key = any(${keys}::text[]) and m.connection_id = ${connectionId} ${some})
        union all
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
          and record_id = any(${accountIds}::text[])) x`,
  )
  if (n <= OF_ACCOUNTS_MAX) return
  await queueMarks(trx, connectionId, 'account', accountIds)
  await queueMarks(trx, connectionId, 'key', keys)
}

/**
 * Marks records of one connection for another decision, in key order, from the one after `after`. Returns the last of
 * them, or null when there are no more.
 */
export async function markRangeDirty(
  trx: Kysely<Tables>,
  connectionId: string,
  after: { readonly objectType: string; readonly recordId: string },
  limit: number,
): Promise<{ readonly objectType: string; readonly recordId: string } | null> {
  // As `markRows`, and by the range itself: joined to a list of its keys, Postgres would read the whole table each time.
  const { rows } = await sql<{ object_type: string; record_id: string; n: number }>`
    with locked as materialized (
      select object_type, record_id, dirty_since from record
      where connection_id = ${connectionId} and (object_type, record_id) > (${after.objectType}, ${after.recordId})
      order by object_type, record_id limit ${limit}
      for update
    ), marked as (
      update record r set dirty_since = clock_timestamp()
      from locked l
      where r.connection_id = ${connectionId} and r.object_type = l.object_type and r.record_id = l.record_id
        and l.dirty_since is null
    )
    select object_type, record_id, (select count(*)::int from locked) as n from locked
    order by object_type desc, record_id desc limit 1`.execute(trx)
  const [last] = rows
  return last === undefined || last.n < limit ? null : { objectType: last.object_type, recordId: last.record_id }
}

/** These are decided again, whatever happened to them. */
export async function markDirty(
  db: Kysely<Tables>,
  refs: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
): Promise<void> {
  if (refs.length === 0) return
  await markRows(
    db,
    sql`select distinct * from unnest(${refs.map((r) => r.connectionId)}::text[], ${refs.map((r) => r.objectType)}::text[],
      ${refs.map((r) => r.recordId)}::text[]) as w(connection_id, object_type, record_id)`,
  )
}

/** What is decided of these is as little for a new version's sake alone as if they had changed. In key order, as above. */
export async function markTouched(
  trx: Kysely<Tables>,
  refs: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
): Promise<void> {
  if (refs.length === 0) return
  await sql`
    with locked as materialized (
      select r.connection_id, r.object_type, r.record_id
      from unnest(${refs.map((r) => r.connectionId)}::text[], ${refs.map((r) => r.objectType)}::text[],
        ${refs.map((r) => r.recordId)}::text[]) as w(c, t, i)
      join record r on r.connection_id = w.c and r.object_type = w.t and r.record_id = w.i
      order by r.connection_id, r.object_type, r.record_id for update of r
    )
    update record r set touched_at = coalesce(r.touched_at, clock_timestamp()) from locked l
    where r.connection_id = l.connection_id and r.object_type = l.object_type and r.record_id = l.record_id`.execute(
    trx,
  )
}
