import { type Kysely, sql } from 'kysely'
import type { AnchorCase, TaskAnchor } from '../../model/decision/task-anchor.ts'
import { knownProfiles } from '../../model/record/crm-profile.ts'
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
  /** The record on which we last hung it in the CRM, and whether that was deleted since. */
  readonly hungOn: (TaskAnchor & { readonly isDeleted: boolean }) | null
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

export type TaskCase = AnchorCase & {
  readonly id: number
  readonly pattern: string
  readonly class: string
  readonly title: string
  readonly what: string
  readonly wouldHave: string
  readonly todo: string
  readonly causeTitle: string | null
  readonly receiptSeq: number | null
}

/** A task's list names this many cases and counts the rest: a burst must stay readable. */
const LISTED_MAX = 25

/**
 * A list changes with every record that joins or leaves it. The CRM is told of that at most this often; what a person has to
 * know at once (whose it is, that it is open again, that it is closed) ends the rest.
 */
const LIST_RESTS_MIN = 10

/** The field by which a CRM says that a person's record became other records, by object. */
function convertedFlags(): string {
  const shapes = knownProfiles().flatMap(({ objects }) => Object.entries(objects))
  const flags = shapes.flatMap(([objectType, { about, closedFlag }]) =>
    about === 'person' && closedFlag !== null ? [[objectType, closedFlag]] : [],
  )
  return JSON.stringify(Object.fromEntries(flags))
}

type ContentRow = {
  id: number
  key: string
  connection_id: string
  workflow: string
  owner_email: string
  object_type: string | null
  record_id: string | null
  crm_task_id: string | null
  crm_owner_id: string | null
  hung_on: TaskContent['hungOn']
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
}

/** What should stand in the CRM for these tasks, read at the last moment before writing. */
export async function taskContents(db: Kysely<Tables>, taskIds: readonly number[]): Promise<TaskContent[]> {
  if (taskIds.length === 0) return []
  const { rows } = await sql<ContentRow>`
    select t.id, t.key, t.connection_id, t.workflow, t.owner_email, t.object_type, t.record_id, t.crm_task_id,
           t.crm_owner_id, case when t.hung_record_id is not null then jsonb_build_object('objectType', t.hung_object_type,
             'recordId', t.hung_record_id, 'isDeleted', coalesce(h.deleted, false)) end as hung_on, t.status, t.written_digest,
           -- of what is still to be done: a list may never be empty, and its first case is long gone
           coalesce((select min(e.due_at) from exception e where e.task_id = t.id and e.status = 'open'), t.due_at) as due_at,
           t.reopen_reason, t.created_at, t.written_subject, t.written_body, c.cases,
           (select count(*) from exception e where e.task_id = t.id and e.status = 'open')::int as total, 
           -- an open case of a task that is done waits, see closed-tasks.ts
           coalesce(case when t.status = 'done' and exists (select 1 from exception e where e.task_id = t.id and e.status = 'open')
             then 'closed-without-change' end, d.resolution) as closing
    from task t
    cross join (select ${convertedFlags()}::jsonb as flags) f
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', id, 'pattern', pattern, 'class', class, 'title', title,
        'what', what, 'wouldHave', would_have, 'todo', todo, 'causeTitle', cause_title, 'recordId', record_id,
        'objectType', object_type, 'receiptSeq', receipt_seq, 'lives', lives) order by id) as cases
      from (
        select e.*, case
            when r.record_id is null then '"no-record"'::jsonb
            when r.deleted or r.merged_into is not null then 'false'
            when r.unseen_since is not null then '"unknown"'
            when not flags ? e.object_type then 'true'
            when not r.values ? (flags ->> e.object_type) then '"unknown"'
            else to_jsonb(coalesce(r.values ->> (flags ->> e.object_type), '') <> 'true')
          end as lives
        from exception e
        left join record r
          on (r.connection_id, r.object_type, r.record_id) = (e.connection_id, e.object_type, e.record_id)
        where e.task_id = t.id and e.status = 'open' order by e.id limit ${LISTED_MAX}
      ) e
    ) c on true
    left join record h
      on (h.connection_id, h.object_type, h.record_id) = (t.connection_id, t.hung_object_type, t.hung_record_id)
    left join lateral (
      select resolution from exception e where e.task_id = t.id and e.status <> 'open'
      order by resolved_at desc limit 1
    ) d on t.status = 'done'
    where t.id = any(${taskIds}::bigint[])`.execute(db)
  return rows.map(toContent)
}

function toContent(row: ContentRow): TaskContent {
  return {
    id: row.id,
    key: row.key,
    connectionId: row.connection_id,
    workflow: row.workflow,
    ownerEmail: row.owner_email,
    objectType: row.object_type,
    recordId: row.record_id,
    crmTaskId: row.crm_task_id,
    crmOwnerId: row.crm_owner_id,
    hungOn: row.hung_on,
    status: row.status,
    writtenDigest: row.written_digest,
    dueAt: row.due_at,
    reopenReason: row.reopen_reason,
    createdAt: row.created_at,
    cases: row.cases ?? [],
    total: row.total,
    closing: row.closing,
    lastWritten: row.written_subject === null ? null : { subject: row.written_subject, body: row.written_body ?? '' },
  }
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
    readonly hungOn: TaskAnchor | null
    readonly digest: string
    readonly subject: string
    readonly body: string
    /** It has a list. */
    readonly rests: boolean
  }[],
): Promise<void> {
  if (written.length === 0) return
  await sql`
    update task t set crm_task_id = x.c, crm_owner_id = x.o, written_digest = x.d, written_subject = x.s, written_body = x.b,
      hung_object_type = x.t, hung_record_id = x.r, gone_from_crm = false,
      rests_until = case when x.l then clock_timestamp() + ${LIST_RESTS_MIN} * interval '1 minute' end
    from jsonb_to_recordset(${JSON.stringify(
      written.map((w) => ({
        id: w.taskId,
        c: w.crmTaskId,
        o: w.crmOwnerId,
        d: w.digest,
        s: w.subject,
        b: w.body,
        t: w.hungOn?.objectType ?? null,
        r: w.hungOn?.recordId ?? null,
        l: w.rests,
      })),
    )}::jsonb) as x(id bigint, c text, o text, d text, s text, b text, t text, r text, l boolean)
    where t.id = x.id`.execute(trx)
}

/** Tasks that a read-back found. One whose id is known already keeps it. */
export async function recordTaskFound(
  db: Kysely<Tables>,
  found: readonly {
    readonly taskId: number
    readonly crmTaskId: string
    readonly crmOwnerId: string | null
    /** The record that the call named. */
    readonly hungOn: TaskAnchor | null
  }[],
): Promise<void> {
  if (found.length === 0) return
  await sql`
    update task t set crm_task_id = x.c, crm_owner_id = x.o, hung_object_type = x.ht, hung_record_id = x.hr
    from unnest(${found.map((f) => f.taskId)}::bigint[], ${found.map((f) => f.crmTaskId)}::text[],
                ${found.map((f) => f.crmOwnerId)}::text[], ${found.map((f) => f.hungOn?.objectType ?? null)}::text[],
                ${found.map((f) => f.hungOn?.recordId ?? null)}::text[]) as x(id, c, o, ht, hr)
    where t.id = x.id and t.crm_task_id is null`.execute(db)
}
