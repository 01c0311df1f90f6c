import { type Kysely, type RawBuilder, sql } from 'kysely'
import { knownProfiles } from '../../model/record/crm-profile.ts'
import { DEAD_AFTER_S } from '../database/counters.ts'
import type { Tables } from '../database/tables.ts'
import { unseenDue } from '../records/unseen-records.ts'
import { backlogDue } from '../writes/backlog.ts'
import { APPLICATION_ENDS } from '../writes/backlog-applications.ts'
import { RESTS } from './resting-lists.ts'
import { USERS_DUE } from './user-checks.ts'

export type Overdue = {
  readonly stage: 'apply' | 'refresh' | 'decide' | 'act' | 'verify' | 'poll'
  readonly connectionId: string
}

/** A portal whose changes nobody tells us of is asked at least this often. */
export const POLL_EVERY_S = 60

/** The index of what is to be read is ordered within an object, so they are named. */
const watchedByAny = () => knownProfiles().flatMap(({ objects }) => Object.keys(objects))

const toRead = (connectionId: RawBuilder<unknown>) => sql`
  select 1 from unnest(${watchedByAny()}::text[]) as o(object_type)
  cross join lateral (
    select 1 from record r where r.connection_id = ${connectionId} and r.object_type = o.object_type
      and r.needs_read is not null and coalesce(r.read_after, '-infinity'::timestamptz) <= now()
    order by coalesce(r.read_after, '-infinity'::timestamptz) limit 1
  ) due
  limit 1`

const toDecide = (connectionId: RawBuilder<unknown>) => sql`
  select 1 from record r where r.connection_id = ${connectionId} and (r.needs_read is null)
    and r.dirty_since is not null order by r.dirty_since limit 1`

/**
 * A workflow that waits in connection `c` and may have nothing to wait for any more: one of what it waits for is gone, or
 * one of the same CRM has joined. It runs and watches this CRM, as a decision would do nothing for another.
 */
const mayBegin = (c: RawBuilder<unknown>) => sql`
  select 1 from workflow_connection wc
  join workflow w on w.workflow = wc.workflow
  join policy_version p on p.hash = w.hash
    and p.document->'objects' @> jsonb_build_array(jsonb_build_object('crm', ${c}.crm))
  where wc.connection_id = ${c}.id and wc.began_at is null and exists (
    select 1 from unnest(wc.waits_for) as x(id) left join connection o on o.id = x.id
    where o.id is null or o.status = 'disconnected'
      or exists (select 1 from connection j where j.crm = o.crm and j.joined_at is not null))`

/** Whether a record waits to be read now, also one that another process has locked. */
export async function isAnyToRead(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  return (await toRead(sql`${connectionId}`).execute(db)).rows.length > 0
}

/** Whether a record waits to be decided, also one that another process has locked. */
export async function isAnyDirty(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  return (await toDecide(sql`${connectionId}`).execute(db)).rows.length > 0
}

/**
 * Which stages of which connections have rows waiting. One statement; each part is an index probe (a limit that the planner
 * sees; it drops one inside `exists`), so the answer costs the same whether one row waits or a million.
 */
