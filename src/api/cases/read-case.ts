import { sql } from 'kysely'
import { wakeText } from '../../model/decision/wake-up.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { type RecordRef, refKey } from '../../model/record/crm-record.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { Database } from '../../store/database/database.ts'
import { type TaskCloser, taskClosers } from '../../store/decisions/task-closer.ts'
import { readRecordsById } from '../../store/records/read-records.ts'
import { wakeUpsOfRecord } from '../../store/records/wake-ups.ts'
import { upgradeOfCase } from '../../store/upgrades/read-upgrades.ts'
import { notSentText } from '../../store/writes/not-sent.ts'
import { whyNotSent } from '../../store/writes/writes-not-sent.ts'
import type { Person } from '../server/shared-types.ts'
import type { CaseReply, Fact, HeldReply } from './case-types.ts'
import { type CrmLinks, type LinkTarget, safeUrl } from './crm-links.ts'
import { readPeople } from './people.ts'
import { LIST_COLUMNS, LIST_FROM, type ListRow, toListItem } from './read-exceptions.ts'
import { readFactLabels } from './read-fact-labels.ts'
import { readHeldFrom, readHeldRecords } from './read-held-records.ts'
import { readHistory, readReceipt, type UnlabeledReceipt } from './read-ledger.ts'
import { readSettledMark } from './read-settled-mark.ts'

/** Related cases listed by name: one task can cover hundreds of cases. */
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
  involves: RecordRef[]
  settled_by_rule: string | null
  resolution: string | null
  policy_hash: string
  cause_title: string | null
  task_id: number | null
  receipt_seq: number | null
  changed_facts: { name: string; before: string | null; after: string | null }[] | null
  facts_changed_at: Date | null
}

export async function readCase(db: Database, id: number, links: CrmLinks): Promise<CaseReply | null> {
  const { rows } = await sql<CaseRow>`
    select ${LIST_COLUMNS}, e.subject, e.object_type, e.record_id, e.class_because, e.branch, e.passed_over,
           e.would_have, e.todo, e.evidence, e.involves, e.settled_by_rule, e.resolution, e.policy_hash,
           e.cause_title, e.task_id, e.receipt_seq, e.changed_facts, e.facts_changed_at
    from ${LIST_FROM} where e.id = ${id}`.execute(db)
  const row = rows[0]
  if (!row) return null
  const task = row.task_id === null ? null : await readTask(db, row.task_id, row.crm)
  const [receipt, history, sameTask, notSent, wakeUps] = await Promise.all([
    row.receipt_seq === null ? null : readReceipt(db, row.receipt_seq),
    readHistory(db, {
      exceptionId: row.id,
      // The case of an input is about no record; its entries stand under its own subject.
      record: row.record_id === '' ? row.subject : `${row.connection_id}/${row.object_type}/${row.record_id}`,
      task: task && {
        id: task.id,
        record: task.record_id === null ? null : `${row.connection_id}/${task.object_type}/${task.record_id}`,
      },
    }),
    row.task_id === null ? { rows: [], more: 0 } : readSameTask(db, row.task_id, row.id),
    readNotSent(db, row),
    row.record_id === ''
      ? []
      : wakeUpsOfRecord(db, {
          connectionId: row.connection_id,
          objectType: row.object_type,
          recordId: row.record_id,
          workflow: row.workflow,
        }),
  ])
  const person = await readPeople(db, [
    row.owner_email,
    ...(task ? [task.owner_email] : []),
    ...sameTask.rows.map((other) => other.owner_email),
    ...row.passed_over.map(({ email }) => email),
  ])
  return {
    ...toListItem(row, person),
    subject: row.subject,
    objectType: row.object_type,
    recordId: row.record_id,
    classBecause: row.class_because,
    branch: row.branch,
    passedOver: row.passed_over.map(({ email, why }) => ({ email, name: person(email).name, why })),
    wouldHave: row.would_have,
    todo: row.todo,
    settledByRule: row.settled_by_rule,
    settledMark: row.status === 'settled-by-rule' ? await readSettledMark(db, row.receipt_seq) : null,
    resolution: row.resolution,
    policyHash: row.policy_hash,
    causeTitle: row.cause_title,
    notSent,
    lookedAtAgain: wakeUps.map(({ at, reason }) => ({ at: at.toISOString(), because: wakeText(reason) })),
    sameTask: sameTask.rows.map((other) => toListItem(other, person)),
    sameTaskMore: sameTask.more,
    history,
    upgrade: await readUpgrade(db, row.id),
    ...(await readFacts(db, row, receipt)),
    ...(await readPages(db, row, task && { ...task, owner: person(task.owner_email) }, links)),
  }
}

