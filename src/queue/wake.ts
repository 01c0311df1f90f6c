import { setTimeout as delay } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import { backOff } from '../model/calendar/back-off.ts'
import { postgresBackend, type QueueBackend, redisBackend, type WakeQueue } from './backend.ts'
import { coalesce } from './coalesce.ts'
import { consumeStage, type StageConsumer, type StageHandler } from './consumer.ts'
import type { Stage } from './stages.ts'
import { inTime, within } from './time-limits.ts'

export type QueuesOptions = {
  /** Where jobs are kept: `redisUrl` if given, else a schema of this database. */
  readonly databaseUrl?: string
  readonly redisUrl?: string | undefined
  readonly logger: QueueLogger
}

export type QueueLogger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>

export type Queues = {
  /**
   * Says that there may be work. Returns at once and never fails: a wake that is lost is made good by the sweeper. Call
   * it after the commit of what there is to see.
   */
  wake(stage: Stage, connectionId: string): void
  /**
   * Runs `handler` after every wake, never twice at the same time for one connection in this process, and once more when
   * a wake comes while it runs. Other processes may run it at the same time.
   */
  consume(stage: Stage, handler: StageHandler, options: { readonly concurrency: number }): void
  /** Resolves when the store has answered for the first time. */
  ready(): Promise<void>
  /**
   * For the sweeper: wakes, or runs the stage in this process while wakes do not get through. So with the store of the
   * queue away, work goes on at the sweeper's pace instead of standing still.
   */
  sweep(stage: Stage, connectionId: string): void
  /** Null when wakes get through; otherwise what is wrong, in words. */
  problem(): string | null
  /** Aborts the handlers' signals, waits for them at most `capMs`, then closes in any case. */
  close(capMs: number): Promise<void>
}

const COALESCE_MS = 25
const RETRY_MS = { first: 250, largest: 2_000 }
const WATCH_EVERY_MS = 5_000
/**
 * A worker that is killed between taking a job and letting go of its key would keep the connection from being woken
 * until BullMQ finds the job stalled, up to a minute later. Below the shortest time between two sweeps, so that the
 * next one gets through; a job that waits longer than this in a full queue gets a twin, which changes nothing.
 */
const KEY_LIFE_MS = 3_500

/**
 * BullMQ only wakes stages up; rows are the truth (docs/decisions/0002-queue-only-wakes.md). So the store may be down
 * now or later: this returns at once, connects when it can, and rebuilds what BullMQ leaves broken.
 */
export function createQueues({ databaseUrl, redisUrl, logger }: QueuesOptions): Queues {
  const onError = (error: Error) => logger.debug({ err: error }, 'queue connection')
  const context: QueuesContext = {
    backend: openBackend({ databaseUrl, redisUrl }, onError),
    logger,
    onError,
    queues: new Map(),
    consumers: [],
    closing: new AbortController(),
    problem: 'the queue has not answered yet',
  }
  const { consumers, closing } = context
  const ready = connect(context).then(() => {
    for (const consumer of consumers) consumer.start()
  })
  // Rejects only when closed first.
  ready.catch(() => undefined)
  const coalesced = coalesce(COALESCE_MS, async (key) => {
    // Wakes from before the store answers wait for it, one per stage and connection.
    await ready
    await sendWake(context, ...split(key))
  })
  const watchdog = setInterval(() => checkConsumers(context), WATCH_EVERY_MS)
  watchdog.unref()
  return {
    wake: (stage, connectionId) => coalesced.request(`${stage} ${connectionId}`),
    sweep(stage, connectionId) {
      coalesced.request(`${stage} ${connectionId}`)
      if (context.problem === null || closing.signal.aborted) return
      void consumers.find((consumer) => consumer.stage === stage)?.runHere(connectionId)
    },
    consume(stage, handler, { concurrency }) {
      const consumer = consumeStage({
        stage,
        handler,
        concurrency,
        logger,
        backend: context.backend,
        connect: () => connect(context),
        closing: closing.signal,
      })
      consumers.push(consumer)
      ready.then(() => consumer.start()).catch(() => undefined)
    },
    ready: () => ready,
    problem: () => context.problem,
    async close(capMs) {
      if (closing.signal.aborted) return
      closing.abort()
      coalesced.stop()
      clearInterval(watchdog)
      await closeAll(context, capMs)
    },
  }
}

