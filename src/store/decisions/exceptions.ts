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
  /** The field of the record that nothing automated writes while it is open. Null: none. */
  readonly holdsField: string | null
  readonly openForMs: number
  /** A record that it was about besides its own is of a connection that was ended. */
  readonly isCounterpartEnded: boolean
  /** Null: not decided since there are keys. */
  readonly evidenceKey: string | null
  /** A person closed its task twice without a change: it is open and has no task. */
  readonly waits: boolean
  /** Keys of which nobody is asked any more. */
  readonly waitedFor: readonly string[]
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
    holds_field: string | null
    open_for_ms: number
    counterpart_ended: boolean
    evidence_key: string | null
    waits: boolean
    waited_for: string[]
  }>`
    select e.id, e.workflow, e.pattern, e.subject, e.object_type, e.record_id, e.class, e.owner_email, e.due_at, e.what,
           e.cause, t.id as task_id, t.owner_email as task_owner_email,
           e.policy_hash, e.todo, e.would_have, e.holds_field, e.evidence_key, e.waits_since is not null as waits, e.waited_for,
           (extract(epoch from clock_timestamp() - e.opened_at) * 1000)::float8 as open_for_ms,
           exists (select 1 from jsonb_to_recordset(e.involves) as x("connectionId" text)
             join connection c on c.id = x."connectionId" and c.status = 'disconnected') as counterpart_ended
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
    holdsField: row.holds_field,
    openForMs: row.open_for_ms,
    isCounterpartEnded: row.counterpart_ended,
    evidenceKey: row.evidence_key,
    waits: row.waits,
    waitedFor: row.waited_for,
  }))
}

/** The case of an input, which no record has. */
export type OpenInputCase = Pick<
  OpenException,
  'id' | 'workflow' | 'ownerEmail' | 'dueAt' | 'what' | 'taskId' | 'policyHash'
> & { readonly todo: string }

/** Those of these cases that are open, by id, locked. */
export async function openExceptionsById(
  trx: Kysely<Tables>,
  ids: readonly number[],
): Promise<Map<number, OpenInputCase>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<OpenInputCase>`
    select e.id, e.workflow, e.owner_email as "ownerEmail", e.due_at as "dueAt", e.what, e.todo, t.id as "taskId",
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
  /** From `newExceptionIds`: the ledger names the case before it is written. */
  readonly id: number
  readonly taskId: number | null
  /** The ledger entry that explains it. Null: it has none yet, see `setReceipts`. */
  readonly receiptSeq: number | null
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
  readonly evidenceKey: string | null
}

/** Ids of cases that are about to be written, so that each is written once, together with its task and its receipt. */
export async function newExceptionIds(trx: Kysely<Tables>, n: number): Promise<number[]> {
  if (n === 0) return []
  const { rows } = await sql<{ id: number }>`
    select nextval(pg_get_serial_sequence('exception', 'id')) as id from generate_series(1, ${n}::int)`.execute(trx)
  return rows.map(({ id }) => id)
}

export async function insertExceptions(trx: Kysely<Tables>, items: readonly NewException[]): Promise<void> {
  if (items.length === 0) return
  const rows = items.map((item) => ({
    i: item.id,
    k: item.taskId,
    rs: item.receiptSeq,
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
    hf: item.decided.finding.holdsField ?? null,
    st: item.decided.status,
    sr: item.decided.settledByRule,
    ph: item.policyHash,
    du: new Date(item.dueAtMs).toISOString(),
    re: item.reopened,
    ek: item.evidenceKey,
  }))
  await sql`
    insert into exception (id, task_id, receipt_seq, connection_id, workflow, pattern, subject, object_type, record_id,
      title, class, class_because, posture, branch, owner_email, passed_over, what, would_have, todo, cause, cause_title,
      evidence, involves, holds_field, status, settled_by_rule, policy_hash, due_at, reopened, evidence_key, resolved_at)
    overriding system value
    select i, k, rs, c, w, p, s, t, r, ti, cl, cb, po, br, o, pa, wh, wo, "to", ca, ct, ev, iv, hf, st, sr, ph, du, re, ek,
           case when st = 'settled-by-rule' then now() end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(i bigint, k bigint, rs bigint, c text, w text, p text,
      s text, t text, r text, ti text, cl text, cb text, po text, br text, o text, pa jsonb, wh text, wo text, "to" text,
      ca text, ct text, ev jsonb, iv jsonb, hf text, st text, sr text, ph text, du timestamptz, re int, ek text)
    order by i`.execute(trx)
}

