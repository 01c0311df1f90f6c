import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../config/settings/settings.ts'
import { pidLockHolder, takePidLock } from '../../store/postgres/pid-lock.ts'
import { noteInstance, readInstanceNote, sandboxWanted } from './running-instance.ts'

export async function temporaryDirectory(undo: (() => Promise<unknown>)[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-'))
  undo.push(() => rm(directory, { recursive: true, force: true }))
  // Others may pass through, as Postgres has to when we are root, and may not look.
  await chmod(directory, 0o711)
  return directory
}

export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // Closed to others, except that as root another account has to pass through to its database.
    await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    const probe = join(dataDir, `.probe-${process.pid}`)
    await writeFile(probe, 'x')
    await rm(probe)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOSPC' ? 'the disk is full: free some space' : `it cannot be written to (${code})`
    throw new Error(`Cannot keep data in ${dataDir}: ${why}, or set DATA_DIR to another directory`, { cause: error })
  }
}

/** True when the one before us was killed: its children may need a moment to go. */
export async function lockDataDir(settings: Settings, undo: (() => Promise<unknown>)[]): Promise<boolean> {
  const file = join(settings.dataDir, 'lanekeeper.pid')
  const wasHeld = existsSync(file)
  const lock = await takePidLock(file, 0)
  if (!lock) {
    const where = (await readInstanceNote(settings.dataDir))?.publicUrl
    throw new Error(
      `Lanekeeper is already running${where ? ` at ${where}` : ''} (process ${await pidLockHolder(file)}) with the data ` +
        `in ${settings.dataDir}. Stop it first, or start this one with another DATA_DIR and PORT`,
    )
  }
  undo.push(() => lock.release())
  // What it will be is known once the database answers; until then nobody finds the address of the start before.
  await noteInstance(settings, sandboxWanted(settings) === 'on')
  return wasHeld
}
