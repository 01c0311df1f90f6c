import { type Kysely, sql } from 'kysely'
import type { ChangeSource } from '../../model/record/change-event.ts'
import type { Database } from '../database/database.ts'
import { tryStageLock } from '../database/locks.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'

/** Ids per statement: a range of the primary key, whoever's events lie in it, so that one turn costs the same always. */
export const TALLY_IDS = 10_000

/**
 * Up to where every event is there to be seen. Ids are given before they are committed, so a larger one can be visible
 * while a smaller one is not yet. Whoever may still commit a smaller one wrote to the table before the larger one was
 * seen, and holds its lock until the end.
 */
export type TallyHorizon = { readonly toId: number; readonly writers: readonly string[] }

/** Notes the newest event and who was writing then. Cheap; nothing waits for it. */
export async function seeHorizon(db: Kysely<Tables>): Promise<TallyHorizon> {
  // Two statements, in this order: whoever begins to write after the first one gets a larger id.
  const newest = await sql<{ id: number | null }>`select max(id) as id from change_event`.execute(db)
  return { toId: newest.rows[0]!.id ?? 0, writers: await writersNow(db) }
}

/** True when everybody who was writing at the time has ended, so nothing below it can appear any more. */
export async function isPast(db: Kysely<Tables>, horizon: TallyHorizon): Promise<boolean> {
  if (horizon.writers.length === 0) return true
  const now = new Set(await writersNow(db))
  return !horizon.writers.some((writer) => now.has(writer))
}

async function writersNow(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ writer: string }>`
    select distinct virtualtransaction as writer from pg_locks
    where locktype = 'relation' and relation = 'change_event'::regclass and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(db)
  return rows.map((row) => row.writer)
}

/**
 * Counts what became of the next events of one connection, in id order, up to the first that still waits. Says whether
 * there is more to count right now. Exact however often and by however many it is called: the count and the place up to
 * which it goes are one commit. `toId` must be a horizon that is past.
 */
export async function tallyEvents(db: Database, connectionId: string, toId: number): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    if (!(await tryStageLock(trx, `tally/${connectionId}`))) return false
    const place = await sql<{ after_id: number }>`
      insert into event_tally_cursor (connection_id) values (${connectionId})
      on conflict (connection_id) do update set after_id = event_tally_cursor.after_id
      returning after_id`.execute(trx)
    const afterId = place.rows[0]!.after_id
    if (afterId >= toId) return false
    const lastId = Math.min(toId, afterId + TALLY_IDS)
    // Of the smallest waiting id the index of waiting events knows at once.
    const { rows } = await sql<{ until_id: number }>`
      with waiting as materialized (
        select min(id) as id from change_event where connection_id = ${connectionId} and state = 'received'
      ), until as materialized (
        select least(${lastId}::bigint, (select id from waiting) - 1) as id
      ), counted as (
        insert into event_tally as t (connection_id, day, object_type, source, state, reason, n)
        select connection_id, (received_at at time zone 'UTC')::date, object_type, source, state,
          case when state = 'skipped' then coalesce(skip_reason, '') else '' end, count(*)
        from change_event
        where id > ${afterId} and id <= (select id from until) and connection_id = ${connectionId}
        group by 1, 2, 3, 4, 5, 6
        order by 1, 2, 3, 4, 5, 6
        on conflict (connection_id, day, object_type, source, state, reason) do update set n = t.n + excluded.n
      )
      update event_tally_cursor set after_id = greatest(after_id, (select id from until))
      where connection_id = ${connectionId}
      returning after_id as until_id`.execute(trx)
    const untilId = rows[0]!.until_id
    return untilId === lastId && untilId < toId
  })
}

export type EventCount = {
  readonly day: string
  readonly objectType: string
  readonly source: ChangeSource
  readonly state: 'applied' | 'skipped' | 'failed' | 'received'
  readonly reason: string
  readonly n: number
}

/** Events that are counted when they are asked for. More than this at once are left for the next turn of the tally. */
const REMAINDER_IDS = 100_000

/**
 * What became of the events received since `fromDay` (UTC): what was counted, and what came after that as it stands now,
 * by one snapshot, so no event is in both or in neither. `whole` is false while more came than are counted at once.
 */
export async function readEventCounts(
  db: Kysely<Tables>,
  connectionId: string,
  fromDay: string,
): Promise<{ readonly counts: EventCount[]; readonly whole: boolean }> {
  const { rows } = await sql<{
    day: string | null
    object_type: string
    source: ChangeSource
    state: EventCount['state']
    reason: string
    n: number
  }>`
    with place as materialized (
      select coalesce((select after_id from event_tally_cursor where connection_id = ${connectionId}), 0) as id
    ), rest as materialized (
      select (received_at at time zone 'UTC')::date as day, object_type, source, state,
        case when state = 'skipped' then coalesce(skip_reason, '') else '' end as reason, count(*) as n
      from change_event
      where id > (select id from place) and id <= (select id from place) + ${REMAINDER_IDS}
        and connection_id = ${connectionId}
      group by 1, 2, 3, 4, 5
    )
    select day, object_type, source, state, reason, sum(n)::bigint as n from (
      select day, object_type, source, state, reason, n from event_tally
      where connection_id = ${connectionId} and day >= ${fromDay}::date
      union all
      select day, object_type, source, state, reason, n from rest where day >= ${fromDay}::date
    ) counted
    group by 1, 2, 3, 4, 5
    union all
    select null, '', 'baseline', 'received', '', (
      select count(*) from (
        select 1 from change_event where id > (select id from place) + ${REMAINDER_IDS}
          and connection_id = ${connectionId} limit 1) more)`.execute(db)
  const counts: EventCount[] = []
  let whole = true
  for (const row of rows) {
    if (row.day === null) whole = row.n === 0
    else
      counts.push({
        day: row.day,
        objectType: row.object_type,
        source: row.source,
        state: row.state,
        reason: row.reason,
        n: row.n,
      })
  }
  return { counts, whole }
}
