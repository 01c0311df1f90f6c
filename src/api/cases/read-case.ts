import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import type { CaseReply, Fact } from './case-types.ts'
import { type CrmLinks, type LinkTarget, safeUrl } from './crm-links.ts'
import { readPeople } from './people.ts'
import { LIST_COLUMNS, LIST_FROM, type ListRow, toListItem } from './read-exceptions.ts'
import { readHistory, readReceipt } from './read-ledger.ts'

/** Related cases that are listed by name; a task for a burst can stand for hundreds. */
const SAME_TASK_MAX = 20

type CaseRow = ListRow & {
  subject: string
  object_type: string
  record_id: string
  class_because: string
  branch: string | null
  passed_over: { email: string; why: string }[]
  would_have: string
  todo: string
  evidence: Record<string, string | null>
  involves: { connectionId: string; objectType: string; recordId: string }[]
  settled_by_rule: string | null
  resolution: string | null
  policy_hash: string
  cause_title: string | null
  task_id: number | null
  receipt_seq: number | null
}

export async function readCase(db: Database, id: number, links: CrmLinks): Promise<CaseReply | null> {
  const { rows } = await sql<CaseRow>`
    select ${LIST_COLUMNS}, e.subject, e.object_type, e.record_id, e.class_because, e.branch, e.passed_over,
           e.would_have, e.todo, e.evidence, e.involves, e.settled_by_rule, e.resolution, e.policy_hash,
           e.cause_title, e.task_id, e.receipt_seq
    from ${LIST_FROM} where e.id = ${id}`.execute(db)
  const row = rows[0]
  if (!row) return null
  const task = row.task_id === null ? null : await readTask(db, row.task_id)
  const [receipt, history, sameTask, targets] = await Promise.all([
    row.receipt_seq === null ? null : readReceipt(db, row.receipt_seq),
    readHistory(db, {
      exceptionId: row.id,
      record: `${row.connection_id}/${row.object_type}/${row.record_id}`,
      task: task && {
        id: task.id,
        record: task.record_id === null ? null : `${row.connection_id}/${task.object_type}/${task.record_id}`,
      },
    }),
    row.task_id === null ? { rows: [], more: 0 } : readSameTask(db, row.task_id, row.id),
    readLinkTargets(db, [row.connection_id, ...row.involves.map((ref) => ref.connectionId)]),
  ])
  const person = await readPeople(db, [
    row.owner_email,
    ...(task ? [task.owner_email] : []),
    ...sameTask.rows.map((other) => other.owner_email),
  ])
  const recordUrl = (connectionId: string, objectType: string, recordId: string) => {
    const target = targets.get(connectionId)
    return target ? safeUrl(links.recordUrl(target, objectType, recordId)) : null
  }
  const home = targets.get(row.connection_id)
  return {
    ...toListItem(row, person),
    subject: row.subject,
    objectType: row.object_type,
    recordId: row.record_id,
    classBecause: row.class_because,
    branch: row.branch,
    passedOver: row.passed_over,
    wouldHave: row.would_have,
    todo: row.todo,
    evidence: withAges(row.evidence, receipt?.inputs ?? []),
    involves: row.involves.map((ref) => ({
      objectType: ref.objectType,
      recordId: ref.recordId,
      url: recordUrl(ref.connectionId, ref.objectType, ref.recordId),
    })),
    settledByRule: row.settled_by_rule,
    resolution: row.resolution,
    policyHash: row.policy_hash,
    recordUrl: recordUrl(row.connection_id, row.object_type, row.record_id),
    task: task && {
      id: String(task.id),
      status: task.status,
      owner: person(task.owner_email),
      url: home && task.crm_task_id ? safeUrl(links.taskUrl(home, task.crm_task_id)) : null,
      written: task.crm_task_id !== null,
      dueAt: task.due_at.toISOString(),
      reopened: task.reopened,
      reopenReason: task.reopen_reason,
      closedBy: task.closed_by,
    },
    causeTitle: row.cause_title,
    sameTask: sameTask.rows.map((other) => toListItem(other, person)),
    sameTaskMore: sameTask.more,
    receipt,
    history,
  }
}

/** Evidence as the pattern gave it, with the age of each value where the receipt knows it. */
function withAges(evidence: Readonly<Record<string, string | null>>, inputs: readonly Fact[]): Fact[] {
  const changedAt = new Map(inputs.map((input) => [input.name, input.changedAt]))
  return Object.entries(evidence).map(([name, value]) => ({ name, value, changedAt: changedAt.get(name) ?? null }))
}

type TaskRow = {
  id: number
  status: 'open' | 'done'
  owner_email: string
  object_type: string | null
  record_id: string | null
  crm_task_id: string | null
  due_at: Date
  reopened: number
  reopen_reason: string | null
  closed_by: string | null
}

async function readTask(db: Database, id: number): Promise<TaskRow | null> {
  const { rows } = await sql<TaskRow>`
    select id, status, owner_email, object_type, record_id, crm_task_id, due_at, reopened, reopen_reason, closed_by
    from task where id = ${id}`.execute(db)
  return rows[0] ?? null
}

async function readSameTask(db: Database, taskId: number, besides: number): Promise<{ rows: ListRow[]; more: number }> {
  const { rows } = await sql<ListRow & { of: number }>`
    select ${LIST_COLUMNS}, count(*) over () as of from ${LIST_FROM}
    where e.task_id = ${taskId} and e.status = 'open' and e.id <> ${besides}
    order by e.opened_at desc, e.id desc limit ${SAME_TASK_MAX}`.execute(db)
  return { rows, more: Math.max(0, (rows[0]?.of ?? 0) - rows.length) }
}

async function readLinkTargets(db: Database, ids: readonly string[]): Promise<Map<string, LinkTarget>> {
  const { rows } = await sql<LinkTarget>`
    select id, crm, account_id as "accountId", base_url as "baseUrl", pages_url as "pagesUrl"
    from connection
    where id = any(${[...new Set(ids)]})`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}
