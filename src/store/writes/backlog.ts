import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

/**
 * Owners that one workflow writes in any hour because of nothing but a new version, of its policy or of our own code. A
 * mistake in it then reaches fifty records before a person has had an hour to see it.
 */
export const BACKLOG_PER_HOUR = 50

type Ref = { readonly objectType: string; readonly recordId: string }

/** Records that wait for room are decided again together, and at most so many of those that a person let go. */
const RELEASED_AT_ONCE = 1_000

/** One that was decided again and found no room after all, as its pilot's day was full, is looked at again after this. */
const LOOK_AGAIN_S = 300

/** The workflows, by `workflow\nobject/record`, whose write to one of these records a person let go. */
export async function releasedWrites(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  refs: readonly Ref[],
): Promise<Set<string>> {
  const { rows } = await sql<{ key: string }>`
    select b.workflow || e'\\n' || b.object_type || '/' || b.record_id as key
    from unnest(${refs.map((r) => r.objectType)}::text[], ${refs.map((r) => r.recordId)}::text[]) as w(t, r)
    join backlog_write b on b.connection_id = ${connectionId} and b.object_type = w.t and b.record_id = w.r
    join backlog_release l on l.workflow = b.workflow and l.version_id = b.version_id and b.id <= l.up_to`.execute(trx)
  return new Set(rows.map(({ key }) => key))
}

/**
 * How many more writes of a version alone each workflow may have now. Until the transaction ends nobody else is told, so
 * that two batches do not both take the last one.
 */
export async function roomThisHour(trx: Kysely<Tables>, workflows: readonly string[]): Promise<Map<string, number>> {
  const room = new Map<string, number>()
  // In the order of the gate (migration 0009), because each takes a lock.
  for (const workflow of workflows.toSorted()) {
    await sql`select pg_advisory_xact_lock(backlog_lock(${workflow}))`.execute(trx)
    const { rows } = await sql<{ room: number }>`
      select backlog_room(${workflow}, ${BACKLOG_PER_HOUR}, '{}', false) as room`.execute(trx)
    room.set(workflow, rows[0]!.room)
  }
  return room
}

export type WaitingWrite = Ref & { readonly workflow: string; readonly versionId: number }

/**
 * Notes which writes to the decided records wait for room now, in place of what waited before. What a workflow in `stands`
 * wanted stays as it was, because it decided nothing.
 */
export async function saveBacklog(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  { decided, waiting, stands }: BacklogChange,
): Promise<void> {
  const rows = waiting.map(({ objectType: t, recordId: r, workflow: w, versionId: v }) => ({ t, r, w, v }))
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
    insert into backlog_write (connection_id, object_type, record_id, workflow, version_id)
    select ${connectionId}, t, r, w, v
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(t text, r text, w text, v integer)
    order by t, r, w
    on conflict (connection_id, object_type, record_id, workflow) do nothing`.execute(trx)
}

export type BacklogChange = {
  readonly decided: readonly Ref[]
  readonly waiting: readonly WaitingWrite[]
  readonly stands: readonly (Ref & { readonly workflow: string })[]
}

/** Records of a connection that wait and for which there may be room: the oldest of each workflow, and what was let go. */
export const backlogDue = (connectionId: RawBuilder<unknown>) => sql`
  select b.object_type, b.record_id from workflow w
  cross join lateral (
    select x.object_type, x.record_id from backlog_write x
    where x.workflow = w.workflow and x.connection_id = ${connectionId} and x.look_at <= clock_timestamp()
    order by x.look_at, x.id
    limit (select greatest(0, backlog_room(w.workflow, ${BACKLOG_PER_HOUR}, '{}', false) - count(*)) from (
      select 1 from backlog_write o where o.workflow = w.workflow and o.look_at > clock_timestamp()
      limit ${BACKLOG_PER_HOUR}) o)
  ) b
  where exists (select 1 from backlog_write a where a.workflow = w.workflow)
  union all
  (select x.object_type, x.record_id from backlog_release l
    join backlog_write x on x.workflow = l.workflow and x.version_id = l.version_id and x.id <= l.up_to
    where x.connection_id = ${connectionId} and x.look_at <= clock_timestamp()
    limit ${RELEASED_AT_ONCE})`

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
