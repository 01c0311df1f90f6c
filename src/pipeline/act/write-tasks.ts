import type { CrmTask, TaskWrite } from '../../crm/crm-client.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { recordTaskGone } from '../../store/decisions/gone-tasks.ts'
import { recordTaskWritten, type TaskContent, taskContents } from '../../store/decisions/task-contents.ts'
import { requestLinks } from '../../store/decisions/task-follow-ups.ts'
import { requestRead } from '../../store/records/records-to-read.ts'
import { claimIntents, type IntentResult, type TaskIntent } from '../../store/writes/intents.ts'
import type { ActDependencies } from './contract.ts'
import { finished, later } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PreparedIntents } from './intent-plan.ts'
import { type PlannedTask, planTask } from './plan-task.ts'
import { type ReadBack, readBackTasks } from './read-back.ts'
import { readDirectory } from './read-directory.ts'

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
  const { found, waiting } = await readBackTasks(deps, toReadBack(claimed, contents))
  const directory = await readDirectory(db)
  const results: IntentResult[] = []
  const writes: PlannedTask[] = []
  const ownerless: TaskContent[] = []
  for (const intent of claimed) {
    const stored = contents.get(intent.taskId)!
    const wait = waiting.get(intent.id)
    if (wait !== undefined) {
      results.push(wait)
      continue
    }
    const content = withFound(stored, found, intent)
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

/** Creates whose answer was lost. */
function toReadBack(claimed: readonly TaskIntent[], contents: ReadonlyMap<number, TaskContent>): ReadBack[] {
  return claimed
    .filter((intent) => intent.readBack)
    .map((intent) => ({ intent, content: contents.get(intent.taskId)! }))
    .filter(({ content }) => content.crmTaskId === null)
    .map(({ intent, content }) => ({
      intent,
      key: content.key,
      about: intent.sentAbout ?? firstRecordOf(content),
    }))
}

function withFound(content: TaskContent, found: ReadonlyMap<string, CrmTask>, { sentAbout }: TaskIntent): TaskContent {
  const task = found.get(content.key)
  if (!task) return content
  const hungOn = sentAbout === null ? null : { ...sentAbout, isDeleted: false }
  return { ...content, crmTaskId: task.taskId, crmOwnerId: task.ownerId, hungOn }
}

function firstRecordOf({ objectType, recordId }: TaskContent): TaskWrite['about'] {
  return objectType === null || recordId === null ? null : { objectType, recordId }
}

function recordsOf({ connectionId, cases }: TaskContent) {
  return cases.map(({ objectType, recordId }) => ({ connectionId, objectType, recordId }))
}

async function recordTasks(
  trx: DatabaseTransaction,
  connectionId: string,
  all: readonly FinishedIntent<TaskIntent, PlannedTask>[],
): Promise<void> {
  // What the CRM says of such a record shows only in a reading: it was deleted, merged away or converted.
  await requestRead(
    trx,
    all.flatMap(({ result, write }) => {
      const about = result.notHung === undefined ? null : (write?.payload.about ?? null)
      return about === null ? [] : [{ connectionId, ...about }]
    }),
    'not-found',
  )
  await recordTaskWritten(
    trx,
    all.flatMap(({ result, write }) =>
      result.state === 'done' && write !== undefined && result.crmId !== null
        ? [writtenTask(write, result.crmId, result.notHung !== undefined)]
        : [],
    ),
  )
  await requestLinks(
    trx,
    connectionId,
    all.filter(({ result }) => result.state === 'done' && result.unlinked === true).map(({ intent }) => intent),
  )
  await recordTaskGone(
    trx,
    all.flatMap(({ result, write }) =>
      result.gone && write !== undefined ? [{ taskId: write.content.id, withItsRecord: write.isRecordDeleted }] : [],
    ),
  )
  const refused = all.filter(({ result }) => result.refused === true).length
  await count(trx, 'task-refused', refused, { connectionId })
}

function writtenTask({ content, payload, digest }: PlannedTask, crmTaskId: string, isNotHung: boolean) {
  const { ownerId: crmOwnerId, subject, body, about, rehang, taskId }: TaskWrite = payload
  const isHung = !isNotHung && (taskId === null || rehang)
  const hungOn = isHung ? about : content.hungOn
  const rests = content.status === 'open' && content.total > 1
  return { taskId: content.id, crmTaskId, crmOwnerId, digest, subject, body, hungOn, rests }
}