async function readUpgrade(db: Database, id: number): Promise<CaseReply['upgrade']> {
  const found = await upgradeOfCase(db, id)
  return found && { ...found, at: found.at.toISOString() }
}

/** Evidence and receipt, with the labels of the CRM's fields. */
async function readFacts(
  db: Database,
  row: CaseRow,
  receipt: UnlabeledReceipt | null,
): Promise<Pick<CaseReply, 'evidence' | 'changed' | 'receipt'>> {
  const inputs = receipt?.inputs ?? []
  const changed = row.changed_facts ?? []
  const { labelOf, displayOf } = await readFactLabels(
    db,
    { connectionId: row.connection_id, crm: row.crm, objectType: row.object_type },
    [
      ...Object.values(row.evidence),
      ...inputs.map(({ value }) => value),
      ...changed.flatMap(({ before, after }) => [before, after]),
    ],
  )
  const labeled = (facts: readonly UnlabeledFact[]): Fact[] =>
    facts.map((fact) => ({ ...fact, label: labelOf(fact.name), display: displayOf(fact.name, fact.value) }))
  return {
    evidence: labeled(withAges(row.evidence, inputs)),
    changed: row.changed_facts && {
      at: (row.facts_changed_at ?? row.opened_at).toISOString(),
      facts: changed.map(({ name, before, after }) => ({
        name,
        label: labelOf(name),
        before: displayOf(name, before),
        after: displayOf(name, after),
      })),
    },
    receipt: receipt && { ...receipt, inputs: labeled(inputs) },
  }
}

/** Links into the CRM: the record of the case, its task, and the other records involved with their names. */
async function readPages(
  db: Database,
  row: CaseRow,
  task: (TaskRow & { readonly owner: Person }) | null,
  links: CrmLinks,
): Promise<Pick<CaseReply, 'recordUrl' | 'held' | 'involves' | 'task'>> {
  const [targets, titleOf] = await Promise.all([readLinkTargets(db), readRecordTitles(db, row.involves)])
  const recordUrl = recordUrlIn(targets, links)
  const home = targets.get(row.connection_id)
  return {
    recordUrl: row.record_id === '' ? null : recordUrl(row.connection_id, row.object_type, row.record_id),
    held: row.record_id === '' ? await readHeldRecords(db, row.id, recordUrl) : null,
    involves: row.involves.map((ref) => ({
      connectionTitle: targets.get(ref.connectionId)?.title ?? ref.connectionId,
      objectType: ref.objectType,
      recordId: ref.recordId,
      title: titleOf(ref) ?? `${nounOf(ref, targets)} ${ref.recordId}`,
      url: recordUrl(ref.connectionId, ref.objectType, ref.recordId),
    })),
    task: task && {
      id: String(task.id),
      status: task.status,
      owner: task.owner,
      url: home && task.crm_task_id ? safeUrl(links.taskUrl(home, task.crm_task_id)) : null,
      written: task.crm_task_id !== null,
      dueAt: task.due_at.toISOString(),
      reopened: task.reopened,
      reopenReason: task.reopen_reason,
      closedBy: task.closed_by,
      closer: task.closer,
      checking: task.checking_since && {
        since: task.checking_since.toISOString(),
        waitsFor: task.waits_for ?? 'a new decision',
      },
    },
  }
}

/** A later page of the records that the input of this case holds. */
export async function readHeldPage(db: Database, id: number, offset: number, links: CrmLinks): Promise<HeldReply> {
  return readHeldFrom(db, id, recordUrlIn(await readLinkTargets(db), links), offset)
}

type UnlabeledFact = Pick<Fact, 'name' | 'value' | 'changedAt'>

/** Evidence as the pattern gave it, with the age of each value where the receipt has it. */
function withAges(evidence: CaseRow['evidence'], inputs: readonly UnlabeledFact[]): UnlabeledFact[] {
  const changedAt = new Map(inputs.map((input) => [input.name, input.changedAt]))
  return Object.entries(evidence).map(([name, value]) => ({ name, value, changedAt: changedAt.get(name) ?? null }))
}

