import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { processNow } from './running-process.ts'

export type PidLock = { release(): Promise<void> }

/**
 * One holder per file on this machine. The file names its holder's process, so the lock of a killed one is taken over, also
 * when another program has its id by now.
 * Null: somebody alive holds it and did not let go within `waitMs`.
 */
export async function takePidLock(file: string, waitMs: number): Promise<PidLock | null> {
  const until = performance.now() + waitMs
  for (;;) {
    try {
      await makeLock(file)
      await noteHolder(file)
      return { release: () => release(file) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const named = await readFile(file, 'utf8').catch(() => '')
    if ((await holderOf(file, named)) === null) await removeStale(file, named)
    else if (performance.now() >= until) return null
    else await delay(20)
  }
}

/** With its content from the first moment on: an empty lock is nobody's, and the next process would take it over. */
async function makeLock(file: string): Promise<void> {
  const made = `${file}.new.${process.pid}.${++nth}`
  await writeFile(made, String(process.pid), { mode: 0o600 })
  try {
    await link(made, file)
    held.add(resolve(file))
  } finally {
    await rm(made, { force: true })
  }
}

let nth = 0

/** The living process that holds the lock. */
export async function pidLockHolder(file: string): Promise<number | null> {
  return holderOf(file, await readFile(file, 'utf8').catch(() => ''))
}

/** Of this process: in a container, the one that was killed may have had our id. */
const held = new Set<string>()

async function holderOf(file: string, named: string): Promise<number | null> {
  const pid = Number(named)
  if (!Number.isInteger(pid) || pid <= 0) return null
  if (pid === process.pid) return held.has(resolve(file)) ? pid : null
  const now = await processNow(pid)
  if (now === null) return null
  const noted = await readNote(file)
  if (noted?.pid === pid && now.started !== null) return noted.started === now.started ? pid : null
  // Taken by an earlier version, or a moment ago. A program that is not ours cannot hold it.
  return now.program === null || isOurProgram(now.program) ? pid : null
}

/** When the holder started, in a file beside the lock: the lock itself holds the id alone, as every version reads it. */
const noteFile = (file: string) => `${file}.started`

async function noteHolder(file: string): Promise<void> {
  const started = (await processNow(process.pid))?.started ?? null
  if (started === null) return
  // Without the note the program is compared, so it is no reason to fail.
  await writeFile(noteFile(file), JSON.stringify({ pid: process.pid, started }), { mode: 0o600 }).catch(() => undefined)
}

async function readNote(file: string): Promise<{ readonly pid?: unknown; readonly started?: unknown } | null> {
  try {
    return JSON.parse(await readFile(noteFile(file), 'utf8')) as { pid?: unknown; started?: unknown } | null
  } catch {
    return null
  }
}

/** The note goes first: one that is left over must never stand beside the lock of the next holder. */
async function release(file: string): Promise<void> {
  held.delete(resolve(file))
  await rm(noteFile(file), { force: true })
  await rm(file, { force: true })
}

function isOurProgram(program: string): boolean {
  return program === basename(process.execPath) || /^node(js)?(\.exe)?$/.test(program)
}

/**
 * Renamed before it is removed: of two who saw the same dead holder one wins, and the loser cannot remove the file that
 * the winner makes next.
 */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.stale.${process.pid}`
  await rm(noteFile(file), { force: true })
  try {
    await rename(file, aside)
  } catch {
    return
  }
  const named = await readFile(aside, 'utf8').catch(() => '')
  const isOurs = held.has(resolve(file))
  // A new holder came between our look and the rename: give the file back, unless yet another one is there already.
  const holder = isOurs ? process.pid : named === stale ? null : await holderOf(aside, named)
  if (holder !== null) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}
