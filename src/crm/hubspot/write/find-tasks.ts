import type {
  MultiAssociatedObjectWithLabel,
  PublicAssociationMultiWithLabel,
  PublicFetchAssociationsBatchRequest,
} from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/all.js'
import type { BatchReadInputSimplePublicObjectId } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import { type CrmTask, CrmUnknownError, type TaskLookup } from '../../crm-client.ts'
import { idOf, instantMsOf, listOf, nextPageOf, objectOf, resultsOf, textOf } from '../http/json-value.ts'
import type { AnswerOf, Wire } from '../http/wire.ts'
import { fieldText } from '../read/field-text.ts'
import type { HubSpotRecord } from '../read/record-event.ts'
import { goneRecords } from './gone-records.ts'
import { linkType } from './task-links.ts'
import { STATUS } from './task-properties.ts'
import { shortKeyOf } from './task-text.ts'
import type { WriteContext } from './write-context.ts'

/** Null: neither found nor surely absent. */
export type FoundTasks = Map<string, CrmTask | null>

const READ_PROPERTIES = ['hs_task_subject', 'hs_task_status', 'hubspot_owner_id', 'hs_task_completion_date']
const READ_MAX = 100
// 500 tasks a page on one record; nobody works on a record with more than 10,000 tasks.
const LINK_PAGES_MAX = 20

/** Finds tasks by our key, after a write whose answer was lost. */
export async function findTasks(context: WriteContext, lookups: readonly TaskLookup[]): Promise<FoundTasks> {
  const { enforced, field } = await context.taskKey.current()
  if (enforced && field !== null) return await findByKey(context, lookups, field)
  const byId = await findById(context, lookups, field)
  const onRecords = await findOnRecords(context, lookups, field)
  return new Map([...byId, ...onRecords])
}

async function findByKey(context: WriteContext, lookups: readonly TaskLookup[], field: string): Promise<FoundTasks> {
  const keys = lookups.map(({ key }) => key)
  const found: FoundTasks = new Map()
  for (const record of await readTasks(context, keys, { idProperty: field, field })) {
    const task = crmTask(record, field)
    if (task?.key) found.set(task.key, task)
  }
  // The process that lost the answer of an upsert, or died after it, has not linked the task either.
  for (const { key, about, taskId } of lookups) {
    const task = found.get(key)
    if (task && taskId === null && about !== null && linkType(about.objectType) !== null) {
      found.set(key, { ...task, unlinked: true })
    }
  }
  return found
}

async function findById(
  context: WriteContext,
  lookups: readonly TaskLookup[],
  field: string | null,
): Promise<FoundTasks> {
  const known = lookups.filter(({ taskId }) => taskId !== null)
  const ids = known.flatMap(({ taskId }) => taskId ?? [])
  const found: FoundTasks = new Map()
  for (const record of await readTasks(context, ids, { idProperty: null, field })) {
    const task = crmTask(record, field)
    const lookup = known.find(({ taskId }) => taskId === task?.taskId)
    if (task !== undefined && lookup !== undefined) found.set(lookup.key, { ...task, key: lookup.key })
  }
  return found
}

/**
 * Tasks without a known id, by the records that they belong to. What hangs on no record, or on one that is gone, can only
 * be searched for.
 */
async function findOnRecords(
  context: WriteContext,
  lookups: readonly TaskLookup[],
  field: string | null,
): Promise<FoundTasks> {
  const unknown = lookups.filter(({ taskId }) => taskId === null)
  const found: FoundTasks = new Map()
  keepMatching(
    found,
    unknown,
    await readTasks(context, await tasksOn(context, unknown), { idProperty: null, field }),
    field,
  )
  const left = unknown.filter(({ key }) => !found.has(key))
  const gone = left.length === 0 ? new Set() : await goneRecords(context, left)
  for (const lookup of left) {
    const { about } = lookup
    if (about === null || gone.has(`${about.objectType}/${about.recordId}`)) {
      await searchTask(context, found, lookup, field)
    }
  }
  return found
}

/** By the key, or by the short key at the end of the subject. */
function keepMatching(
  found: FoundTasks,
  lookups: readonly TaskLookup[],
  records: readonly HubSpotRecord[],
  field: string | null,
): void {
  const wanted = new Map(lookups.flatMap(({ key }) => [[key, key] as const, [shortKeyOf(key), key] as const]))
  for (const record of records) {
    const task = crmTask(record, field)
    if (task === undefined) continue
    const short = /\[(LK-[0-9a-f]{10})\]$/.exec(textOf(objectOf(record.properties)?.hs_task_subject))?.[1]
    const key = wanted.get(task.key ?? '') ?? wanted.get(short ?? '')
    if (key !== undefined) keep(found, { ...task, key }, key)
  }
}

function isOlder(id: string, than: string): boolean {
  return id.length === than.length ? id < than : id.length < than.length
}

