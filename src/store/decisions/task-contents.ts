import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

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

/** Tasks that a read-back found. One whose id is known already keeps it. */
export async function recordTaskFound(
  db: Kysely<Tables>,
  found: readonly { readonly taskId: number; readonly crmTaskId: string; readonly crmOwnerId: string | null }[],
): Promise<void> {
  if (found.length === 0) return
  await sql`
    update task t set crm_task_id = x.c, crm_owner_id = x.o
    from unnest(${found.map((f) => f.taskId)}::bigint[], ${found.map((f) => f.crmTaskId)}::text[],
                ${found.map((f) => f.crmOwnerId)}::text[]) as x(id, c, o)
    where t.id = x.id and t.crm_task_id is null`.execute(db)
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
