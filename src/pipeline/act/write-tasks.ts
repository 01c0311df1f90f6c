import type { CrmTask, TaskWrite } from '../../crm/crm-client.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { claimIntents, type IntentResult, type TaskIntent } from '../../store/decisions/intents.ts'
import { listUsers } from '../../store/decisions/people.ts'
import {
  recordTaskFound,
  recordTaskGone,
  recordTaskWritten,
  type TaskContent,
  taskContents,
} from '../../store/decisions/task-contents.ts'
import type { ActDependencies } from './contract.ts'
import { finished, later, unknown } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PreparedIntents } from './intent-plan.ts'
import { aboutOf, type PlannedTask, planTask } from './plan-task.ts'

/** Time for the next decision to name another owner. */
const NO_OWNER_AGAIN_MS = 15_000

/** A task that could not be worded is tried again after this. */
const PLAN_AGAIN_MS = 300_000

/** Makes the tasks in the CRM what they should be: created, updated, closed or reopened. */
export function taskPlan(deps: ActDependencies): IntentPlan<TaskIntent, PlannedTask> {
  const { db, client, connection, instance, timing } = deps
  return {
    claim: () => claimIntents(db, connection.id, 'task', crmProfile(connection.crm).writeBatchMax, instance, timing),
    prepare: (claimed) => prepareTasks(deps, claimed),
    send: (writes, gate) =>
      client.writeTasks(
        writes.map(({ payload }) => payload),
        gate,
      ),
    record: (trx, all) => recordTasks(trx, connection.id, all),
    subjectOf: ({ write }) => (write ? `${write.content.objectType}/${write.content.recordId}` : null),
  }
}

async function prepareTasks(
  deps: ActDependencies,
  claimed: readonly TaskIntent[],
): Promise<PreparedIntents<PlannedTask>> {
  const { db } = deps
  const ids = claimed.map(({ taskId }) => taskId)
  const contents = new Map((await taskContents(db, ids)).map((content) => [content.id, content]))
  const found = await readBack(deps, claimed, contents)
  const directory = buildDirectory(await listUsers(db), new Map())
  const results: IntentResult[] = []
  const writes: PlannedTask[] = []
  const ownerless: TaskContent[] = []
  for (const intent of claimed) {
    const stored = contents.get(intent.taskId)!
    if (found.get(stored.key) === null) {
      results.push(unknown(intent, 'The CRM cannot say yet whether the task was created'))
      continue
    }
    const content = withFound(stored, found)
    const plan = plannedAlone(deps, intent, content, directory)
    if (plan instanceof Error) {
      results.push(later(intent, `The task could not be made: ${plan.message}`, PLAN_AGAIN_MS))
      continue
    }
    if (plan === 'nothing') results.push(finished(intent, 'done', 'Nothing to write', content.crmTaskId))
    else if (plan === 'no-owner') {
      ownerless.push(content)
      const why = 'The owner is no longer an active user; the case is decided again'
      results.push(later(intent, why, NO_OWNER_AGAIN_MS))
    } else writes.push(plan)
  }
  return { writes, results, toDecide: ownerless.flatMap(recordsOf) }
}

/** One task that cannot be worded holds up no other. */
function plannedAlone(...of: Parameters<typeof planTask>): ReturnType<typeof planTask> | Error {
  try {
    return planTask(...of)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Searches the CRM for tasks that a call whose answer was lost may have created. */
async function readBack(
  { db, client }: ActDependencies,
  claimed: readonly TaskIntent[],
  contents: ReadonlyMap<number, TaskContent>,
): Promise<ReadonlyMap<string, CrmTask | null>> {
  const lookups = claimed
    .filter((intent) => intent.readBack)
    .map(({ taskId, sentAgoMs }) => ({ content: contents.get(taskId)!, sentAgoMs: sentAgoMs ?? undefined }))
    .filter(({ content }) => content.crmTaskId === null)
    .map(({ content, sentAgoMs }) => ({ key: content.key, about: aboutOf(content), taskId: null, sentAgoMs }))
  if (lookups.length === 0) return new Map()
  const found = await client.findTasks(lookups)
  // At once: whatever becomes of the write that follows, this task is never created again.
  await recordTaskFound(
    db,
    [...contents.values()].flatMap(({ id, key }) => {
      const task = found.get(key)
      return task ? [{ taskId: id, crmTaskId: task.taskId, crmOwnerId: task.ownerId }] : []
    }),
  )
  return found
}

function withFound(content: TaskContent, found: ReadonlyMap<string, CrmTask | null>): TaskContent {
  const task = found.get(content.key)
  return task ? { ...content, crmTaskId: task.taskId, crmOwnerId: task.ownerId } : content
}

function recordsOf({ connectionId, cases }: TaskContent) {
  return cases.map(({ objectType, recordId }) => ({ connectionId, objectType, recordId }))
}

async function recordTasks(
  trx: DatabaseTransaction,
  connectionId: string,
  all: readonly FinishedIntent<TaskIntent, PlannedTask>[],
): Promise<void> {
  await recordTaskWritten(
    trx,
    all.flatMap(({ result: { state, crmId }, write }) =>
      state === 'done' && write !== undefined && crmId !== null ? [writtenTask(write, crmId)] : [],
    ),
  )
  await recordTaskGone(
    trx,
    all.flatMap(({ result, write }) => (result.gone && write !== undefined ? [write.content.id] : [])),
  )
  const refused = all.filter(({ result }) => result.refused === true).length
  await count(trx, 'task-refused', refused, { connectionId })
}

function writtenTask({ content, payload, digest }: PlannedTask, crmTaskId: string) {
  const { ownerId: crmOwnerId, subject, body }: TaskWrite = payload
  return { taskId: content.id, crmTaskId, crmOwnerId, digest, subject, body }
}
