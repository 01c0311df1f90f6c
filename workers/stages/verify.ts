import { verifyClosedTasks } from '../../src/pipeline/verify/verify-closed-tasks.ts'
import { verifyClosedJobTasks } from '../../src/pipeline/verify/verify-job-tasks.ts'
import { byDatabaseClock } from '../../src/store/database/clock.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { runStage } from '../runtime/run-stage.ts'

export function runVerify(context: WorkerContext): void {
  const { db, queues } = context
  queues.consume(
    'verify',
    (connectionId, stopping) =>
      runStage(context, 'verify', connectionId, stopping, async ({ connection }) => {
        const { toRead, reopened, leftClosed } = await verifyClosedTasks(
          db,
          connection.id,
          (await byDatabaseClock(db, context.nowMs))(),
        )
        const jobs = await verifyClosedJobTasks(db, connection.id)
        if (toRead) queues.wake('refresh', connectionId)
        if (reopened + leftClosed + jobs.reopened + jobs.leftClosed > 0) queues.wake('act', connectionId)
      }),
    { concurrency: 2 },
  )
}