async function readNotSent(db: Database, row: CaseRow): Promise<CaseReply['notSent']> {
  if (row.status === 'resolved') return null
  const found = await whyNotSent(db, {
    connectionId: row.connection_id,
    workflow: row.workflow,
    objectType: row.object_type,
    recordId: row.record_id,
    taskId: row.task_id,
  })
  return found && { reason: found.reason, says: notSentText(found.reason), at: found.at?.toISOString() ?? null }
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
  checking_since: Date | null
  waits_for: string | null
  closer: TaskCloser | null
}

async function readTask(db: Database, id: number, crm: Crm | null): Promise<TaskRow | null> {
  const { rows } = await sql<Omit<TaskRow, 'closer'>>`
    select t.id, t.status, t.owner_email, t.object_type, t.record_id, t.crm_task_id,
      coalesce((select min(e.due_at) from exception e where e.task_id = t.id and e.status = 'open'), t.due_at) as due_at, t.reopened,
      t.reopen_reason, t.closed_by, t.checking_since,
      case when c.status <> 'connected' then 'the connection to the CRM'
        when exists (select 1 from exception e join record r on r.connection_id = e.connection_id
          and r.object_type = e.object_type and r.record_id = e.record_id
          where e.task_id = t.id and e.status = 'open' and r.needs_read is not null)
        then 'the CRM to be read again'
        when exists (select 1 from exception e join record r on r.connection_id = e.connection_id
          and r.object_type = e.object_type and r.record_id = e.record_id
          where e.task_id = t.id and e.status = 'open' and r.unseen_since is not null)
        then 'the record to be visible to our user again' end as waits_for
    from task t join connection c on c.id = t.connection_id where t.id = ${id}`.execute(db)
  const [task] = rows
  if (task === undefined) return null
  const isClosedThere = task.closed_by === 'person' || task.checking_since !== null
  const closers = isClosedThere ? await taskClosers(db, [{ id, crm }]) : new Map<number, TaskCloser>()
  return { ...task, closer: closers.get(id) ?? null }
}

async function readSameTask(db: Database, taskId: number, besides: number): Promise<{ rows: ListRow[]; more: number }> {
  const { rows } = await sql<ListRow & { of: number }>`
    select ${LIST_COLUMNS}, count(*) over () as of from ${LIST_FROM}
    where e.task_id = ${taskId} and e.status = 'open' and e.id <> ${besides}
    order by e.opened_at desc, e.id desc limit ${SAME_TASK_MAX}`.execute(db)
  return { rows, more: Math.max(0, (rows[0]?.of ?? 0) - rows.length) }
}

/** Names of the other records of a case: "Danwick Utilities Ltd". */
async function readRecordTitles(db: Database, refs: CaseRow['involves']): Promise<(ref: RecordRef) => string | null> {
  const found = await Promise.all(
    [...Map.groupBy(refs, (ref) => ref.connectionId)].map(([connectionId, some]) =>
      readRecordsById(db, connectionId, some),
    ),
  )
  const titles = new Map(found.flat().map((record) => [refKey(record), recordTitle(record)]))
  return (ref) => titles.get(refKey(ref)) ?? null
}

function nounOf({ connectionId, objectType }: RecordRef, targets: ReadonlyMap<string, LinkTarget>): string {
  const target = targets.get(connectionId)
  return (target && objectShape(target.crm, objectType)?.noun) ?? objectType
}

type NamedTarget = LinkTarget & { readonly title: string }

function recordUrlIn(targets: ReadonlyMap<string, NamedTarget>, links: CrmLinks) {
  return (connectionId: string, objectType: string, recordId: string) => {
    const target = targets.get(connectionId)
    return target ? safeUrl(links.recordUrl(target, objectType, recordId)) : null
  }
}

/** Of every connection, which are few: a held record may be of any. */
async function readLinkTargets(db: Database): Promise<Map<string, NamedTarget>> {
  const { rows } = await sql<NamedTarget>`
    select id, title, crm, account_id as "accountId", base_url as "baseUrl", pages_url as "pagesUrl"
    from connection`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}
