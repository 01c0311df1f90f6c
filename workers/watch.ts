import { setInterval as every } from 'node:timers/promises'
import { beat } from '../src/store/counters.ts'
import { markRechecksDirty } from '../src/store/records.ts'
import type { WorkerContext } from './context.ts'

/** Leases of a process end soon after its beat stops (store/intents.ts), so it beats often. */
const BEAT_MS = 2_000

/** Rechecks per beat. More wait for the next one, two seconds later. */
const RECHECKS_MAX = 2_000

/** What runs on a clock: signs of life, and records whose grace or window ends. */
export async function runWatch(context: WorkerContext): Promise<void> {
  const { db, instance, queues, logger, signal } = context
  let failing = false
  for await (const _ of every(BEAT_MS, undefined, { signal })) {
    try {
      await beat(db, 'worker', instance, {
        pid: process.pid,
        queue: queues.problem(),
        rssMb: Math.round(process.memoryUsage.rss() / 1_048_576),
      })
      if ((await markRechecksDirty(db, RECHECKS_MAX)) > 0)
        for (const id of context.connectionIds()) queues.wake('decide', id)
      failing = false
    } catch (error) {
      if (!failing) logger.warn({ err: error }, 'no sign of life: the database does not answer')
      failing = true
    }
  }
}
