import { fstatSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Database } from '../../src/store/database/database.ts'
import type { WorkerContext } from './context.ts'

/** Promise 16: a stop takes at most ten seconds; half of that for work under way, the rest for connections. */
const DRAIN_MS = 5_000

/** Stops the process on a signal, after an error, or with its supervisor: first new work, then running work, then Postgres. */
export function stopWithGrace(
  { db, queues, logger }: Pick<WorkerContext, 'db' | 'queues' | 'logger'>,
  parts: {
    readonly stopping: AbortController
    readonly sweeper: { close(): Promise<void> }
    readonly background: readonly Promise<void>[]
  },
): void {
  closeWithGrace({ delay: 9_000, logger: false }, async ({ err }) => {
    if (err) logger.error({ err }, 'worker stops after an error')
    parts.stopping.abort()
    await parts.sweeper.close()
    await queues.close(DRAIN_MS)
    await Promise.race([Promise.all(parts.background), wait(2_000)])
    await closeDatabase(db)
  })
  stopWithParent()
}

async function closeDatabase(db: Database): Promise<void> {
  await Promise.race([db.destroy(), wait(2_000)])
}

/**
 * A supervisor that was killed cannot send a signal, but its end of our standard input closes. Elsewhere, in a container
 * for example, the input is no pipe and its end means nothing.
 */
function stopWithParent(): void {
  const input = fstatSync(0, { throwIfNoEntry: false })
  if (!input?.isFIFO() && !input?.isSocket()) return
  process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => undefined)
  process.stdin.resume()
}
