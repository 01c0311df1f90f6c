import {
  CrmScopeMissingError,
  type CrmTask,
  CrmUnknownError,
  type ItemOutcome,
  type TaskKeySupport,
  type TaskLookup,
  type TaskWrite,
} from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/http.ts'
import {
  idOf,
  instantMsOf,
  type JsonObject,
  listOf,
  nextPageOf,
  objectOf,
  resultsOf,
  textOf,
} from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import { HUBSPOT } from '../profile.ts'
import { fieldText } from '../read/field-text.ts'
import type { HubSpotSchemas } from '../read/schemas.ts'
import { type BatchItem, type BatchResult, writeBatch } from './batch-write.ts'
import type { TaskKey } from './task-key.ts'
import { createTaskLinks, linkType, type TaskLink } from './task-links.ts'
import { bodyHtml, shortKeyOf, subjectText } from './task-text.ts'

export type HubSpotTasks = {
  writeTasks(tasks: readonly TaskWrite[]): Promise<ItemOutcome[]>
  findTasks(lookups: readonly TaskLookup[]): Promise<Map<string, CrmTask>>
}

type TasksOptions = {
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  readonly taskKey: TaskKey
}

const READ_PROPERTIES = ['hs_task_subject', 'hs_task_status', 'hubspot_owner_id', 'hs_task_completion_date']
const READ_MAX = 100
// 500 tasks a page on one record; a record with more than 10,000 tasks is not one that a person works on.
const LINK_PAGES_MAX = 20