export async function findOverdue(db: Kysely<Tables>, pollEveryS: number): Promise<Overdue[]> {
  const { rows } = await sql<{ stage: Overdue['stage']; id: string }>`
    select distinct s.stage, c.id
    from connection c
    cross join lateral (
      (select 'apply' as stage from change_event e where e.connection_id = c.id and e.state = 'received' limit 1)
      union all
      (select 'apply' from change_event e where e.connection_id = c.id and e.state = 'failed' and e.retry_at <= now() limit 1)
      union all
      (select 'refresh' from (${toRead(sql`c.id`)}) due)
      union all
      (select 'refresh' from (${unseenDue(sql`c.id`)}) due)
      union all
      ${USERS_DUE}
      union all
      (select 'decide' from (${toDecide(sql`c.id`)}) due)
      union all
      select 'decide' from redecide_queue a where a.connection_id = c.id
      union all
      -- it may join the others, its neighbours are not all marked, or a workflow waits there to begin
      select 'decide' where c.joined_at is null and (c.baseline->>'done')::boolean and c.follow_up is null
      union all
      select 'decide' from join_queue j where j.connection_id = c.id
      union all
      (select 'decide' from (${mayBegin(sql`c`)}) waiting limit 1)
      union all
      (select 'decide' from mark_queue a where a.connection_id = c.id limit 1)
      union all
      (select 'decide' from unknown_input u where u.look_at <= now() limit 1)
      union all
      (select 'decide' from (${backlogDue(sql`c.id`)}) due limit 1)
      union all
      -- nothing is left of an application of a version to the backlog, and that is still to be noted
      (select 'decide' from (${APPLICATION_ENDS}) ending limit 1)
      union all
      -- the report of an upgrade is still to be made, or tasks wait that it lets go
      (select 'decide' from upgrade u where u.released_at is null limit 1)
      union all
      (select 'act' from intent i where i.connection_id = c.id
        and i.state in ('pending', 'unknown') and i.next_attempt_at <= now() and not ${RESTS} order by i.next_attempt_at limit 1)
      union all
      (select 'act' from intent i where i.connection_id = c.id and i.state = 'sending' limit 1)
      union all
      (select 'act' from intent i where i.connection_id = c.id and i.search_again_at <= now() limit 1)
      union all
      (select 'verify' from task t where t.connection_id = c.id and t.status = 'open' and t.checking_since is null
        and t.closing_at_ms > coalesce(t.closing_seen_at_ms, 0) limit 1)
      union all
      (select 'verify' from task t where t.connection_id = c.id and t.checking_since is not null limit 1)
      union all
      (select 'verify' from task t where t.connection_id = c.id and t.restored_at is not null limit 1)
      union all
      select 'poll' where (c.reading_until is null or c.reading_until < now() or not exists (
          select 1 from process_beat b where b.instance = c.reading_by
            and b.beat_at > now() - ${DEAD_AFTER_S} * interval '1 second'))
        and (not (c.baseline->>'done')::boolean or c.polled_at is null
          or c.polled_at < now() - interval '1 second'
            * case when c.feed = 'poll' then least(${pollEveryS}::int, ${POLL_EVERY_S}::int) else ${pollEveryS}::int end)
    ) s
    -- what needs no call goes on while a connection waits for a person
    where c.status = 'connected' or (c.status = 'reconnect-needed' and s.stage in ('apply', 'decide'))`.execute(db)
  return rows.map((row) => ({ stage: row.stage, connectionId: row.id }))
}

/** How long one page of a baseline or reconcile may take before another process may go on with it. */
export const READING_LEASE_S = 90

/** Makes the caller the one reader of the connection, or says that another is. One that gives no sign of life is not. */
export async function claimReading(db: Kysely<Tables>, connectionId: string, instance: string): Promise<boolean> {
  const { rows } = await sql`
    update connection c set reading_until = clock_timestamp() + ${READING_LEASE_S} * interval '1 second',
      reading_by = ${instance}
    where c.id = ${connectionId} and (c.reading_until is null or c.reading_until < clock_timestamp() or not exists (
      select 1 from process_beat b where b.instance = c.reading_by
        and b.beat_at > clock_timestamp() - ${DEAD_AFTER_S} * interval '1 second'))
    returning c.id`.execute(db)
  return rows.length > 0
}

export async function renewReading(db: Kysely<Tables>, connectionId: string, instance: string): Promise<void> {
  await sql`update connection set reading_until = clock_timestamp() + ${READING_LEASE_S} * interval '1 second'
    where id = ${connectionId} and reading_by = ${instance}`.execute(db)
}

/** A reader whose lease was taken over by another has nothing to finish. */
export async function finishReading(
  db: Kysely<Tables>,
  connectionId: string,
  instance: string,
  polled: boolean,
): Promise<void> {
  await sql`update connection set reading_until = null, reading_by = null,
    polled_at = case when ${polled} then clock_timestamp() else polled_at end
    where id = ${connectionId} and reading_by = ${instance}`.execute(db)
}
