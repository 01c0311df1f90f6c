import { createHash } from 'node:crypto'
import type { TaskWrite } from '../../crm/crm-client.ts'
import { knownZone } from '../../model/calendar/known-zone.ts'
import { dueText } from '../../model/decision/task-text.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { recordTaskGone } from '../../store/decisions/gone-tasks.ts'
import { recordTaskWritten } from '../../store/decisions/task-contents.ts'
import { type JobTaskContent, jobTaskContents } from '../../store/offers/job-task-contents.ts'
import { claimIntents, type IntentResult, type JobIntent } from '../../store/writes/intents.ts'
import type { ActDependencies } from './contract.ts'
import { finished, later } from './intent-outcomes.ts'
import type { FinishedIntent, IntentPlan, PlannedWrite, PreparedIntents } from './intent-plan.ts'
import { readBackTasks } from './read-back.ts'

type JobWrite = PlannedWrite<JobIntent> & {
  readonly payload: TaskWrite
  readonly content: JobTaskContent
  readonly digest: string
}

/** Time for the clock of jobs to find the person another place. */
const NO_OWNER_AGAIN_MS = 300_000

/** Makes the tasks that hang on no record what they should be, with the promises of every other task. */
export function jobTaskPlan(deps: ActDependencies): IntentPlan<JobIntent, JobWrite> {
  const { db, client, connection, instance, timing } = deps
  return {
    claim: () => claimIntents(db, connection.id, 'job', crmProfile(connection.crm).writeBatchMax, instance, timing),
    prepare: (claimed) => prepare(deps, claimed),
    send: (writes, gate) =>
      client.writeTasks(
        writes.map(({ payload }) => payload),
        gate,
      ),
    record,
    subjectOf: ({ intent }) => `task/${intent.taskId}`,
  }
}

async function prepare(deps: ActDependencies, claimed: readonly JobIntent[]): Promise<PreparedIntents<JobWrite>> {
  const contents = await jobTaskContents(
    deps.db,
    claimed.map(({ taskId }) => taskId),
  )
  const { found, waiting } = await readBackTasks(
    deps,
    claimed.flatMap((intent) => {
      const content = contents.get(intent.taskId)
      if (!intent.readBack || content === undefined || content.crmTaskId !== null) return []
      return [{ intent, key: content.key, about: null }]
    }),
  )
  const results: IntentResult[] = []
  const writes: JobWrite[] = []
  for (const intent of claimed) {
    const stored = contents.get(intent.taskId)
    const wait = waiting.get(intent.id)
    if (stored === undefined) results.push(finished(intent, 'cancelled', 'The task is not known'))
    else if (wait !== undefined) results.push(wait)
    else {
      const task = found.get(stored.key)
      const content = task === undefined ? stored : { ...stored, crmTaskId: task.taskId, crmOwnerId: task.ownerId }
      const plan = planned(intent, content, deps.connection.timeZone)
      if (plan === 'nothing') results.push(finished(intent, 'done', 'Nothing to write', content.crmTaskId))
      else if (plan === 'no-owner') results.push(later(intent, 'Its person is no active user here', NO_OWNER_AGAIN_MS))
      else writes.push(plan)
    }
  }
  return { writes, results, toDecide: [] }
}

function planned(
  intent: JobIntent,
  content: JobTaskContent,
  accountZone: string | null,
): JobWrite | 'nothing' | 'no-owner' {
  const isDone = content.status === 'done'
  if (isDone && content.crmTaskId === null) return 'nothing'
  const ownerId = content.owner?.userId ?? (isDone ? content.crmOwnerId : null)
  if (ownerId === null) return isDone ? 'nothing' : 'no-owner'
  const timeZone = knownZone(content.owner?.timeZone ?? null) ?? knownZone(accountZone) ?? 'UTC'
  const { subject, body } = isDone ? closedText(content) : openText(content, timeZone)
  const payload: TaskWrite = {
    key: content.key,
    taskId: content.crmTaskId,
    ownerId,
    subject,
    body,
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    priority: 'normal',
    status: content.status,
    about: null,
    rehang: false,
  }
  const { taskId: _taskId, ...said } = payload
  const digest = createHash('sha256').update(canonicalJson(said)).digest('hex')
  if (content.crmTaskId !== null && digest === content.writtenDigest) return 'nothing'
  return { intent, key: content.key, payload, closes: isDone, content, digest }
}

function openText({ subject, body, lastLine, reopenReason, dueAt }: JobTaskContent, timeZone: string) {
  const lines = [
    ...(reopenReason === null ? [] : [`Reopened: ${reopenReason}`, '']),
    body,
    `Due: ${dueText(dueAt.getTime(), timeZone)}`,
    '',
    lastLine,
  ]
  return { subject, body: lines.join('\n') }
}

/** A task that closes keeps its text, with the reason on top. */
function closedText({ subject, closing, lastWritten, body }: JobTaskContent) {
  const why = closing ?? 'Closed: it is no longer needed.'
  return { subject: lastWritten?.subject ?? subject, body: `${why}\n\n${lastWritten?.body ?? body}` }
}

async function record(trx: DatabaseTransaction, all: readonly FinishedIntent<JobIntent, JobWrite>[]): Promise<void> {
  await recordTaskWritten(
    trx,
    all.flatMap(({ result, write }) => {
      if (result.state !== 'done' || write === undefined || result.crmId === null) return []
      const { ownerId: crmOwnerId, subject, body } = write.payload
      const { digest, content } = write
      return [
        { taskId: content.id, crmTaskId: result.crmId, crmOwnerId, digest, subject, body, hungOn: null, rests: false },
      ]
    }),
  )
  await recordTaskGone(
    trx,
    all.flatMap(({ result, write }) =>
      result.gone && write !== undefined ? [{ taskId: write.content.id, withItsRecord: false }] : [],
    ),
  )
}
