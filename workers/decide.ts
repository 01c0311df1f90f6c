import { DECIDE_BATCH, decideBatch } from '../src/pipeline/decide-changes.ts'
import type { WorkerContext } from './context.ts'

const ROUNDS_MAX = 20

export function runDecide(context: WorkerContext): void {
  const { db, queues, workflows, nowMs } = context
  queues.consume(
    'decide',
    async (connectionId, signal) => {
      const connected = context.clientOf(connectionId)
      if (!connected) return
      for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
        const decided = await decideBatch(connected.connection, { db, workflows, nowMs })
        if (decided.toAct) queues.wake('act', connectionId)
        if (decided.taken < DECIDE_BATCH) {
          if (decided.taken > 0) queues.wake('verify', connectionId)
          return
        }
      }
      queues.wake('decide', connectionId)
    },
    { concurrency: 2 },
  )
}
