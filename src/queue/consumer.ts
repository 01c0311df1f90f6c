import { setTimeout as delay } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import type { QueueBackend, WakeJob, WakeWorker } from './backend.ts'
import type { Stage } from './stages.ts'

/** Does what there is to do for one connection, in bounded batches, and stops soon when `signal` aborts. */
export type StageHandler = (connectionId: string, signal: AbortSignal) => Promise<void>

export type StageConsumer = {
  readonly stage: Stage
  start(): void
  /** The same run without a job: what a wake would have led to while the store of the queue is away. */
  runHere(connectionId: string): Promise<void>
  /** Rebuilds a worker that does not take jobs which are waiting. */
  check(waitingCount: (stage: Stage) => Promise<number>): Promise<void>
  /** Resolves when no handler runs. */
  idle(): Promise<void>
  /** Takes no more jobs, and leaves what still runs behind. */
  close(): Promise<void>
}

/** Long for any batch, short for a first import, which goes on where it was at the next wake. */
const RUN_MAX_MS = 300_000
const GRACE_MS = 30_000

/** While Postgres starts up, a worker may report some 36,000 errors a second and starve every timer (BullMQ 6.7.0). */
const ERRORS_PER_SECOND_MAX = 20

type ConsumerOptions = {
  readonly stage: Stage
  readonly handler: StageHandler
  readonly concurrency: number
  readonly backend: QueueBackend
  readonly logger: Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>
  /** Resolves when the store answers. */
  readonly connect: () => Promise<void>
  readonly closing: AbortSignal
}

export function consumeStage(options: ConsumerOptions): StageConsumer {
  const consumer: Consumer = {
    ...options,
    worker: null,
    rebuilding: false,
    startedSinceCheck: 0,
    idleChecks: 0,
    errors: { second: 0, count: 0 },
    running: new Map(),
    runs: new Set(),
  }
  return {
    stage: options.stage,
    runHere: (connectionId) => runOnceMore(consumer, connectionId),
    start() {
      if (!consumer.worker && !consumer.rebuilding && !consumer.closing.aborted) build(consumer)
    },
    check: (waitingCount) => check(consumer, waitingCount),
    async idle() {
      await Promise.all(consumer.runs)
    },
    async close() {
      // Forced, because the library otherwise waits for its own loop, which may never end, and keeps renewing locks.
      await consumer.worker?.close(true)
    },
  }
}

type Consumer = ConsumerOptions & {
  worker: WakeWorker | null
  rebuilding: boolean
  startedSinceCheck: number
  idleChecks: number
  errors: { readonly second: number; readonly count: number }
  /** Connections that the stage runs for; `again`: once more when it ends. */
  readonly running: Map<string, { again: boolean }>
  /** The same runs, until they end. None rejects. */
  readonly runs: Set<Promise<void>>
}

function build(consumer: Consumer): void {
  const { stage, backend, concurrency, logger } = consumer
  const built = backend.worker(stage, (job) => takeJob(consumer, job), concurrency)
  built.on('error', (error) => {
    logger.debug({ err: error, stage }, 'queue worker')
    const { errors } = consumer
    const second = Math.floor(performance.now() / 1000)
    consumer.errors = { second, count: errors.second === second ? errors.count + 1 : 1 }
    if (consumer.errors.count > ERRORS_PER_SECOND_MAX) rebuild(consumer, 'it reports errors without pause')
  })
  consumer.worker = built
}

/**
 * From here on a wake leads to another job, because this one has not read any row yet. The same connection waits for its
 * turn in this process; another process may take it, which rows and leases allow for. Were the key kept until the end, a
 * worker that is killed would keep its connection from being woken for a minute.
 */
async function takeJob(consumer: Consumer, job: WakeJob): Promise<void> {
  const { logger, stage } = consumer
  consumer.startedSinceCheck++
  await job.removeDeduplicationKey().catch((error) => logger.debug({ err: error, stage }, 'wake key stays'))
  await runOnceMore(consumer, job.data.connectionId)
}

async function runOnceMore(consumer: Consumer, connectionId: string): Promise<void> {
  const busy = consumer.running.get(connectionId)
  if (busy) {
    busy.again = true
    return
  }
  const run = runUntilQuiet(consumer, connectionId)
  consumer.runs.add(run)
  await run
  consumer.runs.delete(run)
}

async function runUntilQuiet(consumer: Consumer, connectionId: string): Promise<void> {
  const { running, closing, logger, stage } = consumer
  const state = { again: false }
  running.set(connectionId, state)
  try {
    do {
      state.again = false
      await runBounded(consumer, connectionId)
    } while (state.again && !closing.aborted)
  } catch (error) {
    // The rows are as they were, so the sweeper finds them again.
    if (!closing.aborted) logger.error({ err: error, stage, connectionId }, 'stage failed')
  } finally {
    running.delete(connectionId)
  }
}

/**
 * One run. After its time its signal aborts, which ends bounded work between two batches. A run that continues even then
 * is left behind, or its connection would stand still until the process ends. Rows and leases allow for a second run.
 */
async function runBounded({ handler, closing, logger, stage }: Consumer, connectionId: string): Promise<void> {
  const overdue = AbortSignal.timeout(RUN_MAX_MS)
  const giveUp = new AbortController()
  const stuck = delay(RUN_MAX_MS + GRACE_MS, undefined, { signal: giveUp.signal, ref: false }).then(
    () => logger.error({ stage, connectionId }, 'a run of this stage does not end, it is left behind'),
    () => undefined,
  )
  try {
    await Promise.race([handler(connectionId, AbortSignal.any([closing, overdue])), stuck])
  } finally {
    giveUp.abort()
  }
}

async function check(consumer: Consumer, waitingCount: (stage: Stage) => Promise<number>): Promise<void> {
  if (!consumer.worker || consumer.rebuilding || consumer.closing.aborted) return
  const started = consumer.startedSinceCheck
  consumer.startedSinceCheck = 0
  if (started > 0 || consumer.running.size > 0) {
    consumer.idleChecks = 0
    return
  }
  const waiting = await waitingCount(consumer.stage).catch(() => 0)
  // Twice in a row, so that a job added in this very moment is not taken for a stuck one.
  consumer.idleChecks = waiting > 0 ? consumer.idleChecks + 1 : 0
  if (consumer.idleChecks < 2) return
  consumer.idleChecks = 0
  rebuild(consumer, 'jobs wait and it takes none')
}

function rebuild(consumer: Consumer, why: string): void {
  const { stage, closing, logger, connect } = consumer
  if (consumer.rebuilding || closing.aborted) return
  consumer.rebuilding = true
  logger.warn({ stage, why }, 'queue worker is rebuilt')
  const broken = consumer.worker
  consumer.worker = null
  // Forced: it does not wait for handlers, which continue. Not awaited, because it may never settle.
  broken?.close(true).catch(() => undefined)
  connect()
    .then(() => {
      if (!closing.aborted) build(consumer)
    })
    .catch(() => undefined)
    .finally(() => {
      consumer.rebuilding = false
    })
}