export type ExceptionUpdate = {
  readonly id: number
  readonly decided: DecidedException
  readonly cause: string
  readonly ownerEmail: string
  readonly dueAtMs: number
  readonly policyHash: string
  /** Null: that of before stands. */
  readonly evidenceKey: string | null
  /** False: it does not wait, or no longer. */
  readonly waits: boolean
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
    hf: u.decided.finding.holdsField ?? null,
    ph: u.policyHash,
    du: new Date(u.dueAtMs).toISOString(),
    ek: u.evidenceKey,
    wt: u.waits,
  }))
  await sql`
    update exception e set class = x.cl, class_because = x.cb, posture = x.po, branch = x.br, owner_email = x.o,
      passed_over = x.pa, what = x.wh, would_have = x.wo, todo = x."to", cause = x.ca, cause_title = x.ct,
      changed_facts = coalesce(changed_facts(e.evidence, x.ev), e.changed_facts),
      facts_changed_at = case when changed_facts(e.evidence, x.ev) is null then e.facts_changed_at else now() end,
      evidence = x.ev, involves = x.iv, holds_field = x.hf, policy_hash = x.ph, due_at = x.du,
      evidence_key = coalesce(x.ek, e.evidence_key), waits_since = case when x.wt then e.waits_since end,
      waits_closer = case when x.wt then e.waits_closer end, updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id bigint, cl text, cb text, po text, br text, o text,
      pa jsonb, wh text, wo text, "to" text, ca text, ct text, ev jsonb, iv jsonb, hf text, ph text,
      du timestamptz, ek text, wt boolean)
    where e.id = x.id`.execute(trx)
}

/** Of cases that are back: what changed since the same case was closed last. */
export async function noteChangedFacts(trx: Kysely<Tables>, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update exception e set changed_facts = changed_facts(b.evidence, e.evidence), facts_changed_at = now()
    from (
      select n.id, (select p.evidence from exception p where p.connection_id = n.connection_id
        and p.object_type = n.object_type and p.record_id = n.record_id and p.workflow = n.workflow and p.pattern = n.pattern
        and p.subject = n.subject and p.id < n.id order by p.id desc limit 1) as evidence
      from exception n where n.id = any(${ids}::bigint[])
    ) b
    where e.id = b.id and changed_facts(b.evidence, e.evidence) is not null`.execute(trx)
}

/** Of cases that are otherwise as they were. */
export async function setEvidenceKeys(
  trx: Kysely<Tables>,
  keys: readonly { readonly id: number; readonly evidenceKey: string }[],
): Promise<void> {
  if (keys.length === 0) return
  await sql`update exception e set evidence_key = x.k
    from unnest(${keys.map(({ id }) => id)}::bigint[], ${keys.map(({ evidenceKey }) => evidenceKey)}::text[]) as x(id, k)
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

/** A rule ends these open cases, together with the write that it makes. */
export async function settleExceptions(
  trx: Kysely<Tables>,
  settled: readonly { readonly id: number; readonly rule: string | null }[],
): Promise<void> {
  if (settled.length === 0) return
  await sql`
    update exception e set status = 'settled-by-rule', resolution = 'settled-by-rule', settled_by_rule = x.rule,
      resolved_at = now(), updated_at = now()
    from unnest(${settled.map((s) => s.id)}::bigint[], ${settled.map((s) => s.rule)}::text[]) as x(id, rule)
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
    where e.connection_id = ${connectionId} and (e.status = 'resolved'
      -- one that a rule settled as it was found was never open
      or e.status = 'settled-by-rule' and e.resolved_at > e.opened_at)
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
