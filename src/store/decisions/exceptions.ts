import { type Kysely, sql } from 'kysely'
import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { Tables } from '../database/tables.ts'

/** An exception as it stands, with what the next decision needs of it. */
export type OpenException = {
  readonly id: number
  readonly workflow: string
  readonly pattern: string
  readonly subject: string
  readonly objectType: string
  readonly recordId: string
  readonly class: string
  readonly ownerEmail: string
  readonly dueAt: Date
  readonly what: string
  readonly cause: string
  /** Null also where the task it had is closed: an open case has an open task. */
  readonly taskId: number | null
  readonly taskOwnerEmail: string | null
  readonly policyHash: string
  readonly digest: string
}

export async function openExceptionsOf(
  trx: Kysely<Tables>,
  connectionId: string,
  records: readonly { objectType: string; recordId: string }[],
): Promise<OpenException[]> {
  const { rows } = await sql<{
    id: number
    workflow: string
    pattern: string
    subject: string
    object_type: string
    record_id: string
    class: string
    owner_email: string
    due_at: Date
    what: string
    cause: string
    task_id: number | null
    task_owner_email: string | null
    policy_hash: string
    todo: string
    would_have: string
  }>`
    select e.id, e.workflow, e.pattern, e.subject, e.object_type, e.record_id, e.class, e.owner_email, e.due_at, e.what,
           e.cause, t.id as task_id, t.owner_email as task_owner_email,
           e.policy_hash, e.todo, e.would_have
    from exception e
    join unnest(${records.map((r) => r.objectType)}::text[], ${records.map((r) => r.recordId)}::text[]) as w(t, i)
      on w.t = e.object_type and w.i = e.record_id
    left join task t on t.id = e.task_id and t.status = 'open'
    where e.connection_id = ${connectionId} and e.status = 'open'
    order by e.id
    for update of e`.execute(trx)
  return rows.map((row) => ({
    id: row.id,
    workflow: row.workflow,
    pattern: row.pattern,
    subject: row.subject,
    objectType: row.object_type,
    recordId: row.record_id,
    class: row.class,
    ownerEmail: row.owner_email,
    dueAt: row.due_at,
    what: row.what,
    cause: row.cause,
    taskId: row.task_id,
    taskOwnerEmail: row.task_owner_email,
    policyHash: row.policy_hash,
    digest: exceptionDigest(row.class, row.what, row.todo, row.would_have),
  }))
}

/** The case of an input, which no record has. */
export type OpenInputCase = Pick<
  OpenException,
  'id' | 'workflow' | 'ownerEmail' | 'dueAt' | 'what' | 'taskId' | 'policyHash'
>

/** Those of these cases that are open, by id, locked. */
export async function openExceptionsById(
  trx: Kysely<Tables>,
  ids: readonly number[],
): Promise<Map<number, OpenInputCase>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<OpenInputCase>`
    select e.id, e.workflow, e.owner_email as "ownerEmail", e.due_at as "dueAt", e.what, t.id as "taskId",
      e.policy_hash as "policyHash"
    from exception e left join task t on t.id = e.task_id and t.status = 'open'
    where e.id = any(${ids}::bigint[]) and e.status = 'open'
    order by e.id for update of e`.execute(trx)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Two findings of one exception with equal digests need no update of row or task. */
export function exceptionDigest(className: string, what: string, todo: string, wouldHave: string): string {
  return JSON.stringify([className, what, todo, wouldHave])
}

export type NewException = {
  readonly connectionId: string
  readonly workflow: string
  readonly objectType: string
  readonly recordId: string
  readonly title: string
  readonly decided: DecidedException
  readonly cause: string
  readonly causeTitle: string | null
  readonly ownerEmail: string
  readonly dueAtMs: number
  readonly policyHash: string
  readonly reopened: number
}

/** Inserts exceptions and returns their ids in the order given. */
export async function insertExceptions(trx: Kysely<Tables>, items: readonly NewException[]): Promise<number[]> {
  if (items.length === 0) return []
  const rows = items.map((item, n) => ({
    n,
    c: item.connectionId,
    w: item.workflow,
    p: item.decided.pattern,
    s: item.decided.subject,
    t: item.objectType,
    r: item.recordId,
    ti: item.title,
    cl: item.decided.class,
    cb: item.decided.classBecause,
    po: item.decided.posture,
    br: item.decided.receipt.branch,
    o: item.ownerEmail,
    pa: item.decided.passedOver,
    wh: item.decided.finding.what,
    wo: item.decided.wouldHave,
    to: item.decided.finding.todo,
    ca: item.cause,
    ct: item.causeTitle,
    ev: item.decided.finding.evidence,
    iv: item.decided.finding.involves,
    st: item.decided.status,
    sr: item.decided.settledByRule,
    ph: item.policyHash,
    du: new Date(item.dueAtMs).toISOString(),
    re: item.reopened,
  }))
  const { rows: inserted } = await sql<{ id: number; subject: string; workflow: string; pattern: string }>`
    insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
      class_because, posture, branch, owner_email, passed_over, what, would_have, todo, cause, cause_title, evidence,
      involves, status, settled_by_rule, policy_hash, due_at, reopened, resolved_at)
    select c, w, p, s, t, r, ti, cl, cb, po, br, o, pa, wh, wo, "to", ca, ct, ev, iv, st, sr, ph, du, re,
           case when st = 'settled-by-rule' then now() end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(n int, c text, w text, p text, s text, t text, r text,
      ti text, cl text, cb text, po text, br text, o text, pa jsonb, wh text, wo text, "to" text, ca text, ct text,
      ev jsonb, iv jsonb, st text, sr text, ph text, du timestamptz, re int)
    order by n
    returning id, subject, workflow, pattern`.execute(trx)
  // RETURNING keeps the order of INSERT ... SELECT ... ORDER BY in practice but not by promise: match by identity.
  const idOf = new Map(inserted.map((row) => [`${row.workflow}\n${row.pattern}\n${row.subject}`, row.id]))
  return items.map((item) => idOf.get(`${item.workflow}\n${item.decided.pattern}\n${item.decided.subject}`)!)
}

