import type { CrmTask, ItemOutcome, TaskLookup, TaskWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { isSalesforceId, longId } from '../http/record-id.ts'
import type { DeletedRecords } from '../read/deleted-records.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks, query, type Row, text } from '../rest/query.ts'
import type { ObjectSchemas } from '../rest/schemas.ts'
import { soqlIds } from '../rest/soql.ts'
import type { ChunkSize } from './chunk-size.ts'
import { type CollectionWrite, type RowWrite, writeCollection } from './collection-write.ts'
import { findTasks } from './find-tasks.ts'
import { isAboutField, type RefusedRow, type RowOutcome } from './row-outcome.ts'
import { probeTaskKey, TASK_KEY_FIELD, type TaskKeyProbe } from './task-key.ts'
import { readTaskPicklists, type TaskPicklists } from './task-picklists.ts'
import { isAboutRelation, relationChange, relationOf, withoutRelation } from './task-relation.ts'
import { dayIn, subjectTag, taskDescription, taskSubject } from './task-text.ts'

/** 200 ids keep the query's URL below what Salesforce reads. */
const IDS_PER_QUERY = 200
const PICKLISTS_TTL_MS = 60 * 60_000

export type TaskVerbs = {
  /** Whether the org refuses a second task with our key, as things are. */
  probeTaskKey(): Promise<TaskKeyProbe>
  writeTasks(tasks: readonly TaskWrite[], gate?: WriteGate): Promise<ItemOutcome[]>
  findTasks(lookups: readonly TaskLookup[]): Promise<Map<string, CrmTask>>
}

type TaskWriter = {
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly nowMs: () => number
  readonly size: ChunkSize
  readonly picklists: () => Promise<TaskPicklists>
  readonly deleted: DeletedRecords
}

export function taskVerbs(
  call: SalesforceCall,
  schemas: ObjectSchemas,
  nowMs: () => number,
  size: ChunkSize,
  {
    crmNowMs,
    deleted,
  }: {
    /** By Salesforce's own clock. */
    readonly crmNowMs: () => number
    readonly deleted: DeletedRecords
  },
): TaskVerbs {
  const writer: TaskWriter = { call, schemas, nowMs, size, picklists: recentPicklists(call, nowMs), deleted }
  return {
    probeTaskKey: async () => probeTaskKey(await schemas.describe('Task')),
    writeTasks: (tasks, gate) => writeTasks(writer, tasks, gate),
    findTasks: (lookups) => findTasks({ call, schemas, crmNowMs }, lookups),
  }
}

function recentPicklists(call: SalesforceCall, nowMs: () => number): () => Promise<TaskPicklists> {
  let picklists: { readonly at: number; readonly value: TaskPicklists } | null = null
  return async () => {
    if (picklists && nowMs() - picklists.at < PICKLISTS_TTL_MS) return picklists.value
    picklists = { at: nowMs(), value: await readTaskPicklists(call) }
    return picklists.value
  }
}

async function writeTasks(writer: TaskWriter, tasks: readonly TaskWrite[], gate?: WriteGate): Promise<ItemOutcome[]> {
  if (tasks.length === 0) return []
  const { call, schemas } = writer
  const { enforced } = probeTaskKey(await schemas.recent('Task'))
  const words = await writer.picklists()
  const [sendable, outcomes] = separateUnsendable(tasks)
  const updates = sendable.filter((task) => task.taskId !== null)
  const creates = sendable.filter((task) => task.taskId === null)

  const updateRows = await rowsOfUpdates(writer, updates, words, enforced, outcomes)
  const update = { method: 'PATCH', path: '/composite/sobjects', rows: updateRows, gate } as const
  for (const { item } of await writeRelated(writer, update)) outcomes.push(item)

  // Tasks of one record go in one call: each locks its record, and two calls would wait for each other.
  const createRows = creates.toSorted(byRecord).map((task) => ({
    key: task.key,
    id: null,
    record: { ...taskRecord(task, words, enforced), ...relationOf(task.about), Status: words[task.status] },
  }))
  const create = enforced
    ? ({ method: 'PATCH', path: `/composite/sobjects/Task/${TASK_KEY_FIELD}` } as const)
    : ({ method: 'POST', path: '/composite/sobjects' } as const)
  try {
    const created = await writeRelated(writer, { ...create, rows: createRows, gate })
    return [...outcomes, ...created.map((row) => createdOutcome(row, schemas))]
  } catch (error) {
    // Updates that were written keep their outcomes, although the creates failed.
    if (outcomes.length === 0) throw error
    return [...outcomes, ...creates.map((task) => laterOutcome(task, error))]
  }
}

/**
 * A record that moved on must not cost its owner the task, nor keep it open: rows that Salesforce refuses for the record
 * that they hang on are sent again without it. A refusal proves that nothing was written.
 */
async function writeRelated({ call, nowMs, size }: TaskWriter, write: CollectionWrite): Promise<RowOutcome[]> {
  const first = await writeCollection(call, write, nowMs, size)
  const rowOf = new Map(write.rows.map((row) => [row.key, row]))
  const refused = new Map(
    first.flatMap(({ item: { key }, refusal }) =>
      refusal !== null && isAboutRelation(refusal, rowOf.get(key)!.record) ? [[key, refusal] as const] : [],
    ),
  )
  if (refused.size === 0) return first
  const rows = write.rows.flatMap((row) =>
    refused.has(row.key) ? [{ ...row, record: withoutRelation(row.record) }] : [],
  )
  const kept = first.filter(({ item }) => !refused.has(item.key))
  let second: readonly RowOutcome[]
  try {
    second = await writeCollection(call, { ...write, rows }, nowMs, size)
  } catch (error) {
    // Thrown before its first byte: what else was written keeps its outcome, and these are tried again later.
    if (kept.length === 0) throw error
    second = rows.map((row) => ({ item: laterOutcome(row, error), cause: null, refusal: null }))
  }
  return [...kept, ...second.map((outcome) => notHung(outcome, refused.get(outcome.item.key)!))]
}

function notHung(outcome: RowOutcome, { code, message }: RefusedRow): RowOutcome {
  if (outcome.item.outcome !== 'done') return outcome
  return { ...outcome, item: { ...outcome.item, notHung: `${code}: ${message}` } }
}

/** Tasks that Salesforce does not let us write get their outcome here. */
async function rowsOfUpdates(
  { call, deleted }: TaskWriter,
  updates: readonly TaskWrite[],
  words: TaskPicklists,
  enforced: boolean,
  outcomes: ItemOutcome[],
): Promise<RowWrite[]> {
  const present = await readPresent(call, updates)
  const absent = updates.map(({ taskId }) => longId(taskId!)!).filter((id) => !present.has(id))
  const purged = await deleted('Task', absent)
  const rows: RowWrite[] = []
  for (const task of updates) {
    const id = longId(task.taskId!)!
    const now = present.get(id)
    if (now === undefined || now.IsDeleted === true) {
      outcomes.push(now === undefined && !purged.has(id) ? notShown(task) : goneTask(task))
      continue
    }
    // The owner may have moved it to "In Progress": as long as open stays open, the owner's status stands.
    const status = (now.IsClosed === true) === (task.status === 'done') ? {} : { Status: words[task.status] }
    rows.push({
      key: task.key,
      id: task.taskId,
      record: { ...taskRecord(task, words, enforced), ...relationChange(task, now), id: task.taskId, ...status },
    })
  }
  return rows
}

function goneTask({ key, taskId }: TaskWrite): ItemOutcome {
  return { key, outcome: 'gone', why: `Task ${taskId} is no longer in Salesforce` }
}

/** Another one in its place would be a second task for whoever sees both. */
function notShown({ key, taskId }: TaskWrite): ItemOutcome {
  const why = `Salesforce does not show task ${taskId} to our user, and does not say that it was deleted`
  return { key, outcome: 'refused', code: 'NOT_VISIBLE', why }
}

function createdOutcome({ item, refusal }: RowOutcome, schemas: ObjectSchemas): ItemOutcome {
  if (item.outcome !== 'refused' || refusal === null) return item
  // Two workers upserted one key at once and the other was faster: the task is there, and reading back finds it.
  if (item.code === 'DUPLICATE_VALUE') return { key: item.key, outcome: 'unknown', why: item.why }
  if (!isAboutField(refusal, TASK_KEY_FIELD)) return item
  // The admin removed the key field since we described the object: the next attempt does without it.
  schemas.forget('Task')
  return { key: item.key, outcome: 'retry', why: item.why, retryAtMs: null }
}

function laterOutcome({ key }: { readonly key: string }, error: unknown): ItemOutcome {
  const why = error instanceof Error ? error.message : String(error)
  const retryAtMs = error instanceof Error && 'retryAtMs' in error ? Number(error.retryAtMs) : null
  return { key, outcome: 'retry', why, retryAtMs }
}

function byRecord(a: TaskWrite, b: TaskWrite): number {
  const [one, other] = [a.about?.recordId ?? '', b.about?.recordId ?? '']
  return one < other ? -1 : one > other ? 1 : 0
}

function separateUnsendable(tasks: readonly TaskWrite[]): [TaskWrite[], ItemOutcome[]] {
  const sendable: TaskWrite[] = []
  const outcomes: ItemOutcome[] = []
  for (const task of tasks) {
    const about = task.taskId === null || task.rehang ? task.about?.recordId : null
    const bad = [task.taskId, task.ownerId, about].find((id) => id != null && !isSalesforceId(id))
    if (bad == null) sendable.push(task)
    else
      outcomes.push({
        key: task.key,
        outcome: 'refused',
        code: 'MALFORMED_ID',
        why: `"${bad.slice(0, 40)}" is not a Salesforce id`,
      })
  }
  return [sendable, outcomes]
}

function taskRecord(task: TaskWrite, words: TaskPicklists, enforced: boolean): Record<string, unknown> {
  return {
    attributes: { type: 'Task' },
    Subject: taskSubject(task.subject, enforced ? null : subjectTag(task.key)),
    Description: taskDescription(task.body),
    OwnerId: task.ownerId,
    ActivityDate: dayIn(task.dueAtMs, task.timeZone),
    Priority: words[task.priority],
    ...(enforced ? { [TASK_KEY_FIELD]: task.key } : {}),
  }
}

/** Also those in the recycle bin. */
async function readPresent(call: SalesforceCall, tasks: readonly TaskWrite[]): Promise<Map<string, Row>> {
  const present = new Map<string, Row>()
  for (const chunk of chunks(
    tasks.map((task) => task.taskId!),
    IDS_PER_QUERY,
  )) {
    const soql = `SELECT Id, IsClosed, IsDeleted, WhoId, WhatId FROM Task WHERE Id IN ${soqlIds(chunk)}`
    for (const row of (await query(call, soql, true)).rows) {
      const id = longId(text(row.Id) ?? '')
      if (id !== null) present.set(id, row)
    }
  }
  return present
}
