import type { BaseLogger } from 'pino'
import { nowMs } from '../clock/clock.ts'
import type { Wake } from './stages.ts'

export type SweeperOptions = {
  /** Stages and connections with rows past their time. Bounded by stages times connections, not by rows. */
  readonly findOverdue: () => Promise<readonly Wake[]>
  readonly wake: (stage: Wake['stage'], connectionId: string) => void
  readonly logger: Pick<BaseLogger, 'info' | 'warn'>
  readonly everyMs?: number
}

export type Sweeper = {
  /** When the last sweep succeeded, epoch milliseconds; null before the first. Readiness asks for less than 30 s ago. */
  lastSweptAtMs(): number | null
  close(): Promise<void>
}

const EVERY_MS = 5_000

/**
 * What makes lost wakes harmless: looks for rows past their time and wakes their stages. Every process may run one; a
 * random share of the interval keeps them apart.
 */
export function startSweeper({ findOverdue, wake, logger, everyMs = EVERY_MS }: SweeperOptions): Sweeper {
  let lastSweptAtMs: number | null = null
  let failing = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
    try {
      for (const { stage, connectionId } of await findOverdue()) wake(stage, connectionId)
      lastSweptAtMs = nowMs()
      if (failing) logger.info('sweeper is back')
      failing = false
    } catch (error) {
      // Said once, not every five seconds for as long as the database is away.
      if (!failing) logger.warn({ err: error }, 'sweeper cannot look for overdue rows')
      failing = true
    }
  }

  function schedule(afterMs: number): void {
    if (closed) return
    timer = setTimeout(() => {
      current = sweep().finally(() => schedule(everyMs * (0.8 + Math.random() * 0.4)))
    }, afterMs)
    timer.unref()
  }
  // The first one soon: after a crash the rows are overdue already.
  schedule(Math.random() * Math.min(everyMs, 500))

  return {
    lastSweptAtMs: () => lastSweptAtMs,
    async close() {
      closed = true
      clearTimeout(timer)
      await current
    },
  }
}