export type ExceptionUpdate = {
  readonly id: number
  readonly decided: DecidedException
  readonly cause: string
  readonly ownerEmail: string
  readonly dueAtMs: number
  readonly policyHash: string
}

export async function updateExceptions(trx: Kysely<Tables>, updates: readonly ExceptionUpdate[]): Promise<void> {
  if (updates.length === 0) return
  const rows = updates.map((u) => ({
    id: u.id,
    cl: u.decided.class,
    cb: u.decided.classBecause,
    po: u.decided.posture,
    br: u.decided.receipt.branch,
    o: u.ownerEmail,
    pa: u.decided.passedOver,
    wh: u.decided.finding.what,
    wo: u.decided.wouldHave,
    to: u.decided.finding.todo,
    ca: u.cause,
    ct: u.decided.finding.causeTitle,
    ev: u.decided.finding.evidence,
    iv: u.decided.finding.involves,
    ph: u.policyHash,
    du: new Date(u.dueAtMs).toISOString(),
  }))
  await sql`
    update exception e set class = x.cl, class_because = x.cb, posture = x.po, branch = x.br, owner_email = x.o,
      passed_over = x.pa, what = x.wh, would_have = x.wo, todo = x."to", cause = x.ca, cause_title = x.ct,
      evidence = x.ev, involves = x.iv, policy_hash = x.ph, due_at = x.du, updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id bigint, cl text, cb text, po text, br text, o text,
      pa jsonb, wh text, wo text, "to" text, ca text, ct text, ev jsonb, iv jsonb, ph text, du timestamptz)
    where e.id = x.id`.execute(trx)
}

export async function resolveExceptions(
  trx: Kysely<Tables>,
  resolutions: readonly { readonly id: number; readonly resolution: string }[],
): Promise<void> {
  if (resolutions.length === 0) return
  await sql`
    update exception e set status = 'resolved', resolution = x.why, resolved_at = now(), updated_at = now()
    from unnest(${resolutions.map((r) => r.id)}::bigint[], ${resolutions.map((r) => r.resolution)}::text[]) as x(id, why)
    where e.id = x.id and e.status = 'open'`.execute(trx)
}

/** How often the same case was open before, so that a returning one says so. */
export async function timesSeen(
  trx: Kysely<Tables>,
  connectionId: string,
  keys: readonly { workflow: string; pattern: string; subject: string; objectType: string; recordId: string }[],
): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map()
  const { rows } = await sql<{ workflow: string; pattern: string; subject: string; n: number }>`
    select e.workflow, e.pattern, e.subject, count(*)::int as n
    from exception e
    join unnest(${keys.map((k) => k.workflow)}::text[], ${keys.map((k) => k.pattern)}::text[],
                ${keys.map((k) => k.subject)}::text[], ${keys.map((k) => k.objectType)}::text[],
                ${keys.map((k) => k.recordId)}::text[]) as w(wf, p, s, t, r)
      on w.wf = e.workflow and w.p = e.pattern and w.s = e.subject and w.t = e.object_type and w.r = e.record_id
    where e.connection_id = ${connectionId} and e.status = 'resolved'
    group by 1, 2, 3`.execute(trx)
  return new Map(rows.map((row) => [`${row.workflow}\n${row.pattern}\n${row.subject}`, row.n]))
}

export async function setReceipts(
  trx: Kysely<Tables>,
  receipts: readonly { readonly id: number; readonly seq: number }[],
): Promise<void> {
  if (receipts.length === 0) return
  await sql`update exception e set receipt_seq = x.seq
    from unnest(${receipts.map((r) => r.id)}::bigint[], ${receipts.map((r) => r.seq)}::bigint[]) as x(id, seq)
    where e.id = x.id`.execute(trx)
}

/** Records with an open case that one of these people has, in the order of their keys. */
export async function recordsOfCases(
  trx: Kysely<Tables>,
  connectionId: string,
  emails: readonly string[],
): Promise<{ connectionId: string; objectType: string; recordId: string }[]> {
  if (emails.length === 0) return []
  const { rows } = await sql<{ object_type: string; record_id: string }>`
    select distinct object_type, record_id from exception
    where connection_id = ${connectionId} and status = 'open' and owner_email = any(${emails}::text[])
    order by object_type, record_id`.execute(trx)
  return rows.map((row) => ({ connectionId, objectType: row.object_type, recordId: row.record_id }))
}
