import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import type { JobTaskAbout } from './job-tasks.ts'

export type ClosedJobTask = {
  readonly id: number
  readonly about: JobTaskAbout
  readonly isDeleted: boolean
  /** It was opened once more before. */
  readonly isSecond: boolean
}

/** Tasks that hang on no record and that a person closed or deleted, at a moment that was not looked into. Locked. */
export async function closedJobTasks(
  trx: Kysely<Tables>,
  connectionId: string,
  limit: number,
): Promise<ClosedJobTask[]> {
  const { rows } = await sql<ClosedJobTask>`
    select t.id, j.about, t.reopened > 0 as "isSecond",
      exists (select 1 from record r where r.connection_id = t.connection_id
        and r.object_type = any(${objectsAbout('task')}::text[]) and r.record_id = t.crm_task_id and r.deleted) as "isDeleted"
    from task t join job_task j on j.task_id = t.id
    where t.connection_id = ${connectionId} and t.workflow = '' and t.status = 'open'
      and t.closing_at_ms > coalesce(t.closing_seen_at_ms, 0)
    order by t.id limit ${limit} for update of t`.execute(trx)
  return rows
}

export async function noteClosingSeen(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<void> {
  if (taskIds.length === 0) return
  await sql`update task set closing_seen_at_ms = closing_at_ms where id = any(${[...taskIds]}::bigint[])`.execute(trx)
}

/** They stay as their person left them, and no other is made for the same cause. */
export async function leaveJobTasksClosed(
  trx: Kysely<Tables>,
  tasks: readonly { readonly id: number; readonly closing: string; readonly isDeleted: boolean }[],
): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update job_task j set left_closed_at = clock_timestamp(), closing = x.why
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.closing)}::text[]) as x(id, why)
    where j.task_id = x.id`.execute(trx)
  await sql`
    update task t set status = 'done', closed_at = clock_timestamp(), closed_by = 'person', gone_from_crm = x.gone
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.isDeleted)}::boolean[]) as x(id, gone)
    where t.id = x.id and t.status = 'open'`.execute(trx)
}
