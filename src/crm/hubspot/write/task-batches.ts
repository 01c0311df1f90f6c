import type {
  SimplePublicObjectBatchInput,
  SimplePublicObjectBatchInputForCreate,
  SimplePublicObjectBatchInputUpsert,
} from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import type { TaskWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { idOf, type JsonObject, objectOf, textOf } from '../http/json-value.ts'
import type { Wire } from '../http/wire.ts'
import type { HubSpotRecord } from '../read/record-event.ts'
import { type BatchItem, type BatchResult, inputParts, writeBatch } from './batch-write.ts'
import { goneRecords } from './gone-records.ts'
import { linkType } from './task-links.ts'
import { shortKeyOf } from './task-text.ts'
import type { WriteContext } from './write-context.ts'

/** A task with its spelling in HubSpot's properties. */
export type ReadyTask = { readonly task: TaskWrite; readonly properties: Record<string, string> }

type TasksApi = Pick<WriteContext, 'http' | 'paths'> & { readonly gate?: WriteGate | undefined }

/** Changes tasks by HubSpot's own id. An upsert by key would create again a task that a user deleted. */
export function updateTasks(api: TasksApi, ready: readonly ReadyTask[]): Promise<BatchResult[]> {
  const items = ready.flatMap(({ task, properties }): BatchItem[] => {
    if (task.taskId === null) return []
    const input: Wire<SimplePublicObjectBatchInput> = { id: task.taskId, properties, objectWriteTraceId: task.key }
    return [{ key: task.key, inputId: task.taskId, input }]
  })
  return writeBatch(
    items,
    (inputs, part) => post(api, 'batch/update', { inputs, part, attempt: 'update tasks' }),
    (record, item) => idOf(record.id) === item.inputId,
    api.gate,
  )
}

/** Creates new tasks and updates existing ones, by our key: sending it twice makes one task. */
export function upsertTasks(api: TasksApi, ready: readonly ReadyTask[], field: string): Promise<BatchResult[]> {
  const items = ready.map(({ task, properties }): BatchItem => {
    const input: Wire<SimplePublicObjectBatchInputUpsert> = {
      id: task.key,
      idProperty: field,
      properties,
      objectWriteTraceId: task.key,
    }
    return { key: task.key, inputId: null, input }
  })
  return writeBatch(
    items,
    (inputs, part) => post(api, 'batch/upsert', { inputs, part, attempt: 'create tasks' }),
    (record, item) => keyOrTrace(record, field) === item.key,
    api.gate,
  )
}

/** Without an enforced key the link is part of the creation, because the read-back goes through the record. */
export async function createTasks(
  api: TasksApi,
  ready: readonly ReadyTask[],
  field: string | null,
): Promise<BatchResult[]> {
  const create = (some: readonly ReadyTask[], linked: boolean) =>
    writeBatch(
      some.map((one) => createItem(one, linked)),
      (inputs, part) => post(api, 'batch/create', { inputs, part, attempt: 'create tasks' }),
      (record, { key }) =>
        keyOrTrace(record, field) === key ||
        textOf(objectOf(record.properties)?.hs_task_subject).endsWith(`[${shortKeyOf(key)}]`),
      api.gate,
    )
  const first = await create(ready, true)
  const unlinked = await withoutRecord(api, ready, first)
  if (unlinked.length === 0) return first
  let second: BatchResult[]
  try {
    second = await create(unlinked, false)
  } catch {
    // Thrown before its first byte: the refusals of before stand, and the tasks are tried again later.
    return first
  }
  const again = new Set(second.map((result) => result.item.key))
  return [...first.filter((result) => !again.has(result.item.key)), ...second]
}

/**
 * A deleted record must not cost its owner the task: those that were refused with a link and whose record is gone. HubSpot's
 * errors do not reliably name what they blame, so the record itself is asked. Only with that proof is a task created
 * without its link, because the read-back goes through the record.
 */
async function withoutRecord(
  api: TasksApi,
  ready: readonly ReadyTask[],
  results: readonly BatchResult[],
): Promise<ReadyTask[]> {
  const refused = results.flatMap((result) => {
    const one = ready.find(({ task }) => task.key === result.item.key)
    return one?.task.about && 'outcome' in result && result.outcome.outcome === 'refused' ? [one] : []
  })
  if (refused.length === 0) return []
  try {
    const gone = await goneRecords(
      api,
      refused.map(({ task }) => task),
    )
    return refused.filter(({ task: { about } }) => about !== null && gone.has(`${about.objectType}/${about.recordId}`))
  } catch {
    return []
  }
}

function createItem({ task, properties }: ReadyTask, linked: boolean): BatchItem {
  const type = linked && task.about !== null ? linkType(task.about.objectType) : null
  const input: Wire<SimplePublicObjectBatchInputForCreate> = {
    properties,
    objectWriteTraceId: task.key,
    associations: type === null || task.about === null ? [] : [{ to: { id: task.about.recordId }, types: [type] }],
  }
  return { key: task.key, inputId: null, input }
}

async function post(
  { http, paths, gate }: TasksApi,
  verb: string,
  {
    inputs,
    part,
    attempt,
  }: { readonly inputs: readonly JsonObject[]; readonly part: readonly BatchItem[]; readonly attempt: string },
): Promise<JsonObject> {
  const path = `${paths.objects('tasks')}/${verb}`
  const { body } = await http({
    kind: 'write',
    method: 'POST',
    path,
    body: { inputs },
    gated: inputParts(gate, part),
    attempt,
  })
  return body
}

function keyOrTrace(record: HubSpotRecord, field: string | null): string {
  const key = field === null ? '' : textOf(objectOf(record.properties)?.[field])
  return key || textOf(record.objectWriteTraceId)
}
