import { type Kysely, sql } from 'kysely'
import { isStillDue, type PendingDisconnect } from '../connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { lookAtInputs, releaseHeldRecords } from '../decisions/held-records.ts'
import { queueRedecisionEverywhere } from '../decisions/redecide-queue.ts'
import { FIRST_SIGHT } from '../records/unread-neighbour.ts'
import { ENDED } from './end-connection.ts'

/** Rows per transaction: what comes after an end of a large connection must not hold locks for long. */
const BATCH_ROWS = 10_000

/** When what is reopened is first looked at by act: decide should have said before what still holds. */
const REOPENED_AFTER_S = 120

/**
 * Does what the last end or new beginning of a connection left to be done with its records: `leave`, they are no longer
 * anybody's neighbours; `rejoin`, they are again, and the cases and tasks that the end closed stand. In batches, each a
 * transaction of its own that first asks whether it is still wanted; stopped in the middle, the next call goes on. False:
 * the connection was changed meanwhile, call again.
 */
export async function finishRecords(db: Database, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ followUp: PendingDisconnect | null; revision: number }>`
    select follow_up as "followUp", revision from connection where id = ${connectionId}`.execute(db)
  const followUp = rows[0]?.followUp ?? null
  if (followUp === null) return true
  const due = { connectionId, followUp, revision: rows[0]!.revision }
  /** Null: no longer wanted. */
  const batch = <T>(work: (trx: DatabaseTransaction) => Promise<T>): Promise<T | null> =>
    inTransaction(db, async (trx) => ((await isStillDue(trx, due)) ? work(trx) : null))
  const untilNone = async (work: (trx: DatabaseTransaction) => Promise<number>): Promise<boolean> => {
    for (;;) {
      const n = await batch(work)
      if (n === null) return false
      if (n === 0) return true
    }
  }
  const isThrough = await (followUp === 'leave'
    ? leave(connectionId, untilNone)
    : rejoin(connectionId, batch, untilNone))
  if (!isThrough) return false
  const isDone = await batch(async (trx) => {
    // What this connection held elsewhere is decided again; what matches one that came back, when it joins the others.
    if (followUp === 'leave') await queueRedecisionEverywhere(trx)
    else await lookAtInputs(trx)
    await sql`update connection set follow_up = null where id = ${connectionId}`.execute(trx)
    return true
  })
  return isDone === true
}

type UntilNone = (work: (trx: DatabaseTransaction) => Promise<number>) => Promise<boolean>
type Batch = <T>(work: (trx: DatabaseTransaction) => Promise<T>) => Promise<T | null>

/** Records of other connections that had something in common with them are decided again. */
async function leave(connectionId: string, untilNone: UntilNone): Promise<boolean> {
  // Rows that somebody holds are waited for: left out, they would be nobody's.
  const areGone = await untilNone(async (trx) => {
    const { rows } = await sql<{ n: number }>`
      with gone as (
        delete from match_key where ctid = any(array(
          select ctid from match_key where connection_id = ${connectionId} limit ${BATCH_ROWS} for update))
        returning key
      ), dirty as (
        update record r set dirty_since = coalesce(r.dirty_since, clock_timestamp())
        from (select distinct m.connection_id, m.object_type, m.record_id from gone
              join match_key m on m.key = gone.key and m.connection_id <> ${connectionId}) o
        where r.connection_id = o.connection_id and r.object_type = o.object_type and r.record_id = o.record_id
      )
      select count(*)::int as n from gone`.execute(trx)
    return rows[0]!.n
  })
  if (!areGone) return false
  // Should it be connected again, everything is read anew.
  const areSkipped = await untilNone(async (trx) => {
    const { numAffectedRows } = await sql`
      update change_event set state = 'skipped', skip_reason = ${ENDED}
      where id = any(array(select id from change_event where connection_id = ${connectionId} and state = 'received'
        limit ${BATCH_ROWS}))`.execute(trx)
    return Number(numAffectedRows ?? 0)
  })
  if (!areSkipped) return false
  const areReleased = await untilNone((trx) => releaseHeldRecords(trx, connectionId, BATCH_ROWS))
  if (!areReleased) return false
  const areForgotten =
    (await untilNone((trx) => dropRows(trx, 'wake_up', connectionId))) &&
    (await untilNone((trx) => dropRows(trx, 'backlog_write', connectionId))) &&
    (await untilNone((trx) => dropRows(trx, 'mark_queue', connectionId)))
  if (!areForgotten) return false
  return untilNone(async (trx) => {
    const { numAffectedRows } = await sql`
      update record set dirty_since = null, read_after = null,
        -- nothing is known of it but that it is there, and that stays so until it is read
        needs_read = case when needs_read = ${FIRST_SIGHT} then needs_read end,
        -- one that was being looked for is looked for again, should it be connected again
        unseen_look_at = case when unseen_since is not null then coalesce(unseen_look_at, clock_timestamp()) end
      where (connection_id, object_type, record_id) in (
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId}
          and (dirty_since is not null or needs_read <> ${FIRST_SIGHT})
        limit ${BATCH_ROWS})`.execute(trx)
    return Number(numAffectedRows ?? 0)
  })
}

/**
 * Until it is through nothing of this connection is decided (`joinConnections`): a case that is not open again yet would be
 * opened as another one, with a second task.
 */
