import { setInterval as every } from 'node:timers/promises'
import { pauseWhatNobodyAnswered } from '../../src/people/ask-for-pause.ts'
import { proposeCrmUsers } from '../../src/people/join-crm.ts'
import { connectionsToReconnect } from '../../src/store/connections/connections.ts'
import { markWakeUpsDue } from '../../src/store/records/wake-ups.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { noticesOf } from '../runtime/notices.ts'

const WATCH_MS = 2_000

/** Wake-ups per turn. More, as where a thousand records age at one instant, wait for the next one, two seconds later. */
const WAKE_UPS_MAX = 2_000

/**
 * Whether an admin has mended a connection is found out by trying: a few thousand calls a day that a CRM refuses at the
 * door, for a person who sees within this time that the step has helped.
 */
const RECONNECT_EVERY_MS = 15_000

/** What runs on a clock, the first turn at once. The sign of life has a timer of its own, see beat.ts. */
export async function runWatch(context: WorkerContext): Promise<void> {
  const { logger, signal } = context
  let failing = false
  let triedAtMs = context.nowMs()
  await noticesOf(context)
    .startedAfter()
    .catch((error) => logger.debug({ err: error }, 'nobody knows who ran before'))
  const turn = async () => {
    try {
      const isTimeToTry = context.nowMs() - triedAtMs >= RECONNECT_EVERY_MS
      if (isTimeToTry) triedAtMs = context.nowMs()
      await watchOnce(context, isTimeToTry)
      failing = false
    } catch (error) {
      if (!failing) logger.warn({ err: error }, 'the watch failed, it goes on with its next turn')
      failing = true
    }
  }
  await turn()
  for await (const _ of every(WATCH_MS, undefined, { signal })) await turn()
}

/** One turn of the clock. */
export async function watchOnce(context: WorkerContext, isTimeToTry: boolean): Promise<void> {
  const { db, queues, connectionIds } = context
  if ((await markWakeUpsDue(db, WAKE_UPS_MAX)) > 0) for (const id of connectionIds()) queues.wake('decide', id)
  await pauseWhatNobodyAnswered(db)
  await noticesOf(context).look()
  if (isTimeToTry) for (const id of await connectionsToReconnect(db)) queues.wake('poll', id)
  if (isTimeToTry) await proposeCrmUsers(db)
}
