import type { CrmTask, ItemOutcome, TaskKeySupport, TaskLookup, TaskWrite } from '../../crm-client.ts'
import { isSalesforceId, longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { timeMs } from '../rest/field-text.ts'
import { chunks, query, type Row, text } from '../rest/query.ts'
import type { ObjectSchemas } from '../rest/schemas.ts'
import { soqlContains, soqlIds, soqlText } from '../rest/soql.ts'
import type { ChunkSize } from './chunk-size.ts'
import { type RowWrite, writeCollection } from './collection-write.ts'
import { readTaskPicklists, type TaskPicklists } from './task-picklists.ts'
import { dayIn, subjectTag, taskDescription, taskSubject } from './task-text.ts'

/** An admin makes this field: REST cannot create fields, and metadata deployment is not ours to do. */
export const TASK_KEY_FIELD = 'Lanekeeper_Key__c'

const TASK_KEY_STEP = `In Setup > Object Manager > Activity > Fields, create a Text(255) field "Lanekeeper Key" (${TASK_KEY_FIELD}) with Unique and External ID ticked, visible and editable for our user.`

/** 100 keys or ids keep the query's URL below what Salesforce reads. */
const LOOKUPS_PER_QUERY = 100
const TAGS_PER_QUERY = 20
const FOUND_ROWS_MAX = 2_000
const PICKLISTS_TTL_MS = 60 * 60_000

export type TaskKeyProbe = TaskKeySupport & {
  /** What an admin has to make; null when it is there. */
  readonly remedy: string | null
}

export type TaskVerbs = {
  /** Whether the org keeps two tasks with our key apart, as things are. */
  probeTaskKey(): Promise<TaskKeyProbe>
  writeTasks(tasks: readonly TaskWrite[]): Promise<ItemOutcome[]>
  findTasks(lookups: readonly TaskLookup[]): Promise<Map<string, CrmTask>>
}

export function taskVerbs(
  call: SalesforceCall,
  schemas: ObjectSchemas,
  nowMs: () => number,
  size: ChunkSize,
): TaskVerbs {
  let picklists: { readonly at: number; readonly value: TaskPicklists } | null = null

  async function recentPicklists(): Promise<TaskPicklists> {
    if (picklists && nowMs() - picklists.at < PICKLISTS_TTL_MS) return picklists.value
    picklists = { at: nowMs(), value: await readTaskPicklists(call) }
    return picklists.value
  }

  async function support(fresh: boolean): Promise<TaskKeyProbe> {
    const { byName } = await (fresh ? schemas.describe('Task') : schemas.recent('Task'))
    const field = byName.get(TASK_KEY_FIELD)
    const enforced = field?.externalId === true && field.unique && field.writable
    if (enforced)
      return { enforced, field: TASK_KEY_FIELD, why: `${TASK_KEY_FIELD} is a unique external id of Task`, remedy: null }
    const now = field
      ? `${TASK_KEY_FIELD} is there but not a writable, unique external id`
      : `Task has no ${TASK_KEY_FIELD}`
    return {
      enforced,
      field: null,
      why: `${now}; until then a task is found again by its record and a short key in its subject`,
      remedy: TASK_KEY_STEP,
    }
  }

  async function writeTasks(tasks: readonly TaskWrite[]): Promise<ItemOutcome[]> {
    if (tasks.length === 0) return []
    const [{ enforced }, words] = [await support(false), await recentPicklists()]
    const [sendable, outcomes] = separateUnsendable(tasks)
    const updates = sendable.filter((task) => task.taskId !== null)
    const creates = sendable.filter((task) => task.taskId === null)
    const closed = await readClosed(call, updates)

    const updateRows: RowWrite[] = []
    for (const task of updates) {
      const isClosed = closed.get(longId(task.taskId!)!)
      if (isClosed === undefined) {
        outcomes.push({ key: task.key, outcome: 'gone', why: `Task ${task.taskId} is no longer in Salesforce` })
        continue
      }
      // A person may have moved it to "In Progress": as long as open stays open, their word stands.
      const status = isClosed === (task.status === 'done') ? {} : { Status: words[task.status] }
      updateRows.push({
        key: task.key,
        id: task.taskId,
        record: { ...taskRecord(task, words, enforced), id: task.taskId, ...status },
      })
    }
    outcomes.push(
      ...(await writeCollection(call, { method: 'PATCH', path: '/composite/sobjects', rows: updateRows }, nowMs, size)),
    )

    // Tasks of one record go in one call: each locks its record, and two calls would wait for each other.
    const createRows = creates.toSorted(byRecord).map((task) => ({
      key: task.key,
      id: null,
      record: { ...taskRecord(task, words, enforced), Status: words[task.status] },
    }))
    const create = enforced
      ? ({ method: 'PATCH', path: `/composite/sobjects/Task/${TASK_KEY_FIELD}` } as const)
      : ({ method: 'POST', path: '/composite/sobjects' } as const)
    const created = await writeCollectionAfter(
      outcomes,
      () => writeCollection(call, { ...create, rows: createRows }, nowMs, size),
      creates,
    )
    return [...outcomes, ...created.map(understood)]
  }

  function understood(item: ItemOutcome): ItemOutcome {
    if (item.outcome !== 'refused') return item
    // Two workers upserted one key at once and the other was faster: the task is there, and reading back finds it.
    if (item.code === 'DUPLICATE_VALUE') return { key: item.key, outcome: 'unknown', why: item.why }
    // The admin took the key field away since we looked: the next attempt does without it.
    if (!item.why.includes(TASK_KEY_FIELD)) return item
    schemas.forget('Task')
    return { key: item.key, outcome: 'retry', why: item.why, retryAtMs: null }
  }

  return {
    probeTaskKey: () => support(true),
    writeTasks,
    findTasks: (lookups) => findTasks(call, schemas, lookups),
  }
}

function byRecord(a: TaskWrite, b: TaskWrite): number {
  const [one, other] = [a.about?.recordId ?? '', b.about?.recordId ?? '']
  return one < other ? -1 : one > other ? 1 : 0
}

/** When updates were already written, a failure of the creates must not lose their outcomes. */
async function writeCollectionAfter(
  before: readonly ItemOutcome[],
  write: () => Promise<ItemOutcome[]>,
  tasks: readonly TaskWrite[],
): Promise<ItemOutcome[]> {
  try {
    return await write()
  } catch (error) {
    if (before.length === 0) throw error
    const why = error instanceof Error ? error.message : String(error)
    const retryAtMs = error instanceof Error && 'retryAtMs' in error ? Number(error.retryAtMs) : null
    return tasks.map((task) => ({ key: task.key, outcome: 'retry', why, retryAtMs }))
  }
}

function separateUnsendable(tasks: readonly TaskWrite[]): [TaskWrite[], ItemOutcome[]] {
  const sendable: TaskWrite[] = []
  const outcomes: ItemOutcome[] = []
  for (const task of tasks) {
    const bad = [task.taskId, task.ownerId, task.about?.recordId].find((id) => id != null && !isSalesforceId(id))
    if (bad == null) sendable.push(task)
    else
      outcomes.push({
        key: task.key,
        outcome: 'refused',
        code: 'MALFORMED_ID',
        why: `"${bad.slice(0, 40)}" is no Salesforce id`,
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
    ...about(task.about),
  }
}

/** People hang on WhoId, things on WhatId; a lead in WhoId excludes any WhatId. */
function about(record: TaskWrite['about']): Record<string, string> {
  if (record === null) return {}
  const person = record.objectType === 'Lead' || record.objectType === 'Contact'
  return person ? { WhoId: record.recordId } : { WhatId: record.recordId }
}

async function readClosed(call: SalesforceCall, tasks: readonly TaskWrite[]): Promise<Map<string, boolean>> {
  const closed = new Map<string, boolean>()
  for (const chunk of chunks(
    tasks.map((task) => task.taskId!),
    2 * LOOKUPS_PER_QUERY,
  )) {
    const soql = `SELECT Id, IsClosed FROM Task WHERE IsDeleted = false AND Id IN ${soqlIds(chunk)}`
    for (const row of (await query(call, soql, true)).rows) {
      const id = longId(text(row.Id) ?? '')
      if (id !== null) closed.set(id, row.IsClosed === true)
    }
  }
  return closed
}

/** By the enforced key, by the task's own id, by record and subject tag: whichever the org and the caller allow. */
async function findTasks(
  call: SalesforceCall,
  schemas: ObjectSchemas,
  lookups: readonly TaskLookup[],
): Promise<Map<string, CrmTask>> {
  const { byName } = await schemas.recent('Task')
  const optional = ['CompletedDateTime', TASK_KEY_FIELD].filter((name) => byName.has(name))
  const select = `SELECT ${['Id', 'Subject', 'IsClosed', 'OwnerId', ...optional].join(', ')} FROM Task WHERE IsDeleted = false AND`
  const found = new Map<string, CrmTask>()
  const missing = () => lookups.filter((lookup) => !found.has(lookup.key))
  // queryAll, because archived tasks are no longer in query.
  const rowsOf = async (where: string) =>
    (await query(call, `${select} ${where} ORDER BY Id LIMIT ${FOUND_ROWS_MAX}`, true)).rows

  if (byName.has(TASK_KEY_FIELD)) {
    for (const chunk of chunks(missing(), LOOKUPS_PER_QUERY / 2)) {
      const keys = new Set(chunk.map((lookup) => lookup.key))
      for (const row of await rowsOf(`${TASK_KEY_FIELD} IN (${[...keys].map(soqlText).join(',')})`)) {
        const key = text(row[TASK_KEY_FIELD])
        if (key !== null && keys.has(key)) keep(found, key, row)
      }
    }
  }
  for (const chunk of chunks(
    missing().filter((l) => isSalesforceId(l.taskId ?? '')),
    LOOKUPS_PER_QUERY,
  )) {
    const byId = new Map(chunk.map((lookup) => [longId(lookup.taskId!), lookup.key]))
    for (const row of await rowsOf(`Id IN ${soqlIds(chunk.map((lookup) => lookup.taskId!))}`)) {
      const key = byId.get(longId(text(row.Id) ?? ''))
      if (key !== undefined) keep(found, key, row)
    }
  }
  await findByTag(rowsOf, missing(), found)
  return found
}

async function findByTag(
  rowsOf: (where: string) => Promise<readonly Row[]>,
  lookups: readonly TaskLookup[],
  found: Map<string, CrmTask>,
): Promise<void> {
  for (const chunk of chunks(lookups, TAGS_PER_QUERY)) {
    const byTag = new Map(chunk.map((lookup) => [subjectTag(lookup.key), lookup.key]))
    const tags = `(${[...byTag.keys()].map((tag) => `Subject LIKE ${soqlContains(tag)}`).join(' OR ')})`
    const records = chunk.map((lookup) => lookup.about?.recordId).filter((id) => id !== undefined)
    // LIKE reads every task of the org unless the records narrow it down first.
    const narrowed = records.length === chunk.length && records.every(isSalesforceId)
    const ids = narrowed ? soqlIds([...new Set(records)]) : ''
    const where = narrowed ? `(WhoId IN ${ids} OR WhatId IN ${ids}) AND ${tags}` : tags
    for (const row of await rowsOf(where)) {
      const key = byTag.get(/\[LK-[a-z2-9]{10}\]$/.exec(text(row.Subject) ?? '')?.[0] ?? '')
      if (key !== undefined) keep(found, key, row)
    }
  }
}

/** Of two tasks with one key (no enforced key, and a write repeated by hand) the first one made is ours. */
function keep(found: Map<string, CrmTask>, key: string, row: Row): void {
  const taskId = longId(text(row.Id) ?? '')
  if (taskId === null || found.has(key)) return
  found.set(key, {
    taskId,
    key,
    status: row.IsClosed === true ? 'done' : 'open',
    ownerId: longId(text(row.OwnerId) ?? ''),
    completedAtMs: timeMs(row.CompletedDateTime),
  })
}