type QueuesContext = {
  readonly backend: QueueBackend
  readonly logger: QueueLogger
  readonly onError: (error: Error) => void
  readonly queues: Map<Stage, WakeQueue>
  readonly consumers: StageConsumer[]
  readonly closing: AbortController
  /** See `Queues.problem`. */
  problem: string | null
}

function openBackend(
  { databaseUrl, redisUrl }: Pick<QueuesOptions, 'databaseUrl' | 'redisUrl'>,
  onError: (error: Error) => void,
): QueueBackend {
  if (redisUrl) return redisBackend(redisUrl, onError)
  if (databaseUrl) return postgresBackend(databaseUrl, onError)
  throw new Error('The queue needs a database or a Redis to keep its jobs in')
}

/** Resolves when the store answers, and retries until then. */
async function connect(context: QueuesContext): Promise<void> {
  const { backend, logger, closing } = context
  for (let attempt = 1; ; attempt += 1) {
    closing.signal.throwIfAborted()
    try {
      await backend.prepare()
      if (context.problem !== null && attempt > 1) logger.info({ store: backend.name }, 'queue is back')
      context.problem = null
      return
    } catch (error) {
      if (attempt === 1) {
        logger.warn({ err: error, store: backend.name }, 'queue does not answer, waiting; the sweeper goes on')
      }
      context.problem = `the queue (${backend.name}) does not answer`
      await delay(backOff(RETRY_MS, attempt), undefined, { signal: closing.signal })
    }
  }
}

async function sendWake(context: QueuesContext, stage: Stage, connectionId: string): Promise<void> {
  const { backend, logger, closing } = context
  try {
    const deduplication = { id: connectionId, ttl: KEY_LIFE_MS }
    await inTime(queueOf(context, stage).add('wake', { stage, connectionId }, { deduplication }))
    context.problem = null
  } catch (error) {
    // Perhaps added, perhaps not. Either is fine.
    if (closing.signal.aborted) return
    logger.warn({ err: error, stage, connectionId }, 'wake was lost; the sweeper makes up for it')
    context.problem = `the queue (${backend.name}) refuses wakes`
    discardQueue(context, stage)
  }
}

function queueOf({ backend, queues, onError }: QueuesContext, stage: Stage): WakeQueue {
  const known = queues.get(stage)
  if (known) return known
  const queue = backend.queue(stage)
  queue.on('error', onError)
  queues.set(stage, queue)
  return queue
}

/** A Queue whose first contact failed keeps failing, even when its store is back. The next wake makes another. */
function discardQueue({ queues }: QueuesContext, stage: Stage): void {
  const broken = queues.get(stage)
  queues.delete(stage)
  broken?.close().catch(() => undefined)
}

function checkConsumers(context: QueuesContext): void {
  for (const consumer of context.consumers) {
    void consumer.check((stage) => inTime(queueOf(context, stage).getWaitingCount()))
  }
}

/** Calls to a queue that is closing may never settle, so each step has a limit. */
async function closeAll({ consumers, queues, backend }: QueuesContext, capMs: number): Promise<void> {
  await within(capMs, Promise.all(consumers.map((consumer) => consumer.idle())))
  await within(1_000, Promise.allSettled(consumers.map((consumer) => consumer.close())))
  await within(1_000, Promise.allSettled([...queues.values()].map((queue) => queue.close())))
  await within(
    1_000,
    backend.close().catch(() => undefined),
  )
}

function split(key: string): [Stage, string] {
  const space = key.indexOf(' ')
  return [key.slice(0, space) as Stage, key.slice(space + 1)]
}