export function createHubSpotTasks({ http, paths, schemas, taskKey }: TasksOptions): HubSpotTasks {
  const links = createTaskLinks(http, paths)

  async function writeTasks(tasks: readonly TaskWrite[]): Promise<ItemOutcome[]> {
    if (tasks.length > HUBSPOT.writeBatchMax) {
      throw new RangeError(`${tasks.length} tasks in one call; HubSpot takes ${HUBSPOT.writeBatchMax}`)
    }
    const keyed = await taskKey.current()
    const values = await taskValues()
    const outcomes: ItemOutcome[] = []
    const ready: { task: TaskWrite; properties: Record<string, string> }[] = []
    for (const task of tasks) {
      const spelled = properties(task, keyed, values)
      if ('missing' in spelled) {
        const why = `Tasks of this HubSpot account do not offer ${spelled.missing}; nothing was written`
        outcomes.push({ key: task.key, outcome: 'refused', code: 'TASK_VALUE_MISSING', why })
      } else ready.push({ task, properties: spelled.properties })
    }
    // Known tasks are changed by id: an upsert would bring back to life one that a person deleted.
    const known = ready.filter(({ task }) => task.taskId !== null)
    const fresh = ready.filter(({ task }) => task.taskId === null)
    const updated = await writeBatch(
      known.map(({ task, properties }) => ({
        key: task.key,
        inputId: task.taskId,
        input: { id: task.taskId, properties, objectWriteTraceId: task.key },
      })),
      (inputs) => post('batch/update', inputs, 'update tasks'),
      (record, item) => idOf(record.id) === item.inputId,
    )
    outcomes.push(...updated.map(taskOutcome))
    let created: BatchResult[]
    try {
      created =
        keyed.enforced && keyed.field !== null ? await upsert(fresh, keyed.field) : await create(fresh, keyed.field)
    } catch (error) {
      if (updated.length === 0) throw error
      // The updates above are done and must be told; the rest is asked for again and then fails on its own.
      const why = error instanceof Error ? error.message : String(error)
      const missingScopes = error instanceof CrmScopeMissingError ? error.scopes : undefined
      const unsent = fresh.map(
        ({ task }) => ({ key: task.key, outcome: 'retry', why, retryAtMs: null, missingScopes }) as const,
      )
      return [...outcomes, ...unsent]
    }
    outcomes.push(...created.map(taskOutcome))
    if (keyed.enforced) {
      const byKey = new Map(fresh.map(({ task }) => [task.key, task]))
      const made = created.flatMap((result): TaskLink[] => {
        const taskId = 'record' in result ? idOf(result.record.id) : undefined
        const about = byKey.get(result.item.key)?.about
        return taskId !== undefined && about ? [{ taskId, about }] : []
      })
      await links.add(made)
    }
    return outcomes
  }

  type Ready = readonly { readonly task: TaskWrite; readonly properties: Record<string, string> }[]

  /** Creates what is not there and updates what is, by our key: sending it twice makes one task. */
  function upsert(ready: Ready, field: string): Promise<BatchResult[]> {
    return writeBatch(
      ready.map(({ task, properties }) => ({
        key: task.key,
        inputId: null,
        input: { id: task.key, idProperty: field, properties, objectWriteTraceId: task.key },
      })),
      (inputs) => post('batch/upsert', inputs, 'create tasks'),
      (record, item) => traceOrKey(record, field) === item.key,
    )
  }

  /** Without an enforced key the link is part of the creation, because the read-back goes through the record. */
  async function create(ready: Ready, field: string | null): Promise<BatchResult[]> {
    const item = ({ task, properties }: Ready[number], linked: boolean): BatchItem => ({
      key: task.key,
      inputId: null,
      input: {
        properties,
        objectWriteTraceId: task.key,
        associations: linked && task.about !== null ? associations(task.about) : [],
      },
    })
    const send = (inputs: JsonObject[]) => post('batch/create', inputs, 'create tasks')
    const belongs = (record: JsonObject, { key }: BatchItem) =>
      traceOrKey(record, field) === key ||
      textOf(objectOf(record.properties)?.hs_task_subject).endsWith(`[${shortKeyOf(key)}]`)
    const first = await writeBatch(
      ready.map((one) => item(one, true)),
      send,
      belongs,
    )
    // A record that is gone must not cost its owner the task. HubSpot's texts do not reliably say what they blame, so
    // whatever was refused with a link is tried once without; if the link was not to blame it is refused again.
    const unlinked = first.flatMap((result) => {
      const one = ready.find(({ task }) => task.key === result.item.key)
      return one?.task.about && 'outcome' in result && result.outcome.outcome === 'refused' ? [one] : []
    })
    if (unlinked.length === 0) return first
    const second = await writeBatch(
      unlinked.map((one) => item(one, false)),
      send,
      belongs,
    )
    const again = new Set(second.map((result) => result.item.key))
    return [...first.filter((result) => !again.has(result.item.key)), ...second]
  }

  async function post(verb: string, inputs: JsonObject[], attempt: string): Promise<JsonObject> {
    const path = `${paths.objects('tasks')}/${verb}`
    const { body } = await http({ kind: 'write', method: 'POST', path, body: { inputs }, attempt })
    return body
  }

  /** HubSpot's lists of task values are not documented to the end, so what this account offers decides. */
  async function taskValues(): Promise<(property: string) => readonly string[]> {
    const { fields } = await schemas.of('tasks')
    return (property) => fields.get(property)?.options ?? []
  }

  async function findTasks(lookups: readonly TaskLookup[]): Promise<Map<string, CrmTask>> {
    const { enforced, field } = await taskKey.current()
    const found = new Map<string, CrmTask>()
    if (enforced && field !== null) {
      for (const record of await readTasks(
        lookups.map(({ key }) => key),
        field,
        field,
      )) {
        const task = crmTask(record, field)
        if (task?.key) found.set(task.key, task)
      }
      // Whoever lost the answer of an upsert, or died after it, has not linked the task either.
      await links.add(
        lookups.flatMap(({ key, about, taskId }): TaskLink[] => {
          const task = found.get(key)
          return task !== undefined && taskId === null && about !== null ? [{ taskId: task.taskId, about }] : []
        }),
      )
      return found
    }
    const byId = lookups.filter(({ taskId }) => taskId !== null)
    for (const record of await readTasks(
      byId.flatMap(({ taskId }) => taskId ?? []),
      null,
      field,
    )) {
      const task = crmTask(record, field)
      const lookup = byId.find(({ taskId }) => taskId === task?.taskId)
      if (task !== undefined && lookup !== undefined) found.set(lookup.key, { ...task, key: lookup.key })
    }
    const byRecord = lookups.filter(({ taskId }) => taskId === null)
    const blind = byRecord.find(({ about }) => about === null)
    if (blind !== undefined) {
      // The search could find it, but its index lags: "not found" would not mean "not there".
      throw new CrmUnknownError(
        `Cannot look for the task ${blind.key}: it hangs on no record and HubSpot keeps no unique key`,
      )
    }
    const wanted = new Map(byRecord.flatMap(({ key }) => [[key, key] as const, [shortKeyOf(key), key] as const]))
    for (const record of await readTasks(await tasksOn(byRecord), null, field)) {
      const task = crmTask(record, field)
      if (task === undefined) continue
      const short = /\[(LK-[0-9a-f]{10})\]$/.exec(textOf(objectOf(record.properties)?.hs_task_subject))?.[1]
      const key = wanted.get(task.key ?? '') ?? wanted.get(short ?? '')
      if (key !== undefined) found.set(key, { ...task, key })
    }
    return found
  }

  async function readTasks(
    ids: readonly string[],
    idProperty: string | null,
    field: string | null,
  ): Promise<JsonObject[]> {
    const records: JsonObject[] = []
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
        },
        attempt: 'read tasks',
      })
      records.push(...resultsOf(body, 'read tasks'))
    }
    return records
  }

  /** Ids of every task on the given records. Associations are read from the records themselves, not from an index. */
  async function tasksOn(lookups: readonly TaskLookup[]): Promise<string[]> {
    const ids = new Set<string>()
    const types = new Set(lookups.flatMap(({ about }) => about?.objectType ?? []))
    for (const objectType of types) {
      const records = lookups.flatMap(({ about }) => (about?.objectType === objectType ? about.recordId : []))
      let inputs: JsonObject[] = [...new Set(records)].map((id) => ({ id }))
      for (let page = 1; inputs.length > 0; page += 1) {
        if (page > LINK_PAGES_MAX)
          throw new CrmUnknownError(`More tasks hang on these ${objectType} than can be looked through`)
        const { body } = await http({
          kind: 'read',
          method: 'POST',
          path: `${paths.associations(objectType, 'tasks')}/read`,
          body: { inputs },
          attempt: `read the tasks of ${objectType}`,
        })
        inputs = []
        for (const row of resultsOf(body, `read the tasks of ${objectType}`)) {
          for (const to of listOf(row.to)) {
            const id = idOf(to.toObjectId) ?? idOf(to.id)
            if (id !== undefined) ids.add(id)
          }
          const after = nextPageOf(row)
          const from = idOf(objectOf(row.from)?.id)
          if (after !== null && from !== undefined) inputs.push({ id: from, after })
        }
      }
    }
    return [...ids]
  }

  return { writeTasks, findTasks }
}

