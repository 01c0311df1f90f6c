import { applyBatch, retryFailed } from '../../src/pipeline/apply/apply.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { HELD_UP_MS, laterWakes } from '../runtime/wake-later.ts'

/** Batches before the stage lets another connection have its turn. */
const ROUNDS_MAX = 20

export function runApply(context: WorkerContext): void {
  const { db, queues, logger } = context
  const wakeIn = laterWakes(queues, 'apply')
  queues.consume(
    'apply',
    async (connectionId, signal) => {
      const connected = context.clientOf(connectionId)
      if (!connected) return
      for (let round = 0; round < ROUNDS_MAX && !signal.aborted; round += 1) {
        const applied = await (round === 0 ? retryFailed : applyBatch)(db, connected.connection)
        // Neighbours may belong to another CRM, so every connection may have something to decide.
        if (applied.changed) for (const id of context.connectionIds()) queues.wake('decide', id)
        if (applied.toRead) queues.wake('refresh', connectionId)
        if (applied.tasks) queues.wake('verify', connectionId)
        if (applied.people) queues.wake('poll', connectionId)
        // Whoever folds now may have taken its events before ours were there.
        if (applied.isHeldUp) wakeIn(connectionId, HELD_UP_MS)
        if (!applied.isMore && round > 0) return
      }
      logger.debug({ connectionId }, 'apply gives way with events left')
      queues.wake('apply', connectionId)
    },
    { concurrency: 4 },
  )
}