/** Two calls may have created it. HubSpot's ids rise, and the first one made is the task. */
function keep(found: FoundTasks, task: CrmTask, key: string): void {
  const known = found.get(key) ?? null
  if (known?.taskId === task.taskId) return
  const [first, other] = known === null || isOlder(task.taskId, known.taskId) ? [task, known] : [known, task]
  if (other === null) found.set(key, first)
  else found.set(key, { ...first, others: [...(known?.others ?? []), other.taskId] })
}

/** The search index lags by up to half a minute (contracts, HubSpot). What it does not show after this is not there. */
const SEARCH_SHOWS_AFTER_MS = 120_000

async function searchTask(
  { http, paths }: WriteContext,
  found: FoundTasks,
  lookup: TaskLookup,
  field: string | null,
): Promise<void> {
  const short = shortKeyOf(lookup.key)
  const filter =
    field === null
      ? { propertyName: 'hs_task_subject', operator: 'CONTAINS_TOKEN', value: `*${short.slice(3)}*` }
      : { propertyName: field, operator: 'EQ', value: lookup.key }
  const { body } = await http({
    kind: 'search',
    method: 'POST',
    path: `${paths.objects('tasks')}/search`,
    body: {
      filterGroups: [{ filters: [filter] }],
      properties: [...READ_PROPERTIES, ...(field === null ? [] : [field])],
      limit: 10,
    },
    attempt: 'search tasks',
  })
  keepMatching(found, [lookup], resultsOf(body, 'search tasks'), field)
  // Of a task on no record the index is the only witness, and it proves nothing by itself: the caller asks again.
  const isShown = lookup.about !== null && (lookup.sentAgoMs ?? 0) >= SEARCH_SHOWS_AFTER_MS
  if (!found.has(lookup.key) && !isShown) found.set(lookup.key, null)
}

async function readTasks(
  { http, paths }: WriteContext,
  ids: readonly string[],
  { idProperty, field }: { readonly idProperty: string | null; readonly field: string | null },
): Promise<HubSpotRecord[]> {
  const records: HubSpotRecord[] = []
  const distinct = [...new Set(ids)]
  for (let from = 0; from < distinct.length; from += READ_MAX) {
    const { body } = await http({
      kind: 'read',
      method: 'POST',
      path: `${paths.objects('tasks')}/batch/read`,
      body: {
        ...(idProperty === null ? {} : { idProperty }),
        inputs: distinct.slice(from, from + READ_MAX).map((id) => ({ id })),
        properties: [...READ_PROPERTIES, ...(field === null ? [] : [field])],
      } satisfies Omit<Wire<BatchReadInputSimplePublicObjectId>, 'propertiesWithHistory'>,
      attempt: 'read tasks',
    })
    records.push(...resultsOf(body, 'read tasks'))
  }
  return records
}

/** Ids of every task on the given records. Associations are read from the records themselves, not from an index. */
async function tasksOn({ http, paths }: WriteContext, lookups: readonly TaskLookup[]): Promise<string[]> {
  const ids = new Set<string>()
  const types = new Set(lookups.flatMap(({ about }) => about?.objectType ?? []))
  for (const objectType of types) {
    const attempt = `read the tasks of ${objectType}`
    const records = lookups.flatMap(({ about }) => (about?.objectType === objectType ? about.recordId : []))
    let inputs: Wire<PublicFetchAssociationsBatchRequest>[] = [...new Set(records)].map((id) => ({ id }))
    for (let page = 1; inputs.length > 0; page += 1) {
      if (page > LINK_PAGES_MAX) {
        throw new CrmUnknownError(`These ${objectType} have more tasks than Lanekeeper can look through`)
      }
      const path = `${paths.associations(objectType, 'tasks')}/read`
      const { body } = await http({ kind: 'read', method: 'POST', path, body: { inputs }, attempt })
      inputs = []
      const rows: AnswerOf<PublicAssociationMultiWithLabel>[] = resultsOf(body, attempt)
      for (const row of rows) {
        for (const id of listOf(row.to).flatMap(linkedId)) ids.add(id)
        const after = nextPageOf(row)
        const from = idOf(objectOf(row.from)?.id)
        if (after !== null && from !== undefined) inputs.push({ id: from, after })
      }
    }
  }
  return [...ids]
}

/** This endpoint says `toObjectId`; other endpoints of associations say `id`. */
function linkedId(to: AnswerOf<MultiAssociatedObjectWithLabel> & { readonly id?: unknown }): string[] {
  const id = idOf(to.toObjectId) ?? idOf(to.id)
  return id === undefined ? [] : [id]
}

function crmTask(record: HubSpotRecord, field: string | null): CrmTask | undefined {
  const taskId = idOf(record.id)
  const properties = objectOf(record.properties)
  if (taskId === undefined || properties === undefined) return undefined
  const status = properties.hs_task_status === STATUS.done ? 'done' : 'open'
  return {
    taskId,
    key: field === null ? null : fieldText('text', properties[field]),
    status,
    ownerId: fieldText('reference', properties.hubspot_owner_id),
    completedAtMs: status === 'done' ? (instantMsOf(properties.hs_task_completion_date) ?? null) : null,
  }
}
