import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What runs under a process id. Null: not known on this system. */
export type RunningProcess = {
  /** When it started, as this system says it. Never the same for two processes that had one id after each other. */
  readonly started: string | null
  /** The name of its program, `node`. */
  readonly program: string | null
}

/** One that has ended and waits for its parent to ask, a zombie, is not alive. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process is alive all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  try {
    return process.platform !== 'linux' || !isOver(statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'))[0]!)
  } catch {
    // Hidden from us by the system (hidepid), or it ended just now and the next look says so.
    return true
  }
}

/** Null: nothing runs under this id, or only a zombie. */
export async function processNow(pid: number): Promise<RunningProcess | null> {
  if (!isProcessAlive(pid)) return null
  if (process.platform === 'win32') return { started: null, program: null }
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

async function fromProc(pid: number): Promise<RunningProcess> {
  const [stat, command, boot] = await Promise.all(
    [`/proc/${pid}/stat`, `/proc/${pid}/cmdline`, '/proc/sys/kernel/random/boot_id'].map((file) =>
      readFile(file, 'utf8').catch(() => null),
    ),
  )
  // Ticks since the boot, so a clock that is set changes nothing.
  const ticks = stat == null ? undefined : statFields(stat)[START_TICKS]
  return {
    started: ticks === undefined ? null : `${boot?.trim() ?? ''}/${ticks}`,
    program: command == null ? null : basename(command.split('\0')[0]!),
  }
}

/** From field 3 on, the state: before it stands the name in brackets, which may hold anything. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Field 22 of `proc_pid_stat(5)`. */
const START_TICKS = 19

async function fromPs(pid: number): Promise<RunningProcess | null> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-o', 'lstart=', '-o', 'comm=', '-p', String(pid)], {
    env: { ...process.env, LC_ALL: 'C' },
  }).catch(() => ({ stdout: '' }))
  const [, state, started, program] = /^\s*(\S+)\s+(\w+ +\w+ +\d+ +[\d:]+ +\d+)\s+(.+)$/.exec(stdout.trimEnd()) ?? []
  if (state === undefined || started === undefined || program === undefined) return { started: null, program: null }
  return isOver(state) ? null : { started, program: basename(program) }
}

function isOver(state: string): boolean {
  return state.startsWith('Z') || state.startsWith('X')
}
