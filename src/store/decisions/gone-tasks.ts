import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What an open task was in the CRM, before it was gone from there. */
export type LeftTask = {
  readonly id: number
  readonly key: string
  readonly crmTaskId: string
  readonly crmOwnerId: string | null
}

/** Why `closed_by` says that a row was closed which only stands for a task that is gone from the CRM. */
export const GONE = 'deleted'

/** Locks the tasks. Read before their rows forget what they were. */
export async function readLeftTasks(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<LeftTask[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<{ id: number; key: string; crm_task_id: string; crm_owner_id: string | null }>`
    select id, key, crm_task_id, crm_owner_id from task
    where id = any(${taskIds}::bigint[]) and status = 'open' and crm_task_id is not null
    order by id for update`.execute(trx)
  return rows.map((row) => ({ id: row.id, key: row.key, crmTaskId: row.crm_task_id, crmOwnerId: row.crm_owner_id }))
}

/**
 * A row for each task in the CRM that was given up, while its cases go on with another. A person can take it back out of
 * the recycle bin, and the CRM does so together with its record: then it is closed, or the cases would have two tasks.
 */
export async function keepLeftTasks(trx: Kysely<Tables>, left: readonly LeftTask[]): Promise<void> {
  if (left.length === 0) return
  await sql`
    insert into task (connection_id, workflow, cause, key, owner_email, object_type, record_id, crm_task_id, crm_owner_id,
      status, due_at, created_at, closed_at, closed_by, gone_from_crm)
    select t.connection_id, t.workflow, t.cause, x.k, t.owner_email, t.object_type, t.record_id, x.c, x.o,
      'done', t.due_at, t.created_at, now(), ${GONE}, true
    from unnest(${left.map(({ id }) => id)}::bigint[], ${left.map(({ key }) => key)}::text[],
                ${left.map(({ crmTaskId }) => crmTaskId)}::text[], ${left.map(({ crmOwnerId }) => crmOwnerId)}::text[])
      as x(id, k, c, o)
    join task t on t.id = x.id
    order by t.id`.execute(trx)
}

/**
 * These tasks are no longer in the CRM: a person deleted them, or the CRM did together with the record that they were on. If
 * their cases are still open they are written again, and say so.
 */
export async function recordTaskGone(
  trx: Kysely<Tables>,
  tasks: readonly { readonly taskId: number; readonly withItsRecord: boolean }[],
): Promise<void> {
  if (tasks.length === 0) return
  const ids = tasks.map(({ taskId }) => taskId)
  const left = await readLeftTasks(trx, ids)
  await sql`update task set gone_from_crm = true where id = any(${ids}::bigint[]) and status = 'done'`.execute(trx)
  await sql`
    update task t set crm_task_id = null, written_digest = null, rests_until = null, hung_object_type = null, hung_record_id = null,
      -- the deletion was of that task, and not of the one that follows
      closing_at_ms = null, closing_seen_at_ms = null,
      reopened = reopened + 1, key = 'lk-' || replace(gen_random_uuid()::text, '-', ''),
      reopen_reason = case when x.w
        then 'the CRM deleted the task together with the record that it was on, while a case was still open.'
        else 'the task was deleted in the CRM while the case was still open.' end
    from unnest(${ids}::bigint[], ${tasks.map((one) => one.withItsRecord)}::boolean[]) as x(id, w)
    where t.id = x.id and t.status = 'open'`.execute(trx)
  await keepLeftTasks(trx, left)
}

export type RestoredTask = { readonly taskId: number; readonly workflow: string; readonly policyHash: string }

/** Tasks of which the CRM shows again that they are open, although their cases are closed or have another task. */
export async function takeRestoredTasks(trx: Kysely<Tables>, connectionId: string): Promise<RestoredTask[]> {
  const { rows } = await sql<{ id: number; workflow: string; policy_hash: string }>`
    update task t set restored_at = null
    where t.connection_id = ${connectionId} and t.restored_at is not null
    returning t.id, t.workflow,
      coalesce((select i.policy_hash from intent i where i.task_id = t.id order by i.id desc limit 1), '') as policy_hash`.execute(
    trx,
  )
  return rows.map((row) => ({ taskId: row.id, workflow: row.workflow, policyHash: row.policy_hash }))
}
