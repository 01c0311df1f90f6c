import { setInterval as every } from 'node:timers/promises'
import { eraseDue } from '../../src/pipeline/apply/erase-records.ts'
import type { WorkerContext } from '../runtime/context.ts'

const LOOK_EVERY_MS = 1_000

/** Erases persons by its own clock: no stage, no import, no pause and no end of a connection holds it up. */
export async function runErasures(context: WorkerContext): Promise<void> {
  const { db, logger, signal, queues } = context
  let failing = false
  for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) {
    try {
      const touched = await eraseDue(db, ({ connectionId, objectType }, error) =>
        logger.error({ err: error, connectionId, objectType }, 'a record is not erased yet, it will be tried again'),
      )
      if (touched.size > 0) for (const id of context.connectionIds()) queues.wake('decide', id)
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) logger.warn({ err: error }, 'nobody can look for what is to be erased')
      failing = true
    }
  }
}
