import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

export type TaskForCause = {
  readonly connectionId: string
  readonly workflow: string
  readonly cause: string
  readonly ownerEmail: string
  readonly objectType: string
  readonly recordId: string
  readonly dueAtMs: number
}

/**
 * The open task of each cause, made where there is none. The unique index on open tasks is the guarantee: two workers
 * that decide the same cause at once end up with one task. Returns the task id per `workflow\ncause`.
 */
export async function ensureTasks(trx: Kysely<Tables>, wanted: readonly TaskForCause[]): Promise<Map<string, number>> {
  const tasks = new Map<string, number>()
  if (wanted.length === 0) return tasks
  const unique = [...new Map(wanted.map((w) => [`${w.workflow}\n${w.cause}`, w])).values()]
  const { rows } = await sql<{ id: number; workflow: string; cause: string }>`
    insert into task (connection_id, workflow, cause, key, owner_email, object_type, record_id, due_at)
    select c, w, ca, 'lk-' || replace(gen_random_uuid()::text, '-', ''), o, t, r, du
    from jsonb_to_recordset(${JSON.stringify(
      unique.map((u) => ({
        c: u.connectionId,
        w: u.workflow,
        ca: u.cause,
        o: u.ownerEmail,
        t: u.objectType,
        r: u.recordId,
        du: new Date(u.dueAtMs).toISOString(),
      })),
    )}::jsonb) as x(c text, w text, ca text, o text, t text, r text, du timestamptz)
    on conflict (connection_id, workflow, cause) where status = 'open'
      do update set due_at = least(task.due_at, excluded.due_at)
    returning id, workflow, cause`.execute(trx)
  for (const row of rows) tasks.set(`${row.workflow}\n${row.cause}`, row.id)
  return tasks
}

export async function setTaskOwners(
  trx: Kysely<Tables>,
  owners: readonly { readonly taskId: number; readonly ownerEmail: string }[],
): Promise<void> {
  if (owners.length === 0) return
  await sql`update task t set owner_email = x.o
    from unnest(${owners.map((o) => o.taskId)}::bigint[], ${owners.map((o) => o.ownerEmail)}::text[]) as x(id, o)
    where t.id = x.id and t.status = 'open'`.execute(trx)
}

export async function linkExceptions(
  trx: Kysely<Tables>,
  links: readonly { readonly exceptionId: number; readonly taskId: number }[],
): Promise<void> {
  if (links.length === 0) return
  await sql`update exception e set task_id = x.t
    from unnest(${links.map((l) => l.exceptionId)}::bigint[], ${links.map((l) => l.taskId)}::bigint[]) as x(id, t)
    where e.id = x.id`.execute(trx)
}

/** Closes those of the tasks that have no open exception left. Returns which. */
export async function closeEmptyTasks(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<number[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<{ id: number }>`
    update task t set status = 'done', closed_at = now(),
      closed_by = case when t.checking_since is null then 'lanekeeper' else 'person' end, checking_since = null
    where t.id = any(${taskIds}::bigint[]) and t.status = 'open'
      and not exists (select 1 from exception e where e.task_id = t.id and e.status = 'open')
    returning t.id`.execute(trx)
  return rows.map((row) => row.id)
}

/** Open tasks per owner's e-mail, for capacity. One row per reviewer. */
export async function openTaskCounts(db: Kysely<Tables>): Promise<Map<string, number>> {
  const { rows } = await sql<{ owner_email: string; n: number }>`
    select owner_email, count(*)::int as n from task where status = 'open' group by 1`.execute(db)
  return new Map(rows.map((row) => [row.owner_email, row.n]))
}

export type TaskContent = {
  readonly id: number
  readonly key: string
  readonly connectionId: string
  readonly workflow: string
  readonly ownerEmail: string
  readonly objectType: string | null
  readonly recordId: string | null
  readonly crmTaskId: string | null
  readonly crmOwnerId: string | null
  readonly status: 'open' | 'done'
  readonly writtenDigest: string | null
  readonly dueAt: Date
  readonly reopenReason: string | null
  readonly createdAt: Date
  /** Open exceptions, oldest first, at most LISTED_MAX of them; `total` counts all. */
  readonly cases: readonly TaskCase[]
  readonly total: number
  /** For a task that is done: why. */
  readonly closing: string | null
}

export type TaskCase = {
  readonly id: number
  readonly pattern: string
  readonly class: string
  readonly title: string
  readonly what: string
  readonly wouldHave: string
  readonly todo: string
  readonly causeTitle: string | null
  readonly recordId: string
  readonly objectType: string
  readonly receiptSeq: number | null
}

/** A task's list names this many cases and counts the rest: a burst must stay readable. */
const LISTED_MAX = 25

/** What should stand in the CRM for these tasks, read at the last moment before writing. */
export async function taskContents(db: Kysely<Tables>, taskIds: readonly number[]): Promise<TaskContent[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<{
    id: number
    key: string
    connection_id: string
    workflow: string
    owner_email: string
    object_type: string | null
    record_id: string | null
    crm_task_id: string | null
    crm_owner_id: string | null
    status: 'open' | 'done'
    written_digest: string | null
    due_at: Date
    reopen_reason: string | null
    created_at: Date
    cases: TaskCase[] | null
    total: number
    closing: string | null
  }>`
    select t.id, t.key, t.connection_id, t.workflow, t.owner_email, t.object_type, t.record_id, t.crm_task_id,
           t.crm_owner_id, t.status, t.written_digest, t.due_at, t.reopen_reason, t.created_at, c.cases,
           coalesce(c.total, 0)::int as total, d.resolution as closing
    from task t
    left join lateral (
      select max(n) as total, jsonb_agg(jsonb_build_object('id', id, 'pattern', pattern, 'class', class, 'title', title,
        'what', what, 'wouldHave', would_have, 'todo', todo, 'causeTitle', cause_title, 'recordId', record_id,
        'objectType', object_type, 'receiptSeq', receipt_seq) order by id) filter (where place <= ${LISTED_MAX}) as cases
      from (select e.*, count(*) over () as n, row_number() over (order by e.id) as place
            from exception e where e.task_id = t.id and e.status = 'open') e
    ) c on true
    left join lateral (
      select resolution from exception e where e.task_id = t.id and e.status = 'resolved'
      order by resolved_at desc limit 1
    ) d on t.status = 'done'
    where t.id = any(${taskIds}::bigint[])`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    connectionId: row.connection_id,
    workflow: row.workflow,
    ownerEmail: row.owner_email,
    objectType: row.object_type,
    recordId: row.record_id,
    crmTaskId: row.crm_task_id,
    crmOwnerId: row.crm_owner_id,
    status: row.status,
    writtenDigest: row.written_digest,
    dueAt: row.due_at,
    reopenReason: row.reopen_reason,
    createdAt: row.created_at,
    cases: row.cases ?? [],
    total: row.total,
    closing: row.closing,
  }))
}

/** Which of these CRM task ids are ours. */
export async function ownTasks(
  db: Kysely<Tables>,
  connectionId: string,
  crmTaskIds: readonly string[],
): Promise<Set<string>> {
  if (crmTaskIds.length === 0) return new Set()
  const { rows } = await sql<{ crm_task_id: string }>`
    select crm_task_id from task where connection_id = ${connectionId} and crm_task_id = any(${crmTaskIds}::text[])`.execute(
    db,
  )
  return new Set(rows.map((row) => row.crm_task_id))
}