const STATUS = { open: 'NOT_STARTED', done: 'COMPLETED' } as const
const PRIORITY = { high: 'HIGH', normal: 'MEDIUM' } as const

function properties(
  task: TaskWrite,
  keyed: TaskKeySupport,
  offered: (property: string) => readonly string[],
): { properties: Record<string, string> } | { missing: string } {
  const status = STATUS[task.status]
  const priority = PRIORITY[task.priority]
  if (!offered('hs_task_status').includes(status)) return { missing: `the status ${status}` }
  if (!offered('hs_task_priority').includes(priority)) return { missing: `the priority ${priority}` }
  return {
    properties: {
      hs_task_subject: subjectText(task.subject, keyed.field === null ? shortKeyOf(task.key) : null),
      hs_task_body: bodyHtml(task.body),
      // The due date, in spite of its name; as an instant it means the same in every zone.
      hs_timestamp: String(task.dueAtMs),
      hs_task_status: status,
      hs_task_priority: priority,
      hubspot_owner_id: task.ownerId,
      ...(offered('hs_task_type').includes('TODO') ? { hs_task_type: 'TODO' } : {}),
      ...(keyed.field === null ? {} : { [keyed.field]: task.key }),
    },
  }
}

function associations(about: NonNullable<TaskWrite['about']>): JsonObject[] {
  const type = linkType(about.objectType)
  return type === null ? [] : [{ to: { id: about.recordId }, types: [type] }]
}

function taskOutcome(result: BatchResult): ItemOutcome {
  if ('outcome' in result) return result.outcome
  const { key } = result.item
  const id = idOf(result.record.id)
  return id === undefined ? { key, outcome: 'unknown', why: 'HubSpot named no task id' } : { key, outcome: 'done', id }
}

function traceOrKey(record: JsonObject, field: string | null): string {
  const properties = objectOf(record.properties)
  const key = field === null ? '' : textOf(properties?.[field])
  return key || textOf(record.objectWriteTraceId)
}

function crmTask(record: JsonObject, field: string | null): CrmTask | undefined {
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
