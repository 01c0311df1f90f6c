import { type Kysely, sql } from 'kysely'
import { DEAD_AFTER_S } from './counters.ts'
import type { Tables } from './tables.ts'

export type Overdue = {
  readonly stage: 'apply' | 'refresh' | 'decide' | 'act' | 'verify' | 'reconcile'
  readonly connectionId: string
}

/**
 * Which stages of which connections have rows waiting. One statement; each part is an index probe, so the answer costs
 * the same whether one row waits or a million.
 */
export async function findOverdue(db: Kysely<Tables>, reconcileEveryS: number): Promise<Overdue[]> {
  const { rows } = await sql<{ stage: Overdue['stage']; id: string }>`
    select s.stage, c.id
    from connection c
    cross join lateral (
      select 'apply' as stage where exists (
        select 1 from change_event e where e.connection_id = c.id and e.state = 'received')
      union all
      select 'refresh' where exists (
        select 1 from record r where r.connection_id = c.id and r.needs_read is not null
          and (r.read_after is null or r.read_after <= now()))
      union all
      select 'decide' where exists (
        select 1 from record r where r.connection_id = c.id and r.dirty_since is not null and r.needs_read is null)
      union all
      select 'act' where exists (
        select 1 from intent i where i.connection_id = c.id
          and (i.state in ('pending', 'unknown') and i.next_attempt_at <= now() or i.state = 'sending'))
      union all
      select 'verify' where exists (
        select 1 from task t where t.connection_id = c.id and t.status = 'open' and t.crm_task_id is not null)
      union all
      select 'reconcile' where (c.reading_until is null or c.reading_until < now() or not exists (
          select 1 from process_beat b where b.instance = c.reading_by
            and b.beat_at > now() - ${DEAD_AFTER_S} * interval '1 second'))
        and (not (c.baseline->>'done')::boolean or c.reconciled_at is null
          or c.reconciled_at < now() - ${reconcileEveryS} * interval '1 second')
    ) s
    -- what needs no call goes on while a connection waits for a person
    where c.status = 'connected' or s.stage in ('apply', 'decide')`.execute(db)
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
  reconciled: boolean,
): Promise<void> {
  await sql`update connection set reading_until = null, reading_by = null,
    reconciled_at = case when ${reconciled} then clock_timestamp() else reconciled_at end
    where id = ${connectionId} and reading_by = ${instance}`.execute(db)
}
