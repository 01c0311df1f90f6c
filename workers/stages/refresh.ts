import { refreshBatch } from '../../src/pipeline/read/refresh.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { runStage } from '../runtime/run-stage.ts'

/** Calls before the stage lets others use the API limit. */
const ROUNDS_MAX = 10

export function runRefresh(context: WorkerContext): void {
  const { db, queues, fieldsOf, nowMs } = context
  queues.consume(
    'refresh',
    (connectionId, stopping) =>
      runStage(context, 'refresh', connectionId, stopping, async ({ client, connection }, signal) => {
        for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
          const { taken } = await refreshBatch({ db, client, connection, fieldsOf, nowMs })
          if (taken === 0) return
          queues.wake('apply', connectionId)
        }
        queues.wake('refresh', connectionId)
      }),
    { concurrency: 2 },
  )
}
