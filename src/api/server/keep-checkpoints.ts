import type { Logger } from 'pino'
import { nowMs as clockNowMs } from '../../clock/clock.ts'
import type { Settings } from '../../config/settings/settings.ts'
import { databaseCode } from '../../store/database/connection-errors.ts'
import type { Database } from '../../store/database/database.ts'
import { checkpointFile, writeCheckpoints } from '../../store/ledger/ledger-checkpoints.ts'

const LOOK_EVERY_MS = 10_000

/**
 * Writes the checkpoints of the ledger into DATA_DIR for as long as the service runs, however it was started: by
 * `npm start`, in a container, or by itself.
 */
export function keepCheckpoints(
  db: Database,
  { dataDir, sandbox }: Pick<Settings, 'dataDir' | 'sandbox'>,
  logger: Pick<Logger, 'warn'>,
  { everyMs = LOOK_EVERY_MS, nowMs = clockNowMs }: { readonly everyMs?: number; readonly nowMs?: () => number } = {},
): { readonly stop: () => Promise<void> } {
  const file = checkpointFile(dataDir, { sandbox: sandbox === 'on' })
  let last: Promise<unknown> = Promise.resolve()
  let isFailing = false
  const turn = () =>
    writeCheckpoints(db, file, nowMs()).then(
      () => {
        isFailing = false
      },
      (error: unknown) => {
        // A database that is away says so elsewhere; the next turn writes what this one could not.
        if (isFailing || databaseCode(error) !== null) return
        isFailing = true
        logger.warn({ err: error, file }, 'checkpoints of the ledger cannot be written')
      },
    )
  const timer = setInterval(() => {
    last = last.then(turn)
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await last
    },
  }
}
