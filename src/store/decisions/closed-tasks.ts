import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'

/** How long a task that a person deleted stays away, if its case is still open. */
const DELETED_COOL_DOWN_MIN = 15

/** A task that a person closed in the CRM, at a moment that nobody has looked into yet. */
export type ClosedTask = {
  readonly id: number
  readonly closingAtMs: number
  /** What its open cases are about. */
  readonly records: readonly { readonly objectType: string; readonly recordId: string }[]
}

export async function closedTasks(trx: Kysely<Tables>, connectionId: string): Promise<ClosedTask[]> {
  const { rows } = await sql<{
    id: number
    closing_at_ms: number
    records: { objectType: string; recordId: string }[] | null
  }>`
    select t.id, t.closing_at_ms,
      (select jsonb_agg(distinct jsonb_build_object('objectType', e.object_type, 'recordId', e.record_id))
       from exception e where e.task_id = t.id and e.status = 'open') as records
    from task t
    where t.connection_id = ${connectionId} and t.status = 'open' and t.checking_since is null
      and t.closing_at_ms > coalesce(t.closing_seen_at_ms, 0)
    order by t.id`.execute(trx)
  return rows.map((row) => ({ id: row.id, closingAtMs: row.closing_at_ms, records: row.records ?? [] }))
}

/** From now on these are being checked. The same closing is not looked into twice, however late our answer arrives. */
export async function startChecks(trx: Kysely<Tables>, tasks: readonly ClosedTask[]): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update task t set checking_since = clock_timestamp(), closing_seen_at_ms = x.at
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.closingAtMs)}::bigint[]) as x(id, at)
    where t.id = x.id and t.status = 'open' and t.checking_since is null`.execute(trx)
}

/** Whoever deletes a task has a reason: it comes back, but not in the same minute. */
export async function coolDownTaskWrites(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<void> {
  if (taskIds.length === 0) return
  await sql`update intent set next_attempt_at = clock_timestamp() + ${DELETED_COOL_DOWN_MIN} * interval '1 minute'
    where task_id = any(${taskIds}::bigint[]) and kind = 'task' and state = 'pending'`.execute(trx)
}

export type CheckedTask = {
  readonly id: number
  readonly workflow: string
  readonly policyHash: string
  readonly stillWrong: string
  readonly deleted: boolean
}

/**
 * Tasks whose check is over: every record of their open cases was read and decided since the check began, and cases are
 * still open. (A task whose cases all cleared was closed by the decision itself.) Without such a reading the check goes
 * on, however long it takes: nobody knows whether the person has put it right.
 */
export async function failedChecks(trx: Kysely<Tables>, connectionId: string): Promise<CheckedTask[]> {
  const { rows } = await sql<{
    id: number
    workflow: string
    policy_hash: string
    still_wrong: string
    deleted: boolean
  }>`
    select t.id, t.workflow, min(e.policy_hash) as policy_hash, min(e.what) as still_wrong,
           bool_or(coalesce(tr.deleted, false)) as deleted
    from task t
    join exception e on e.task_id = t.id and e.status = 'open'
    left join record r on r.connection_id = e.connection_id and r.object_type = e.object_type and r.record_id = e.record_id
    left join record tr on tr.connection_id = t.connection_id and tr.object_type = any(${objectsAbout('task')}::text[])
      and tr.record_id = t.crm_task_id
    where t.connection_id = ${connectionId} and t.status = 'open' and t.checking_since is not null
    group by t.id, t.workflow
    having bool_and(r.needs_read is null and r.dirty_since is null and r.updated_at > t.checking_since
      -- the case of an input has no record: it ends when the input is known, and not by a check
      or (r.record_id is null and e.record_id <> ''))`.execute(trx)
  return rows.map((row) => ({
    id: row.id,
    workflow: row.workflow,
    policyHash: row.policy_hash,
    stillWrong: row.still_wrong,
    deleted: row.deleted,
  }))
}

/** The person closed the task and the case is still there: the task opens again and says what is still wrong. */
export async function reopenTasks(
  trx: Kysely<Tables>,
  tasks: readonly { readonly id: number; readonly reason: string; readonly deleted: boolean }[],
): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update task t set checking_since = null, reopened = reopened + 1, reopen_reason = x.why, written_digest = null,
      crm_task_id = case when x.gone then null else t.crm_task_id end,
      key = case when x.gone then 'lk-' || replace(gen_random_uuid()::text, '-', '') else t.key end
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.reason)}::text[],
                ${tasks.map((t) => t.deleted)}::boolean[]) as x(id, why, gone)
    where t.id = x.id and t.status = 'open'`.execute(trx)
}
