import type { ItemOutcome, TaskKeySupport, TaskWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { idOf } from '../http/json-value.ts'
import { HUBSPOT } from '../profile.ts'
import { type BatchResult, notWritten } from './batch-write.ts'
import { createTasks, type ReadyTask, updateTasks, upsertTasks } from './task-batches.ts'
import type { TaskLink } from './task-links.ts'
import { offeredOptions, taskProperties } from './task-properties.ts'
import type { WriteContext } from './write-context.ts'

/** Creates or updates tasks, with one outcome per task. */
export async function writeTasks(
  context: WriteContext,
  tasks: readonly TaskWrite[],
  gate?: WriteGate,
): Promise<ItemOutcome[]> {
  if (tasks.length > HUBSPOT.writeBatchMax) {
    throw new RangeError(`${tasks.length} tasks in one call; HubSpot takes ${HUBSPOT.writeBatchMax}`)
  }
  const keyed = await context.taskKey.current()
  const { ready, refused } = await spelled(context, tasks, keyed)
  const api = { ...context, gate }
  const fresh = ready.filter(({ task }) => task.taskId === null)
  const updated = await updateTasks(
    api,
    ready.filter(({ task }) => task.taskId !== null),
  )
  const outcomes = [...refused, ...updated.map(taskOutcome)]
  let created: BatchResult[]
  try {
    created =
      keyed.enforced && keyed.field !== null
        ? await upsertTasks(api, fresh, keyed.field)
        : await createTasks(api, fresh, keyed.field)
  } catch (error) {
    if (updated.length === 0) throw error
    // `writeBatch` throws only what happened before the first byte. The updates are done and must be reported; the caller
    // tries the rest again, and then that fails by itself.
    return [...outcomes, ...fresh.map(({ task }) => notWritten(task.key, error))]
  }
  // A link that fails waits; whatever else goes wrong with it, the tasks are written.
  if (keyed.enforced) await context.links.add(linksOf(fresh, created)).catch(() => undefined)
  return [...outcomes, ...created.map(taskOutcome)]
}

async function spelled(
  { schemas }: WriteContext,
  tasks: readonly TaskWrite[],
  keyed: TaskKeySupport,
): Promise<{ readonly ready: ReadyTask[]; readonly refused: ItemOutcome[] }> {
  const offered = await offeredOptions(schemas)
  const ready: ReadyTask[] = []
  const refused: ItemOutcome[] = []
  for (const task of tasks) {
    const spelling = taskProperties(task, keyed, offered)
    if ('missing' in spelling) {
      const why = `Tasks of this HubSpot account do not offer ${spelling.missing}; nothing was written`
      refused.push({ key: task.key, outcome: 'refused', code: 'TASK_VALUE_MISSING', why })
    } else ready.push({ task, properties: spelling.properties })
  }
  return { ready, refused }
}

/** The links that an upsert could not make itself. */
function linksOf(fresh: readonly ReadyTask[], created: readonly BatchResult[]): TaskLink[] {
  const byKey = new Map(fresh.map(({ task }) => [task.key, task]))
  return created.flatMap((result): TaskLink[] => {
    const taskId = 'record' in result ? idOf(result.record.id) : undefined
    const about = byKey.get(result.item.key)?.about
    return taskId !== undefined && about ? [{ taskId, about }] : []
  })
}

function taskOutcome(result: BatchResult): ItemOutcome {
  if ('outcome' in result) return result.outcome
  const { key } = result.item
  const id = idOf(result.record.id)
  return id === undefined ? { key, outcome: 'unknown', why: 'HubSpot named no task id' } : { key, outcome: 'done', id }
}
