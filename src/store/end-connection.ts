import { type Kysely, sql } from 'kysely'
import type { Database, DatabaseTransaction } from './database.ts'
import type { Tables } from './tables.ts'
import { inTransaction } from './transaction.ts'

/** Rows per statement: an end of a large connection must not hold locks for long. */
const BATCH_ROWS = 10_000

/** From now on nobody may use the connection. False: it was ended before. */
export async function markDisconnected(db: Kysely<Tables>, connectionId: string, reason: string): Promise<boolean> {
  const { rows } = await sql`
    update connection set status = 'disconnected', status_reason = ${reason}, revision = revision + 1
    where id = ${connectionId} and status <> 'disconnected' returning 1`.execute(db)
  return rows.length > 0
}

/** What we were given is gone for good. */
export async function eraseSecrets(db: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`delete from connection_token where connection_id = ${connectionId}`.execute(db)
  await sql`update connection set credentials = null where id = ${connectionId}`.execute(db)
}

export const ENDED = 'disconnected'

export type EndedCase = {
  readonly id: number
  readonly workflow: string
  readonly pattern: string
  readonly objectType: string
  readonly recordId: string
  readonly policyHash: string
}

/**
 * Closes what waits at a connection that has ended: its writes are not sent, its cases and tasks are over as far as we
 * are concerned. The tasks in the CRM are left. Returns the cases, and how many writes and tasks there were.
 */
export async function closeWork(
  trx: Kysely<Tables>,
  connectionId: string,
): Promise<{ cases: EndedCase[]; intents: number; tasks: number }> {
  const intents = await sql`
    update intent set state = 'cancelled', outcome = 'The connection was ended', finished_at = now(), lease_until = null,
      lease_epoch = lease_epoch + 1
    where connection_id = ${connectionId} and state in ('pending', 'sending', 'unknown') returning 1`.execute(trx)
  const { rows } = await sql<{
    id: number
    workflow: string
    pattern: string
    object_type: string
    record_id: string
    policy_hash: string
  }>`
    update exception set status = 'resolved', resolution = ${ENDED}, resolved_at = now(), updated_at = now()
    where connection_id = ${connectionId} and status = 'open'
    returning id, workflow, pattern, object_type, record_id, policy_hash`.execute(trx)
  const tasks = await sql`
    update task set status = 'done', closed_by = ${ENDED}, closed_at = now(), checking_since = null
    where connection_id = ${connectionId} and status = 'open' returning 1`.execute(trx)
  const cases = rows.map((row) => ({
    id: row.id,
    workflow: row.workflow,
    pattern: row.pattern,
    objectType: row.object_type,
    recordId: row.record_id,
    policyHash: row.policy_hash,
  }))
  return { cases, intents: intents.rows.length, tasks: tasks.rows.length }
}

/**
 * Its records are no longer anybody's neighbours, and nothing about them waits. Records of other connections that had
 * something in common with them are decided again. In batches, each a transaction of its own, because stages that are
 * still running may meet them.
 */
export async function leaveNeighbours(db: Database, connectionId: string): Promise<void> {
  await untilNone(db, async (trx) => {
    const { rows } = await sql<{ n: number }>`
      with gone as (
        delete from match_key where ctid = any(array(
          select ctid from match_key where connection_id = ${connectionId} limit ${BATCH_ROWS} for update skip locked))
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
  // Should it be connected again, everything is read anew.
  await untilNone(db, async (trx) => {
    const { numAffectedRows } = await sql`
      update change_event set state = 'skipped', skip_reason = ${ENDED}
      where id = any(array(select id from change_event where connection_id = ${connectionId} and state = 'received'
        limit ${BATCH_ROWS}))`.execute(trx)
    return Number(numAffectedRows ?? 0)
  })
  await untilNone(db, async (trx) => {
    const { numAffectedRows } = await sql`
      update record set dirty_since = null, needs_read = null, read_after = null, recheck_at = null
      where (connection_id, object_type, record_id) in (
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId}
          and (dirty_since is not null or needs_read is not null or recheck_at is not null)
        limit ${BATCH_ROWS})`.execute(trx)
    return Number(numAffectedRows ?? 0)
  })
}

async function untilNone(db: Database, batch: (trx: DatabaseTransaction) => Promise<number>): Promise<void> {
  while ((await inTransaction(db, batch)) > 0);
}

/** When what is reopened is first looked at by act: decide should have said before what still holds. */
const REOPENED_AFTER_S = 120

/**
 * The other way, when a connection with history is connected again: its records are neighbours again, and the cases and
 * tasks that its end closed stand until the next decision says otherwise, so that no case gets a second task.
 */
export async function reopenWork(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`
    insert into match_key (key, connection_id, object_type, record_id)
    select unnest(keys), connection_id, object_type, record_id from record
    where connection_id = ${connectionId} and not deleted and merged_into is null
    on conflict do nothing`.execute(trx)
  await sql`update record set dirty_since = coalesce(dirty_since, clock_timestamp())
    where connection_id = ${connectionId}`.execute(trx)
  await sql`
    update exception e set status = 'open', resolution = null, resolved_at = null, updated_at = now()
    where connection_id = ${connectionId} and status = 'resolved' and resolution = ${ENDED}
      and not exists (select 1 from exception o where o.connection_id = e.connection_id and o.workflow = e.workflow
        and o.pattern = e.pattern and o.subject = e.subject and o.status = 'open')`.execute(trx)
  await sql`
    with reopened as (
      update task t set status = 'open', closed_by = null, closed_at = null
      where connection_id = ${connectionId} and status = 'done' and closed_by = ${ENDED}
        and not exists (select 1 from task o where o.connection_id = t.connection_id and o.workflow = t.workflow
          and o.cause = t.cause and o.status = 'open')
      returning id, workflow
    )
    insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash, next_attempt_at)
    select ${connectionId}, r.workflow, 'task', r.id, '{}'::jsonb,
      coalesce((select i.policy_hash from intent i where i.task_id = r.id order by i.id desc limit 1), ''),
      now() + ${REOPENED_AFTER_S} * interval '1 second'
    from reopened r
    on conflict (task_id) where kind = 'task' and state = 'pending' do nothing`.execute(trx)
}
