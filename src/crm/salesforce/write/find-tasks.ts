import type { CrmTask, TaskLookup } from '../../crm-client.ts'
import { isSalesforceId, longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { timeMs } from '../rest/field-text.ts'
import { chunks, query, type Row, text } from '../rest/query.ts'
import type { ObjectSchemas } from '../rest/schemas.ts'
import { soqlContains, soqlIds, soqlInstant, soqlText } from '../rest/soql.ts'
import { TASK_KEY_FIELD } from './task-key.ts'
import { subjectTag } from './task-text.ts'

/** So many keys or ids keep the query's URL below what Salesforce reads. */
const KEYS_PER_QUERY = 50
const IDS_PER_QUERY = 100
const TAGS_PER_QUERY = 20
const FOUND_ROWS_MAX = 2_000

/** The tag is looked for from this long before the call that may have created the task: clocks differ. */
const CREATED_EARLIER_MS = 24 * 60 * 60_000

type Org = {
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly crmNowMs: () => number
}

/**
 * Finds tasks by the enforced key, then by their own id, then by record and subject tag. A task whose record was merged or
 * converted since, or that a person moved, is on another record: by its tag among the tasks created since then.
 */
export async function findTasks(
  { call, schemas, crmNowMs }: Org,
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
    for (const chunk of chunks(missing(), KEYS_PER_QUERY)) {
      const keys = new Set(chunk.map((lookup) => lookup.key))
      for (const row of await rowsOf(`${TASK_KEY_FIELD} IN (${[...keys].map(soqlText).join(',')})`)) {
        const key = text(row[TASK_KEY_FIELD])
        if (key !== null && keys.has(key)) keep(found, key, row)
      }
    }
  }
  for (const chunk of chunks(
    missing().filter((l) => isSalesforceId(l.taskId ?? '')),
    IDS_PER_QUERY,
  )) {
    const byId = new Map(chunk.map((lookup) => [longId(lookup.taskId!), lookup.key]))
    for (const row of await rowsOf(`Id IN ${soqlIds(chunk.map((lookup) => lookup.taskId!))}`)) {
      const key = byId.get(longId(text(row.Id) ?? ''))
      if (key !== undefined) keep(found, key, row)
    }
  }
  for (const chunk of chunks(missing(), TAGS_PER_QUERY)) {
    const records = chunk.flatMap(({ about }) => (isSalesforceId(about?.recordId ?? '') ? [about!.recordId] : []))
    if (records.length === 0) continue
    const ids = soqlIds([...new Set(records)])
    await findByTag(rowsOf, chunk, `(WhoId IN ${ids} OR WhatId IN ${ids})`, found)
  }
  for (const chunk of chunks(missing(), TAGS_PER_QUERY)) {
    const sentAgoMs = Math.max(...chunk.map((lookup) => lookup.sentAgoMs ?? 0))
    const since = soqlInstant(Math.floor(crmNowMs() - sentAgoMs - CREATED_EARLIER_MS))
    await findByTag(rowsOf, chunk, `CreatedDate >= ${since}`, found)
  }
  return found
}

/** LIKE reads every task of the org unless `narrowed` does so first. */
async function findByTag(
  rowsOf: (where: string) => Promise<readonly Row[]>,
  lookups: readonly TaskLookup[],
  narrowed: string,
  found: Map<string, CrmTask>,
): Promise<void> {
  const byTag = new Map(lookups.map((lookup) => [subjectTag(lookup.key), lookup.key]))
  const tags = `(${[...byTag.keys()].map((tag) => `Subject LIKE ${soqlContains(tag)}`).join(' OR ')})`
  for (const row of await rowsOf(`${narrowed} AND ${tags}`)) {
    const key = byTag.get(/\[LK-[a-z2-9]{10}\]$/.exec(text(row.Subject) ?? '')?.[0] ?? '')
    if (key !== undefined) keep(found, key, row)
  }
}

/** Of two tasks with one key (no enforced key, and a write repeated by hand) the first one made is ours. */
function keep(found: Map<string, CrmTask>, key: string, row: Row): void {
  const taskId = longId(text(row.Id) ?? '')
  if (taskId === null) return
  const first = found.get(key)
  if (first !== undefined) {
    if (first.taskId !== taskId) found.set(key, { ...first, others: [...(first.others ?? []), taskId] })
    return
  }
  found.set(key, {
    taskId,
    key,
    status: row.IsClosed === true ? 'done' : 'open',
    ownerId: longId(text(row.OwnerId) ?? ''),
    completedAtMs: timeMs(row.CompletedDateTime),
  })
}
