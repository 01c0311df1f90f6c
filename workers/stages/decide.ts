import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import type { WorkerContext } from '../runtime/context.ts'

/** Batches before the stage lets another connection have its turn. */
const ROUNDS_MAX = 20

export function runDecide(context: WorkerContext): void {
  const { db, queues, workflows, nowMs, logger } = context
  const onFailed = (record: string, error: unknown) => logger.error({ err: error, record }, 'record not decided')
  queues.consume(
    'decide',
    async (connectionId, signal) => {
      const connected = context.clientOf(connectionId)
      if (!connected) return
      for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
        const decided = await decideBatch(connected.connection, { db, workflows, nowMs, onFailed })
        if (decided.toAct) queues.wake('act', connectionId)
        if (decided.toAsk) queues.wake('refresh', connectionId)
        if (!decided.more) {
          if (decided.taken > 0) queues.wake('verify', connectionId)
          return
        }
      }
      queues.wake('decide', connectionId)
    },
    { concurrency: 2 },
  )
}