async function rejoin(connectionId: string, batch: Batch, untilNone: UntilNone): Promise<boolean> {
  return (
    (await rejoinRecords(connectionId, batch)) &&
    (await untilNone((trx) => reopenExceptions(trx, connectionId))) &&
    (await untilNone((trx) => reopenTasks(trx, connectionId)))
  )
}

/** False: the connection was changed meanwhile. */
async function rejoinRecords(connectionId: string, batch: Batch): Promise<boolean> {
  let after = { objectType: '', recordId: '' }
  for (;;) {
    const from = after
    // In the order in which apply locks them; what it makes of them meanwhile is what is taken.
    const rows = await batch(
      async (trx) =>
        (
          await sql<{ objectType: string; recordId: string; n: number }>`
            with part as materialized (
              select object_type, record_id, keys, deleted, merged_into from record
              where connection_id = ${connectionId} and (object_type, record_id) > (${from.objectType}, ${from.recordId})
              order by object_type, record_id limit ${BATCH_ROWS} for update
            ), joined as (
              insert into match_key (key, connection_id, object_type, record_id)
              select unnest(keys), ${connectionId}, object_type, record_id from part
              where not deleted and merged_into is null
              on conflict do nothing
            ), dirty as (
              update record r set dirty_since = coalesce(r.dirty_since, clock_timestamp()) from part p
              where r.connection_id = ${connectionId} and r.object_type = p.object_type and r.record_id = p.record_id
            )
            select object_type as "objectType", record_id as "recordId", count(*) over ()::int as n from part
            order by object_type desc, record_id desc limit 1`.execute(trx)
        ).rows,
    )
    if (rows === null) return false
    const [last] = rows
    if (last) after = last
    if (!last || last.n < BATCH_ROWS) return true
  }
}

async function reopenExceptions(trx: DatabaseTransaction, connectionId: string): Promise<number> {
  const { numAffectedRows } = await sql`
    update exception set status = 'open', resolution = null, resolved_at = null, updated_at = now()
    where id in (
      select distinct on (e.workflow, e.pattern, e.subject) e.id from exception e
      where e.connection_id = ${connectionId} and e.status = 'resolved' and e.resolution = ${ENDED}
        and not exists (select 1 from exception o where o.connection_id = e.connection_id
          and o.workflow = e.workflow and o.pattern = e.pattern and o.subject = e.subject and o.status = 'open')
      order by e.workflow, e.pattern, e.subject, e.id desc limit ${BATCH_ROWS})`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

async function reopenTasks(trx: DatabaseTransaction, connectionId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with reopened as (
      update task set status = 'open', closed_by = null, closed_at = null
      where id in (
        select distinct on (t.workflow, t.cause) t.id from task t
        where t.connection_id = ${connectionId} and t.status = 'done' and t.closed_by = ${ENDED}
          -- what hangs on no workflow is made again by its own clock, perhaps in another CRM
          and t.workflow <> ''
          and not exists (select 1 from task o where o.connection_id = t.connection_id
            and o.workflow = t.workflow and o.cause = t.cause and o.status = 'open')
        order by t.workflow, t.cause, t.id desc limit ${BATCH_ROWS})
      returning id, workflow
    ), asked as (
      insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash, next_attempt_at)
      select ${connectionId}, r.workflow, 'task', r.id, '{}'::jsonb,
        coalesce((select i.policy_hash from intent i where i.task_id = r.id order by i.id desc limit 1), ''),
        now() + ${REOPENED_AFTER_S} * interval '1 second'
      from reopened r
      on conflict (task_id) where kind in ('task', 'job') and state = 'pending' do nothing
    )
    select count(*)::int as n from reopened`.execute(trx)
  return rows[0]!.n
}

/** `late`: only what comes late of an erasure that was through. */
export type ConnectionLeft = { readonly connectionId: string; readonly late: boolean }

/** A delivery or page that was being stored when the connection ended may come this late; it is erased as well. */
const LATE_MINUTES = 10

/** Connections whose last end or new beginning is not over. Those whose records wait for it come first. */
export async function connectionsLeft(db: Kysely<Tables>): Promise<ConnectionLeft[]> {
  const { rows } = await sql<ConnectionLeft>`
    select id as "connectionId", not is_due as late from (
      select id, follow_up, follow_up is not null or (status = 'disconnected' and (credentials is not null
          or (erase_since is not null and erased_at is null))) as is_due,
        status = 'disconnected' and erased_at > clock_timestamp() - make_interval(mins => ${LATE_MINUTES}) as is_late
      from connection) c
    where is_due or is_late
    order by (follow_up = 'rejoin') desc nulls last, is_due desc, id`.execute(db)
  return rows
}

/** Nothing of the connection is looked at again, and nothing waits for room in its hour. Returns how many rows went. */
async function dropRows(
  trx: Kysely<Tables>,
  table: 'wake_up' | 'backlog_write' | 'mark_queue',
  connectionId: string,
): Promise<number> {
  const { numAffectedRows } = await sql`delete from ${sql.table(table)} where ctid = any(array(
    select ctid from ${sql.table(table)} where connection_id = ${connectionId} limit ${BATCH_ROWS}))`.execute(trx)
  return Number(numAffectedRows ?? 0)
}
