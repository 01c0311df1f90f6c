import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'

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
 * that decide the same cause at once end up with one task. Returns the task and whose it is per `workflow\ncause`. In
 * the order of the index, so that two that want the same tasks wait for each other and do not lock up; the first to want
 * a task gives it its owner.
 */
export async function ensureTasks(
  trx: Kysely<Tables>,
  wanted: readonly TaskForCause[],
): Promise<Map<string, { readonly id: number; readonly ownerEmail: string }>> {
  const tasks = new Map<string, { id: number; ownerEmail: string }>()
  if (wanted.length === 0) return tasks
  const byCause = new Map<string, TaskForCause>()
  for (const task of wanted) {
    const key = `${task.workflow}\n${task.cause}`
    const first = byCause.get(key)
    byCause.set(key, first ? { ...first, dueAtMs: Math.min(first.dueAtMs, task.dueAtMs) } : task)
  }
  const unique = [...byCause].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => task)
  const { rows } = await sql<{ id: number; workflow: string; cause: string; owner_email: string }>`
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
    returning id, workflow, cause, owner_email`.execute(trx)
  for (const row of rows) tasks.set(`${row.workflow}\n${row.cause}`, { id: row.id, ownerEmail: row.owner_email })
  return tasks
}

/**
 * Gives tasks to other owners, where they are still with the one they are taken from: of two decisions that replace the
 * same person at once, the first counts. Returns whose each task is then.
 */
export async function reassignTasks(
  trx: Kysely<Tables>,
  moves: readonly { readonly taskId: number; readonly from: string; readonly to: string }[],
): Promise<Map<number, string>> {
  if (moves.length === 0) return new Map()
  const { rows } = await sql<{ id: number; owner_email: string }>`
    select id, owner_email from task where id = any(${moves.map((m) => m.taskId)}::bigint[]) order by id for update`.execute(
    trx,
  )
  const owners = new Map(rows.map((row) => [row.id, row.owner_email]))
  const taken = moves.filter(({ taskId, from }) => owners.get(taskId) === from)
  await sql`update task t set owner_email = x.o
    from unnest(${taken.map((m) => m.taskId)}::bigint[], ${taken.map((m) => m.to)}::text[]) as x(id, o)
    where t.id = x.id`.execute(trx)
  for (const { taskId, to } of taken) owners.set(taskId, to)
  return owners
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

/**
 * Closes those of the tasks that have no open exception left. Returns which. Locked by a statement of its own: whoever
 * adds a case holds the task until its commit, and only a statement that begins after that sees the case.
 */
export async function closeEmptyTasks(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<number[]> {
  if (taskIds.length === 0) return []
  await sql`select id from task where id = any(${taskIds}::bigint[]) order by id for update`.execute(trx)
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
  /** What the CRM last confirmed. */
  readonly lastWritten: { readonly subject: string; readonly body: string } | null
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
    written_subject: string | null
    written_body: string | null
  }>`
    select t.id, t.key, t.connection_id, t.workflow, t.owner_email, t.object_type, t.record_id, t.crm_task_id,
           t.crm_owner_id, t.status, t.written_digest, t.due_at, t.reopen_reason, t.created_at, t.written_subject, t.written_body, c.cases,
           (select count(*) from exception e where e.task_id = t.id and e.status = 'open')::int as total, d.resolution as closing
    from task t
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', id, 'pattern', pattern, 'class', class, 'title', title,
        'what', what, 'wouldHave', would_have, 'todo', todo, 'causeTitle', cause_title, 'recordId', record_id,
        'objectType', object_type, 'receiptSeq', receipt_seq) order by id) as cases
      from (select * from exception e where e.task_id = t.id and e.status = 'open' order by e.id limit ${LISTED_MAX}) e
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
    lastWritten: row.written_subject === null ? null : { subject: row.written_subject, body: row.written_body ?? '' },
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

export async function recordTaskWritten(
  trx: Kysely<Tables>,
  written: readonly {
    readonly taskId: number
    readonly crmTaskId: string
    readonly crmOwnerId: string
    readonly digest: string
    readonly subject: string
    readonly body: string
  }[],
): Promise<void> {
  if (written.length === 0) return
  await sql`
    update task t set crm_task_id = x.c, crm_owner_id = x.o, written_digest = x.d, written_subject = x.s, written_body = x.b
    from jsonb_to_recordset(${JSON.stringify(
      written.map((w) => ({ id: w.taskId, c: w.crmTaskId, o: w.crmOwnerId, d: w.digest, s: w.subject, b: w.body })),
    )}::jsonb) as x(id bigint, c text, o text, d text, s text, b text)
    where t.id = x.id`.execute(trx)
}

/** A person deleted these tasks in the CRM. If their cases are still open they are written anew, and say so. */
export async function recordTaskGone(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<void> {
  if (taskIds.length === 0) return
  await sql`
    update task set crm_task_id = null, written_digest = null, reopened = reopened + 1,
      key = 'lk-' || replace(gen_random_uuid()::text, '-', ''),
      reopen_reason = 'the task was deleted in the CRM while the case was still open.'
    where id = any(${taskIds}::bigint[]) and status = 'open'`.execute(trx)
}

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
 * still open. (A task whose cases all cleared was closed by the decision itself.)
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
      or r.record_id is null or t.checking_since < now() - interval '2 minutes')`.execute(trx)
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
