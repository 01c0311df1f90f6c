import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

type Ref = { readonly objectType: string; readonly recordId: string }

/** Records that wait for room are marked for another decision together, at most so many of a workflow. */
const MARKED_AT_ONCE = 1_000

/** One that was decided again and found no room after all, as its pilot's day was full, is looked at again after this. */
const LOOK_AGAIN_S = 60

/** Of `backlog_application a` and `backlog_write b` of its workflow: what the person saw, and what had to wait again. */
export const SEEN = sql`(b.version_id = a.version_id and (b.id <= a.up_to or b.seen_by = a.id))`

/** Applications that let writes go now: they run, and for the version in force. */
export const APPLYING = sql`(select x.* from backlog_application x
  join workflow w on w.workflow = x.workflow and w.version_id = x.version_id where x.state = 'running')`

/**
 * By `workflow\nobject/record`, the application that lets the write to one of these records go when there is room. A write
 * that it let go before and that did not leave is still its own.
 */
export async function seenWrites(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  refs: readonly Ref[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ key: string; id: number }>`
    select a.workflow || e'\\n' || w.t || '/' || w.r as key, a.id from ${APPLYING} a
    cross join unnest(${refs.map((r) => r.objectType)}::text[], ${refs.map((r) => r.recordId)}::text[]) as w(t, r)
    where exists (select 1 from backlog_write b where b.connection_id = ${connectionId} and b.object_type = w.t
        and b.record_id = w.r and b.workflow = a.workflow and ${SEEN})
      or exists (select 1 from intent i where i.connection_id = ${connectionId} and i.object_type = w.t
        and i.record_id = w.r and i.workflow = a.workflow and i.kind = 'owner' and i.application_id = a.id)`.execute(
    trx,
  )
  return new Map(rows.map(({ key, id }) => [key, id]))
}

export type Room = { readonly applicationId: number; readonly writes: number }

/**
 * The application of each workflow that runs, and how many more writes it may let go now. Until the transaction ends nobody
 * else is told, so that two batches do not both take the last one.
 */
export async function roomNow(trx: Kysely<Tables>, workflows: readonly string[]): Promise<Map<string, Room>> {
  const room = new Map<string, Room>()
  // In the order of the gate (migration 0034), because each takes a lock.
  for (const workflow of workflows.toSorted()) {
    await sql`select pg_advisory_xact_lock(backlog_lock(${workflow}))`.execute(trx)
    const { rows } = await sql<Room>`
      select a.id as "applicationId", backlog_room(${workflow}, '{}', false) as writes
      from backlog_application_of(${workflow}) a`.execute(trx)
    if (rows[0] !== undefined) room.set(workflow, rows[0])
  }
  return room
}

export type WaitingWrite = Ref & {
  readonly workflow: string
  readonly versionId: number
  /** The owner that the record has, and the one that it would get, by the CRM's ids. */
  readonly from: string | null
  readonly to: string
  readonly branch: string
  /** The application that let it go, or would have. Null: nobody has applied the version to it. */
  readonly seenBy: number | null
}

/**
 * Notes which writes to the decided records wait for room now, in place of what waited before. What a workflow in `stands`
 * wanted stays as it was, because it decided nothing.
 */
export async function saveBacklog(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  { decided, waiting, stands }: BacklogChange,
): Promise<void> {
  const rows = waiting.map(({ objectType: t, recordId: r, workflow: w, versionId: v, ...more }) => {
    return { t, r, w, v, f: more.from, o: more.to, b: more.branch, s: more.seenBy }
  })
  const kept = stands.map(({ objectType: t, recordId: r, workflow: w }) => ({ t, r, w }))
  await sql`
    delete from backlog_write b
    using unnest(${decided.map((d) => d.objectType)}::text[], ${decided.map((d) => d.recordId)}::text[]) as d(t, r)
    where b.connection_id = ${connectionId} and b.object_type = d.t and b.record_id = d.r
      and not exists (select 1 from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(t text, r text, w text, v integer)
        where x.t = d.t and x.r = d.r and x.w = b.workflow and x.v = b.version_id)
      and not exists (select 1 from jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as k(t text, r text, w text)
        where k.t = d.t and k.r = d.r and k.w = b.workflow)`.execute(trx)
  if (rows.length === 0) return
  // A statement of its own: it must see that what waited for another version is gone.
  await sql`
    insert into backlog_write as k (connection_id, object_type, record_id, workflow, version_id, from_id, to_id, branch, seen_by)
    select ${connectionId}, t, r, w, v, f, o, b, s
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as x(t text, r text, w text, v integer, f text, o text, b text, s bigint)
    order by t, r, w
    -- it keeps its place
    on conflict (connection_id, object_type, record_id, workflow) do update
      set from_id = excluded.from_id, to_id = excluded.to_id, branch = excluded.branch, seen_by = excluded.seen_by
      where (k.from_id, k.to_id, k.branch, k.seen_by)
        is distinct from (excluded.from_id, excluded.to_id, excluded.branch, excluded.seen_by)`.execute(trx)
}

export type BacklogChange = {
  readonly decided: readonly Ref[]
  readonly waiting: readonly WaitingWrite[]
  readonly stands: readonly (Ref & { readonly workflow: string })[]
}

/**
 * Records of a connection that an application lets go and for which there is room: the oldest of each workflow. Those that
 * are marked and not decided yet have their room already.
 */
export const backlogDue = (connectionId: RawBuilder<unknown>) => sql`
  select due.object_type, due.record_id from ${APPLYING} a
  cross join lateral (
    select b.object_type, b.record_id from backlog_write b
    where b.workflow = a.workflow and b.connection_id = ${connectionId} and b.look_at <= clock_timestamp() and ${SEEN}
    order by b.look_at, b.id
    limit (select greatest(0, least(${MARKED_AT_ONCE}, backlog_room(a.workflow, '{}', false)) - count(*)) from (
      select 1 from backlog_write o
      join record r on r.connection_id = o.connection_id and r.object_type = o.object_type and r.record_id = o.record_id
      where o.workflow = a.workflow and o.look_at > clock_timestamp() and r.dirty_since is not null
      limit ${MARKED_AT_ONCE}) o)
  ) due`

/** The same as refs, in key order. */
export async function recordsWithRoom(db: Kysely<Tables>, connectionId: ConnectionId): Promise<Ref[]> {
  const { rows } = await sql<Ref>`
    select distinct object_type as "objectType", record_id as "recordId"
    from (${backlogDue(sql`${connectionId}`)}) due order by 1, 2`.execute(db)
  return rows
}

/** They are marked for another decision: whatever of them still waits then is not looked at again at once. */
export async function lookAgainLater(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  refs: readonly Ref[],
): Promise<void> {
  await sql`
    update backlog_write b set look_at = clock_timestamp() + ${LOOK_AGAIN_S} * interval '1 second'
    from unnest(${refs.map((r) => r.objectType)}::text[], ${refs.map((r) => r.recordId)}::text[]) as d(t, r)
    where b.connection_id = ${connectionId} and b.object_type = d.t and b.record_id = d.r
      and b.look_at <= clock_timestamp()`.execute(trx)
}
