import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { keepLeftTasks, readLeftTasks } from './gone-tasks.ts'
import type { TaskCloser } from './task-closer.ts'

/** How long a task that a person deleted stays away, if its case is still open. */
const DELETED_COOL_DOWN_MIN = 15

/** A task that a person closed in the CRM, at a moment that nobody has looked into yet. */
export type ClosedTask = { readonly id: number; readonly closingAtMs: number }

export async function closedTasks(trx: Kysely<Tables>, connectionId: string, limit: number): Promise<ClosedTask[]> {
  const { rows } = await sql<ClosedTask>`
    select id, closing_at_ms as "closingAtMs" from task
    where connection_id = ${connectionId} and workflow <> '' and status = 'open' and checking_since is null
      and closing_at_ms > coalesce(closing_seen_at_ms, 0)
    order by id limit ${limit}`.execute(trx)
  return rows
}

/** Tasks that are being checked, and not all records of whose cases have been asked for yet. */
export async function checksToAskFor(trx: Kysely<Tables>, connectionId: string, limit: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from task where connection_id = ${connectionId} and checking_after is not null
    order by id limit ${limit}`.execute(trx)
  return rows.map(({ id }) => id)
}

/** From now on these are being checked. The same closing is not looked into twice, however late our answer arrives. */
export async function startChecks(trx: Kysely<Tables>, tasks: readonly ClosedTask[]): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update task t set checking_since = clock_timestamp(), closing_seen_at_ms = x.at, checking_after = 0
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.closingAtMs)}::bigint[]) as x(id, at)
    where t.id = x.id and t.status = 'open' and t.checking_since is null`.execute(trx)
}

export type CheckedCase = {
  readonly taskId: number
  readonly exceptionId: number
  readonly objectType: string
  readonly recordId: string
}

/** The next open cases of these tasks whose records have to be read for the check. */
export async function casesToCheck(
  trx: Kysely<Tables>,
  taskIds: readonly number[],
  limit: number,
): Promise<CheckedCase[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<CheckedCase>`
    select t.id as "taskId", e.id as "exceptionId", e.object_type as "objectType", e.record_id as "recordId"
    from (select id, coalesce(checking_after, 0) as after_id from task where id = any(${taskIds}::bigint[])) t
    cross join lateral (
      select * from exception e where e.task_id = t.id and e.status = 'open' and e.id > t.after_id
      order by e.id limit ${limit}) e
    order by t.id, e.id limit ${limit}`.execute(trx)
  return rows
}

