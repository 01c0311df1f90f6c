import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

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

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Alive, and really a Postgres: after a reboot, and in containers at every start, a pid from a file may by now be an
 * unrelated process.
 */
export async function isLivePostmaster(pid: number): Promise<boolean> {
  if (!isProcessAlive(pid)) return false
  if (process.platform === 'win32') return true
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(async () => {
    const { stdout } = await run('ps', ['-o', 'comm=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
    return stdout
  })
  return name.includes('postgres')
}
