import { setTimeout as delay } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import { postgresBackend, type QueueBackend, redisBackend, type WakeQueue } from './backend.ts'
import { coalesce } from './coalesce.ts'
import { consumeStage, type StageConsumer, type StageHandler } from './consumer.ts'
import type { Stage } from './stages.ts'

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
/** Doubled after each failed attempt, up to the largest. */
const RETRY_MS = { first: 250, largest: 2_000 }
const WATCH_EVERY_MS = 5_000
/** A wake through a healthy store takes a few milliseconds. */
const CALL_TIMEOUT_MS = 5_000
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
  const backend = openBackend({ databaseUrl, redisUrl }, onError)
  const queues = new Map<Stage, WakeQueue>()
  const consumers: StageConsumer[] = []
  const closing = new AbortController()
  let problem: string | null = 'the queue has not answered yet'
  const ready = connect().then(() => {
    for (const consumer of consumers) consumer.start()
  })
  // Rejects only when closed first.
  ready.catch(() => undefined)

  async function connect(): Promise<void> {
    for (let wait = RETRY_MS.first; ; wait = Math.min(wait * 2, RETRY_MS.largest)) {
      closing.signal.throwIfAborted()
      try {
        await backend.prepare()
        if (problem !== null && wait > RETRY_MS.first) logger.info({ store: backend.name }, 'queue is back')
        problem = null
        return
      } catch (error) {
        if (wait === RETRY_MS.first) {
          logger.warn({ err: error, store: backend.name }, 'queue does not answer, waiting; the sweeper goes on')
        }
        problem = `the queue (${backend.name}) does not answer`
        await delay(wait, undefined, { signal: closing.signal })
      }
    }
  }

  const coalesced = coalesce(COALESCE_MS, async (key) => {
    const [stage, connectionId] = split(key)
    // Wakes from before the store answers wait for it, one per stage and connection.
    await ready
    try {
      await inTime(
        queueOf(stage).add(
          'wake',
          { stage, connectionId },
          {
            deduplication: { id: connectionId, ttl: KEY_LIFE_MS },
          },
        ),
      )
      problem = null
    } catch (error) {
      // Perhaps added, perhaps not. Either is fine.
      if (closing.signal.aborted) return
      logger.warn({ err: error, stage, connectionId }, 'wake was lost; the sweeper makes up for it')
      problem = `the queue (${backend.name}) refuses wakes`
      rebuildQueue(stage)
    }
  })

  function queueOf(stage: Stage): WakeQueue {
    const known = queues.get(stage)
    if (known) return known
    const queue = backend.queue(stage)
    queue.on('error', onError)
    queues.set(stage, queue)
    return queue
  }

  /** A Queue whose first contact failed keeps failing for ever, even when its store is back. */
  function rebuildQueue(stage: Stage): void {
    const broken = queues.get(stage)
    queues.delete(stage)
    broken?.close().catch(() => undefined)
  }

  const watchdog = setInterval(() => {
    for (const consumer of consumers) void consumer.check((stage) => inTime(queueOf(stage).getWaitingCount()))
  }, WATCH_EVERY_MS)
  watchdog.unref()

  return {
    wake: (stage, connectionId) => coalesced.request(`${stage} ${connectionId}`),
    sweep(stage, connectionId) {
      coalesced.request(`${stage} ${connectionId}`)
      if (problem === null || closing.signal.aborted) return
      void consumers.find((consumer) => consumer.stage === stage)?.runHere(connectionId)
    },
    consume(stage, handler, { concurrency }) {
      const consumer = consumeStage({ stage, handler, concurrency, backend, logger, connect, closing: closing.signal })
      consumers.push(consumer)
      ready.then(() => consumer.start()).catch(() => undefined)
    },
    ready: () => ready,
    problem: () => problem,
    async close(capMs) {
      if (closing.signal.aborted) return
      closing.abort()
      coalesced.stop()
      clearInterval(watchdog)
      // Calls to a queue that is closing may never settle, so nothing here is waited for without a limit.
      await within(capMs, Promise.allSettled(consumers.map((consumer) => consumer.close())))
      await within(1_000, Promise.allSettled([...queues.values()].map((queue) => queue.close())))
      await within(
        1_000,
        backend.close().catch(() => undefined),
      )
    },
  }
}

function openBackend(
  { databaseUrl, redisUrl }: Pick<QueuesOptions, 'databaseUrl' | 'redisUrl'>,
  onError: (error: Error) => void,
): QueueBackend {
  if (redisUrl) return redisBackend(redisUrl, onError)
  if (databaseUrl) return postgresBackend(databaseUrl, onError)
  throw new Error('The queue needs a database or a Redis to keep its jobs in')
}

function split(key: string): [Stage, string] {
  const space = key.indexOf(' ')
  return [key.slice(0, space) as Stage, key.slice(space + 1)]
}

async function inTime<T>(call: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const late = delay(CALL_TIMEOUT_MS, undefined, { signal: timeout.signal, ref: false }).then(() => {
    throw new Error(`no answer from the queue within ${CALL_TIMEOUT_MS / 1000} s`)
  })
  // Cancelled below, which rejects it.
  late.catch(() => undefined)
  return Promise.race([call, late]).finally(() => timeout.abort())
}

async function within(capMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([work, delay(capMs, undefined, { signal: timeout.signal }).catch(() => undefined)])
  timeout.abort()
}
