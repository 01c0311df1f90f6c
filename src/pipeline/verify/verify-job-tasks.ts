import type { ConnectionId } from '../../model/record/change-event.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { coolDownTaskWrites, reopenTasks } from '../../store/decisions/closed-tasks.ts'
import {
  type ClosedJobTask,
  closedJobTasks,
  leaveJobTasksClosed,
  noteClosingSeen,
} from '../../store/offers/closed-job-tasks.ts'
import type { JobTaskAbout } from '../../store/offers/job-tasks.ts'
import { requestTaskWrites } from '../../store/writes/request-task-writes.ts'

const AT_ONCE = 100

/** Completing such a task decides nothing: what it is about is still open. */
const STILL_OPEN: Readonly<Record<JobTaskAbout, string>> = {
  offer: 'the job is neither accepted nor declined',
  confirm: 'the job is not confirmed',
  vacancy: 'the job is still vacant',
}

/**
 * A person completed or deleted a task that hangs on no record, while it was still needed. The first time it opens again
 * and says so; the second time it stays closed, and its reminder and its end come by the clock as without it.
 */
export async function verifyClosedJobTasks(
  db: Database,
  connectionId: ConnectionId,
): Promise<{ readonly reopened: number; readonly leftClosed: number }> {
  return inTransaction(db, async (trx) => {
    // A connection that is only read cannot reopen its tasks, so they count as closed until it can.
    if (!(await mayWrite(trx, connectionId))) return { reopened: 0, leftClosed: 0 }
    const closed = await closedJobTasks(trx, connectionId, AT_ONCE)
    await noteClosingSeen(
      trx,
      closed.map(({ id }) => id),
    )
    const again = closed.filter(({ isSecond }) => !isSecond)
    const left = closed.filter(({ isSecond }) => isSecond)
    await reopenTasks(
      trx,
      again.map((task) => ({
        id: task.id,
        deleted: task.isDeleted,
        reason: `${whatHappened(task)}, but ${STILL_OPEN[task.about]}.`,
      })),
    )
    await leaveJobTasksClosed(
      trx,
      left.map((task) => ({
        id: task.id,
        isDeleted: task.isDeleted,
        closing: `Completed a second time. Lanekeeper leaves it closed, although ${STILL_OPEN[task.about]}.`,
      })),
    )
    await requestTaskWrites(
      trx,
      connectionId,
      // One that was deleted has nowhere to say why it is closed.
      [...again, ...left.filter(({ isDeleted }) => !isDeleted)].map(({ id: taskId }) => ({
        taskId,
        workflow: '',
        policyHash: '',
      })),
    )
    await coolDownTaskWrites(
      trx,
      again.filter(({ isDeleted }) => isDeleted).map(({ id }) => id),
    )
    return { reopened: again.length, leftClosed: left.length }
  })
}

function whatHappened({ isDeleted }: ClosedJobTask): string {
  return `the task was ${isDeleted ? 'deleted' : 'completed'}`
}
