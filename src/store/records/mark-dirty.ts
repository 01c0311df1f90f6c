import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { HOLDERS_MAX } from './read-records.ts'

/**
 * Marks the rows of `select connection_id, object_type, record_id` for another decision. A row that a decision holds
 * right now is waited for, and marked after it: that decision read its neighbours before the change, and it clears the
 * mark when it is done. Judging by the committed row instead would lose the mark. In key order, so that two who mark
 * the same rows do not meet.
 */
async function markRows(db: Kysely<Tables>, rows: RawBuilder<unknown>): Promise<void> {
  await sql`
    with target as materialized (${rows}),
    locked as materialized (
      select r.connection_id, r.object_type, r.record_id, r.dirty_since
      from target
      join record r on r.connection_id = target.connection_id and r.object_type = target.object_type
        and r.record_id = target.record_id
      order by r.connection_id, r.object_type, r.record_id
      for update of r
    )
    update record r set dirty_since = clock_timestamp()
    from locked l
    where r.connection_id = l.connection_id and r.object_type = l.object_type and r.record_id = l.record_id
      and l.dirty_since is null`.execute(db)
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
          from (select * from match_key where key = wanted.key limit ${HOLDERS_MAX} + wanted.gained + 1) k
        ) m
        where m.holders <= ${HOLDERS_MAX} + wanted.gained`,
    )
  }
  if (changed.accountIds.length > 0) {
    await markRows(
      trx,
      sql`
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('person')}::text[])
          and account_id = any(${changed.accountIds}::text[])
        union
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
          and record_id = any(${changed.accountIds}::text[])
        union
        select m.connection_id, m.object_type, m.record_id
        from (
          select unnest(${changed.linksBefore}::text[]) as key
          union
          select 'of-' || key from match_key
          where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
            and record_id = any(${changed.accountIds}::text[]) and key like 'domain:%'
        ) link
        join match_key m on m.key = link.key and m.connection_id = ${connectionId}`,
    )
  }
}

/** Records owned by these users are decided again: somebody left, came back, or a queue lost its last member. */
export async function markOwnedDirty(
  db: Kysely<Tables>,
  connectionId: ConnectionId,
  ownerIds: readonly string[],
): Promise<void> {
  if (ownerIds.length === 0) return
  await markRows(
    db,
    sql`select connection_id, object_type, record_id from record
      where connection_id = ${connectionId} and owner_id = any(${ownerIds}::text[])`,
  )
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

/** Records whose grace or window ends by now are decided again. */
export async function markRechecksDirty(db: Kysely<Tables>, limit: number): Promise<number> {
  const result = await sql`
    update record r set dirty_since = clock_timestamp(), recheck_at = null
    from (select connection_id, object_type, record_id from record
          where recheck_at <= now() order by recheck_at limit ${limit} for update skip locked) d
    where r.connection_id = d.connection_id and r.object_type = d.object_type and r.record_id = d.record_id`.execute(db)
  return Number(result.numAffectedRows ?? 0)
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
