import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isProcessAlive } from './postmaster.ts'

export type PidLock = { release(): Promise<void> }

/**
 * One holder per file on this machine. The file names its holder's process, so the lock of a killed one is taken over.
 * Null: somebody alive holds it and did not let go within `waitMs`.
 */
export async function takePidLock(file: string, waitMs: number): Promise<PidLock | null> {
  const until = Date.now() + waitMs
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx', mode: 0o600 })
      return { release: () => rm(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await pidLockHolder(file)
    if (holder === null) await removeStale(file)
    else if (Date.now() >= until) return null
    else await delay(20)
  }
}

/** The living process that holds the lock. */
export async function pidLockHolder(file: string): Promise<number | null> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  return Number.isInteger(pid) && pid > 0 && isProcessAlive(pid) ? pid : null
}

/**
 * Renamed before it is removed: of two who saw the same dead holder one wins, and the loser cannot remove the file that
 * the winner makes next.
 */
async function removeStale(file: string): Promise<void> {
  const aside = `${file}.stale.${process.pid}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  const holder = await pidLockHolder(aside)
  // A new holder came between our look and the rename: give the file back, unless yet another one is there already.
  if (holder !== null) await writeFile(file, String(holder), { flag: 'wx', mode: 0o600 }).catch(() => undefined)
  await rm(aside, { force: true })
}