/** How far these tasks are asked for: up to a case, or (null) all of it. */
export async function noteAskedFor(
  trx: Kysely<Tables>,
  tasks: readonly { readonly id: number; readonly after: number | null }[],
): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update task t set checking_after = x.after
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.after)}::bigint[]) as x(id, after)
    where t.id = x.id`.execute(trx)
}

/** Whoever deletes a task has a reason: it comes back, but not in the same minute. */
export async function coolDownTaskWrites(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<void> {
  if (taskIds.length === 0) return
  await sql`update intent set next_attempt_at = clock_timestamp() + ${DELETED_COOL_DOWN_MIN} * interval '1 minute'
    where task_id = any(${taskIds}::bigint[]) and kind in ('task', 'job') and state = 'pending' and upgrade_id is null`.execute(
    trx,
  )
}

export type CheckedTask = {
  readonly id: number
  readonly crm: Crm
  readonly workflow: string
  readonly policyHash: string
  readonly stillWrong: string
  /** How many of its cases are still there. */
  readonly left: number
  /** It has, or had, more than one. */
  readonly isList: boolean
  readonly deleted: boolean
  /** It was deleted by the CRM, together with the record that it was on. */
  readonly withItsRecord: boolean
}

/**
 * Tasks whose check is over: every record of their open cases was read and decided since the check began, and cases are
 * still open. (A task whose cases all cleared was closed by the decision itself.) Without such a reading the check goes
 * on, however long it takes: it is not known whether the person has put it right. Of the next tasks after an id; `lastId` is
 * the last of them, null at the end.
 */
export async function failedChecks(
  trx: Kysely<Tables>,
  connectionId: string,
  { afterId, limit }: { readonly afterId: number; readonly limit: number },
): Promise<{ readonly failed: CheckedTask[]; readonly lastId: number | null }> {
  const { rows } = await sql<CheckedTask & { isOver: boolean | null }>`
    select t.id, t.crm, t.workflow, coalesce(first.policy_hash, '') as "policyHash", coalesce(first.what, '') as "stillWrong",
      (select count(*) from exception e where e.task_id = t.id and e.status = 'open')::int as "left",
      exists (select 1 from exception e where e.task_id = t.id and e.status = 'open' offset 1)
        or exists (select 1 from exception e where e.task_id = t.id and e.status = 'resolved') as "isList",
      exists (select 1 from record tr where tr.connection_id = t.connection_id
        and tr.object_type = any(${objectsAbout('task')}::text[]) and tr.record_id = t.crm_task_id and tr.deleted) as deleted,
      exists (select 1 from record h where h.connection_id = t.connection_id and h.object_type = t.hung_object_type
        and h.record_id = t.hung_record_id and h.deleted) as "withItsRecord",
      exists (${casesOf(sql`is true`)}) and not exists (${casesOf(sql`is false`)}) as "isOver"
    from (
      select k.*, c.crm from task k join connection c on c.id = k.connection_id
      where k.connection_id = ${connectionId} and k.status = 'open' and k.checking_since is not null
        and k.checking_after is null and k.id > ${afterId}
      order by k.id limit ${limit}
    ) t
    left join lateral (
      select policy_hash, what from exception where task_id = t.id and status = 'open' order by id limit 1) first on true
    order by t.id`.execute(trx)
  const failed = rows
    .filter(({ isOver }) => isOver === true)
    .map(({ isOver: _isOver, ...task }) => ({ ...task, withItsRecord: task.deleted && task.withItsRecord }))
  return { failed, lastId: rows.length < limit ? null : rows.at(-1)!.id }
}

/** Open cases of `t` that were read and decided since its check began, or were not, or (neither) that have no record. */
const casesOf = (were: RawBuilder<unknown>) => sql`
  select 1 from exception e
  left join record r on r.connection_id = e.connection_id and r.object_type = e.object_type and r.record_id = e.record_id
  where e.task_id = t.id and e.status = 'open'
    and (r.needs_read is null and r.unseen_since is null and r.dirty_since is null and r.updated_at > t.checking_since
      -- the case of an input has no record: it ends when the input is known, and not by a check
      or (r.record_id is null and e.record_id <> '')) ${were}`

/** What a closing means for the open cases of a task. */
export type Closing = {
  readonly taskId: number
  /** Cases that are asked about once more: of what they rest on now it is the first time. */
  readonly again: number
  /** Cases that wait from now on, because it is the second time. */
  readonly wait: number
}

/**
 * A person closed these tasks and left their cases as they were. Of the same evidence a case is opened once more, and after
 * that it waits (M50). One list of keys is as long as people close its task, with other evidence each time.
 */
export async function judgeClosings(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<Closing[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<Closing>`
    with judged as materialized (
      select id, coalesce(evidence_key, '') as key, coalesce(evidence_key, '') = any(reopened_for) as is_second
      from exception where task_id = any(${taskIds}::bigint[]) and status = 'open' and record_id <> ''
      order by id for update
    ), noted as (
      update exception e set
        reopened_for = case when j.is_second then e.reopened_for else e.reopened_for || j.key end,
        waited_for = case when not j.is_second or j.key = any(e.waited_for) then e.waited_for else e.waited_for || j.key end,
        waits_since = case when j.is_second then clock_timestamp() end
      from judged j where e.id = j.id
      returning e.task_id, j.is_second
    )
    select task_id as "taskId", count(*) filter (where not is_second)::int as again,
      count(*) filter (where is_second)::int as wait
    from noted group by 1 order by 1`.execute(trx)
  return rows
}

/**
 * Takes the cases that wait out of these tasks, with the name of who closed them. A task that has no other case stays closed, as
 * the person left it. Returns those. Locked first, as in `closeEmptyTasks`: whoever adds a case holds the task.
 */
export async function leaveClosed(
  trx: Kysely<Tables>,
  tasks: readonly { readonly id: number; readonly closer: TaskCloser | null; readonly deleted: boolean }[],
): Promise<Set<number>> {
  if (tasks.length === 0) return new Set()
  const ids = tasks.map(({ id }) => id)
  await sql`select id from task where id = any(${ids}::bigint[]) order by id for update`.execute(trx)
  const { rows } = await sql<{ id: number }>`
    update task t set status = 'done', closed_at = now(), closed_by = 'person', checking_since = null, checking_after = null,
      rests_until = null, gone_from_crm = x.gone
    from unnest(${ids}::bigint[], ${tasks.map(({ deleted }) => deleted)}::boolean[]) as x(id, gone)
    where t.id = x.id and t.status = 'open'
      and not exists (select 1 from exception e where e.task_id = t.id and e.status = 'open' and e.waits_since is null)
    returning t.id`.execute(trx)
  const closed = new Set(rows.map(({ id }) => id))
  await sql`
    update exception e set waits_closer = x.closer, task_id = case when x.closed then e.task_id end
    from jsonb_to_recordset(${JSON.stringify(
      tasks.map(({ id, closer }) => ({ id, closer, closed: closed.has(id) })),
    )}::jsonb) as x(id bigint, closer jsonb, closed boolean)
    where e.task_id = x.id and e.status = 'open' and e.waits_since is not null`.execute(trx)
  return closed
}

/** The person closed the task and the case is still there: the task opens again and says what is still wrong. */
export async function reopenTasks(
  trx: Kysely<Tables>,
  tasks: readonly { readonly id: number; readonly reason: string; readonly deleted: boolean }[],
): Promise<void> {
  if (tasks.length === 0) return
  const left = await readLeftTasks(
    trx,
    tasks.filter(({ deleted }) => deleted).map(({ id }) => id),
  )
  await sql`
    update task t set checking_since = null, checking_after = null, reopened = reopened + 1, reopen_reason = x.why, written_digest = null,
      rests_until = null,
      crm_task_id = case when x.gone then null else t.crm_task_id end,
      hung_object_type = case when x.gone then null else t.hung_object_type end,
      hung_record_id = case when x.gone then null else t.hung_record_id end,
      key = case when x.gone then 'lk-' || replace(gen_random_uuid()::text, '-', '') else t.key end
    from unnest(${tasks.map((t) => t.id)}::bigint[], ${tasks.map((t) => t.reason)}::text[],
                ${tasks.map((t) => t.deleted)}::boolean[]) as x(id, why, gone)
    where t.id = x.id and t.status = 'open'`.execute(trx)
  await keepLeftTasks(trx, left)
}
