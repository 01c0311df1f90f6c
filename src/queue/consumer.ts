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
  close(): Promise<void>
}

/** Long for any batch, short for a first import, which goes on where it was at the next wake. */
const RUN_MAX_MS = 300_000
const GRACE_MS = 30_000

/** While Postgres starts up, a worker may report some 36,000 errors a second and starve every timer (BullMQ 6.7.0). */
const ERRORS_PER_SECOND_MAX = 20

export function consumeStage(options: {
  readonly stage: Stage
  readonly handler: StageHandler
  readonly concurrency: number
  readonly backend: QueueBackend
  readonly logger: Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>
  /** Resolves when the store answers. */
  readonly connect: () => Promise<void>
  readonly closing: AbortSignal
}): StageConsumer {
  const { stage, handler, concurrency, backend, logger, connect, closing } = options
  let worker: WakeWorker | null = null
  let rebuilding = false
  let startedSinceCheck = 0
  let idleChecks = 0
  let errors = { second: 0, count: 0 }
  const running = new Map<string, { again: boolean }>()

  function build(): void {
    const built = backend.worker(stage, process, concurrency)
    built.on('error', (error) => {
      logger.debug({ err: error, stage }, 'queue worker')
      const second = Math.floor(performance.now() / 1000)
      errors = errors.second === second ? { second, count: errors.count + 1 } : { second, count: 1 }
      if (errors.count > ERRORS_PER_SECOND_MAX) rebuild('it reports errors without pause')
    })
    worker = built
  }

  /**
   * From here on a wake leads to another job, because this one has not looked at any row yet. The same connection waits
   * for its turn in this process; another process may take it, which rows and leases allow for. Were the key kept until
   * the end, a worker that is killed would keep its connection from being woken for a minute.
   */
  async function process(job: WakeJob): Promise<void> {
    startedSinceCheck++
    await job.removeDeduplicationKey().catch((error) => logger.debug({ err: error, stage }, 'wake key stays'))
    await runOnceMore(job.data.connectionId)
  }

  async function runOnceMore(connectionId: string): Promise<void> {
    const busy = running.get(connectionId)
    if (busy) {
      busy.again = true
      return
    }
    const state = { again: false }
    running.set(connectionId, state)
    try {
      do {
        state.again = false
        await runBounded(connectionId)
      } while (state.again && !closing.aborted)
    } catch (error) {
      // The rows are as they were, so the sweeper finds them again.
      if (!closing.aborted) logger.error({ err: error, stage, connectionId }, 'stage failed')
    } finally {
      running.delete(connectionId)
    }
  }

  /**
   * One run. Past its time its signal aborts, which ends bounded work between two batches; what does not even then end is
   * no longer waited for, or its connection would stand still until the process dies. Rows and leases allow for a second.
   */
  async function runBounded(connectionId: string): Promise<void> {
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

  function rebuild(why: string): void {
    if (rebuilding || closing.aborted) return
    rebuilding = true
    logger.warn({ stage, why }, 'queue worker is rebuilt')
    const broken = worker
    worker = null
    // Forced: it does not wait for handlers, which go on. Not awaited, because it may never settle.
    broken?.close(true).catch(() => undefined)
    connect()
      .then(() => {
        if (!closing.aborted) build()
      })
      .catch(() => undefined)
      .finally(() => {
        rebuilding = false
      })
  }

  return {
    stage,
    runHere: runOnceMore,
    start() {
      if (!worker && !rebuilding && !closing.aborted) build()
    },
    async check(waitingCount) {
      if (!worker || rebuilding || closing.aborted) return
      const started = startedSinceCheck
      startedSinceCheck = 0
      if (started > 0 || running.size > 0) {
        idleChecks = 0
        return
      }
      const waiting = await waitingCount(stage).catch(() => 0)
      // Twice in a row, so that a job added in this very moment is not taken for a stuck one.
      idleChecks = waiting > 0 ? idleChecks + 1 : 0
      if (idleChecks < 2) return
      idleChecks = 0
      rebuild('jobs wait and it takes none')
    },
    async close() {
      await worker?.close()
    },
  }
}
