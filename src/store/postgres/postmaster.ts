import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { processNow } from './running-process.ts'

export type Postmaster = { readonly pid: number; readonly port: number }

/** What the server says of itself in `postmaster.pid`: line 1 the process, line 4 the port. Null: not running. */
export async function readPostmaster(dataDirectory: string): Promise<Postmaster | null> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => null)
  if (text === null) return null
  const lines = text.split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  // A negative pid marks a standalone backend. The port line is missing for a moment while the server starts.
  return Number.isInteger(pid) && pid > 0 ? { pid, port: Number.isInteger(port) ? port : 0 } : null
}

/**
 * Alive, and really a Postgres that serves this directory: after a reboot, and in containers at every start, a pid from a
 * file may by now be an unrelated process, also another Postgres.
 */
export async function isLivePostmaster(pid: number, dataDirectory: string): Promise<boolean> {
  const now = await processNow(pid)
  if (now === null) return false
  if (now.program !== null && !now.program.includes('postgres')) return false
  // A server works in its data directory. Where we may not see that, it counts as ours: two on one directory is worse.
  const [place, ours] = await Promise.all(
    [`/proc/${pid}/cwd`, dataDirectory].map((path) => stat(path).catch(() => null)),
  )
  return place == null || ours == null || (place.ino === ours.ino && place.dev === ours.dev)
}
