import type { ItemOutcome, TaskKeySupport, TaskWrite } from '../../crm-client.ts'
import type { WriteGate } from '../../write-gate.ts'
import { idOf } from '../http/json-value.ts'
import { HUBSPOT } from '../profile.ts'
import { type BatchResult, notWritten } from './batch-write.ts'
import { createTasks, type ReadyTask, updateTasks, upsertTasks } from './task-batches.ts'
import { linkType } from './task-links.ts'
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
  const unlinked = new Set(ready.filter((one) => needsLink(one, keyed)).map(({ task }) => task.key))
  const outcomes = [...refused, ...updated.map((result) => asUnlinked(taskOutcome(result), unlinked))]
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
  return [...outcomes, ...created.map((result) => asUnlinked(taskOutcome(result), unlinked))]
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

/**
 * An upsert cannot associate, and an update neither. HubSpot moves the links of merged records and drops those of deleted
 * ones itself: of a task that is there, only a new record needs a link.
 */
function needsLink({ task: { taskId, about, rehang } }: ReadyTask, keyed: TaskKeySupport): boolean {
  if (about === null || linkType(about.objectType) === null) return false
  return taskId === null ? keyed.enforced : rehang
}

function asUnlinked(outcome: ItemOutcome, unlinked: ReadonlySet<string>): ItemOutcome {
  return outcome.outcome === 'done' && unlinked.has(outcome.key) ? { ...outcome, unlinked: true } : outcome
}

function taskOutcome(result: BatchResult): ItemOutcome {
  if ('outcome' in result) return result.outcome
  const { key } = result.item
  const id = idOf(result.record.id)
  return id === undefined ? { key, outcome: 'unknown', why: 'HubSpot named no task id' } : { key, outcome: 'done', id }
}
