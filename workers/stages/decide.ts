import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { byDatabaseClock } from '../../src/store/database/clock.ts'
import { isAnyDirty } from '../../src/store/decisions/overdue-stages.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { HELD_UP_MS, laterWakes } from '../runtime/wake-later.ts'

/** Batches before the stage lets another connection have its turn. */
const ROUNDS_MAX = 20

export function runDecide(context: WorkerContext): void {
  const { db, queues, workflows, logger } = context
  const wakeIn = laterWakes(queues, 'decide')
  const onFailed = (record: string, error: unknown) => logger.error({ err: error, record }, 'record not decided')
  queues.consume(
    'decide',
    async (connectionId, signal) => {
      const connected = context.clientOf(connectionId)
      if (!connected) return
      const nowMs = await byDatabaseClock(db, context.nowMs)
      for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
        const decided = await decideBatch(connected.connection, { db, workflows, nowMs, onFailed })
        if (decided.joined) for (const id of context.connectionIds()) if (id !== connectionId) queues.wake('decide', id)
        if (decided.toAct) queues.wake('act', connectionId)
        if (decided.toAsk) queues.wake('refresh', connectionId)
        if (!decided.more) {
          if (decided.taken > 0) queues.wake('verify', connectionId)
          // Locked by a process that may not wake us, as one that notes when a record is read again.
          if (decided.ready && (await isAnyDirty(db, connectionId))) wakeIn(connectionId, HELD_UP_MS)
          return
        }
      }
      queues.wake('decide', connectionId)
    },
    { concurrency: 2 },
  )
}
