import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  type CheckedCase,
  type CheckedTask,
  casesToCheck,
  checksToAskFor,
  closedTasks,
  coolDownTaskWrites,
  failedChecks,
  judgeClosings,
  leaveClosed,
  noteAskedFor,
  reopenTasks,
  startChecks,
} from '../../store/decisions/closed-tasks.ts'
import { takeRestoredTasks } from '../../store/decisions/gone-tasks.ts'
import { taskClosers } from '../../store/decisions/task-closer.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { requestRead } from '../../store/records/records-to-read.ts'
import { requestTaskWrites } from '../../store/writes/request-task-writes.ts'

/** Tasks, and cases of them, that one transaction is about. */
const TASKS_AT_ONCE = 500
const CASES_AT_ONCE = 2_000

export type Verified = {
  readonly toRead: boolean
  readonly reopened: number
  /** Tasks that stay closed, although their cases are still there. */
  readonly leftClosed: number
}

/**
 * Checks tasks of ours that were closed or deleted in the CRM. Decide finds out whether the problem is gone, on values read
 * from the CRM after the task was closed: so verify requests that read, and runs again when the decision is there. Where
 * the case is still open, its task opens again and says what is still wrong. A task that came back out of the CRM's recycle
 * bin is closed: its case is closed or has another one. In batches, because somebody may close any number of tasks at once,
 * and one task may have any number of cases.
 */
export async function verifyClosedTasks(
  db: Database,
  connectionId: ConnectionId,
  nowMs: number,
  { tasksAtOnce = TASKS_AT_ONCE, casesAtOnce = CASES_AT_ONCE } = {},
): Promise<Verified> {
  let toRead = false
  for (let more = true; more; ) {
    const asked = await inTransaction(db, (trx) => askForRecords(trx, connectionId, tasksAtOnce, casesAtOnce))
    if (asked.records > 0) toRead = true
    more = asked.more
  }
  await inTransaction(db, async (trx) => {
    await requestTaskWrites(trx, connectionId, await takeRestoredTasks(trx, connectionId))
  })
  let reopened = 0
  let leftClosed = 0
  for (let afterId: number | null = 0; afterId !== null; ) {
    const from: number = afterId
    const page = await inTransaction(db, (trx) =>
      reopenFailed(trx, connectionId, nowMs, { afterId: from, limit: tasksAtOnce }),
    )
    reopened += page.reopened
    leftClosed += page.leftClosed
    afterId = page.lastId
  }
  return { toRead, reopened, leftClosed }
}

/** Records before tasks, and each in order, as a decision locks them. */
async function askForRecords(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  tasksAtOnce: number,
  casesAtOnce: number,
): Promise<{ readonly records: number; readonly more: boolean }> {
  const closed = await closedTasks(trx, connectionId, tasksAtOnce)
  const begun = await checksToAskFor(trx, connectionId, tasksAtOnce)
  const tasks = [...closed.map(({ id }) => id), ...begun].sort((a, b) => a - b)
  const cases = await casesToCheck(trx, tasks, casesAtOnce)
  const records = recordsOf(connectionId, cases)
  await requestRead(trx, records, 'task-closed')
  await markDirty(trx, records)
  await startChecks(trx, closed)
  const last = cases.length < casesAtOnce ? null : cases.at(-1)!
  await noteAskedFor(
    trx,
    tasks
      .filter((id) => last === null || id <= last.taskId)
      .map((id) => ({ id, after: id === last?.taskId ? last.exceptionId : null })),
  )
  return { records: records.length, more: last !== null || tasks.length >= tasksAtOnce }
}

async function reopenFailed(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  nowMs: number,
  page: Parameters<typeof failedChecks>[2],
): Promise<Omit<Verified, 'toRead'> & { readonly lastId: number | null }> {
  // A read-only connection cannot reopen its tasks, so they count as closed until it can.
  if (!(await mayWrite(trx, connectionId))) return { reopened: 0, leftClosed: 0, lastId: null }
  const { failed, lastId } = await failedChecks(trx, connectionId, page)
  const { reopened, left } = await judge(trx, failed)
  await reopenTasks(
    trx,
    reopened.map((task) => ({
      id: task.id,
      deleted: task.deleted,
      reason: `${whatHappened(task)}, but ${whatIsLeft(task)}${howItEnds(task)}`,
    })),
  )
  await requestTaskWrites(
    trx,
    connectionId,
    // One that was deleted has nowhere to say why it is closed.
    [...reopened, ...left.filter(({ deleted }) => !deleted)].map((task) => ({
      taskId: task.id,
      workflow: task.workflow,
      policyHash: task.policyHash,
    })),
  )
  await coolDownTaskWrites(
    trx,
    reopened.filter((task) => task.deleted && !task.withItsRecord).map((task) => task.id),
  )
  const entry = (kind: string, { id, workflow, policyHash: policy }: CheckedTask, more: Record<string, unknown>) => ({
    at: new Date(nowMs),
    kind,
    actor: 'lanekeeper',
    subject: `${connectionId}/task/${id}`,
    body: canonicalJson({ task: id, workflow, policy, ...more }),
  })
  await appendLedger(trx, [
    ...reopened.map((task) => entry('task-reopened', task, { stillWrong: task.stillWrong })),
    ...left.map((task) => entry('task-left-closed', task, { cases: task.left })),
  ])
  return { reopened: reopened.length, leftClosed: left.length, lastId }
}

/** Which of these tasks open again, and which stay as their person left them: see `judgeClosings`. */
async function judge(
  trx: DatabaseTransaction,
  failed: readonly CheckedTask[],
): Promise<{ readonly reopened: readonly CheckedTask[]; readonly left: readonly CheckedTask[] }> {
  // A task that the CRM deleted with its record was closed by nobody.
  const closings = await judgeClosings(
    trx,
    failed.filter(({ withItsRecord }) => !withItsRecord).map(({ id }) => id),
  )
  const waiting = new Map(closings.filter(({ wait }) => wait > 0).map((closing) => [closing.taskId, closing]))
  const toLeave = failed.filter(({ id }) => waiting.has(id))
  const closers = await taskClosers(trx, toLeave)
  const closed = await leaveClosed(
    trx,
    toLeave.map(({ id, deleted }) => ({ id, deleted, closer: closers.get(id) ?? null })),
  )
  return {
    reopened: failed
      .filter(({ id }) => !closed.has(id))
      .map((task) => ({ ...task, left: task.left - (waiting.get(task.id)?.wait ?? 0) })),
    left: failed.filter(({ id }) => closed.has(id)),
  }
}

function whatIsLeft({ left, isList, stillWrong }: CheckedTask): string {
  if (!isList) return `the problem remains: ${stillWrong}`
  return left === 1 ? 'one of its records still has the problem.' : `${left} of its records still have the problem.`
}

function howItEnds({ withItsRecord }: CheckedTask): string {
  if (withItsRecord) return ''
  return ' If it is right as it is, complete the task again: it then opens only when something that it rests on changes.'
}

function whatHappened({ deleted, withItsRecord }: CheckedTask): string {
  if (withItsRecord) return 'the CRM deleted the task together with the record that it was on'
  return `the task was ${deleted ? 'deleted' : 'closed'}`
}

function recordsOf(connectionId: ConnectionId, cases: readonly CheckedCase[]) {
  const records = new Map(
    cases.map(({ objectType, recordId }) => [`${objectType}/${recordId}`, { connectionId, objectType, recordId }]),
  )
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record)
}
