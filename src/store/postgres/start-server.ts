import { spawn } from 'node:child_process'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Place } from './initialise.ts'
import { isLivePostmaster, type Postmaster, readPostmaster } from './postmaster.ts'
import { serverEnvironment } from './server-environment.ts'

const START_ATTEMPTS_MAX = 3
// Recovery after a crash replays at most max_wal_size of log, a gigabyte.
const READY_WITHIN_MS = 60_000

export type UrlAt = (port: number, database: string) => string

/** After `kill -9` of the parent the server runs on. It is ours: take it over instead of failing on its lock. */
export async function attach(dataDirectory: string, urlAt: UrlAt): Promise<Postmaster | null> {
  const until = performance.now() + READY_WITHIN_MS
  for (;;) {
    const postmaster = await readPostmaster(dataDirectory)
    if (!postmaster) return null
    if (!(await isLivePostmaster(postmaster.pid, dataDirectory))) {
      // The server removes such a file itself, unless another process got the same pid since: then it would refuse.
      await rm(join(dataDirectory, 'postmaster.pid'), { force: true })
      return null
    }
    if (await answers(urlAt(postmaster.port, 'postgres'), dataDirectory)) return postmaster
    if (performance.now() > until) {
      throw new Error(
        `A Postgres (process ${postmaster.pid}) holds the database in ${dataDirectory} but does not answer. ` +
          `Stop it (kill ${postmaster.pid}) and start again`,
      )
    }
    await delay(50)
  }
}

type StartPlace = Place & { readonly urlAt: UrlAt; readonly settings?: readonly string[] | undefined }

export async function start(place: StartPlace): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const failure = await tryStart(place, port)
    if (typeof failure !== 'string') return failure
    // Between our look and its bind the port can go to somebody else; after a kill -9 of the postmaster its children
    // need a moment to let go of the shared memory.
    const passing = /could not bind|address already in use|pre-existing shared memory/i.test(failure)
    if (!passing || attempt === START_ATTEMPTS_MAX) throw new Error(startFailure(failure, place.dataDirectory))
    await delay(500)
  }
}

function startFailure(log: string, dataDirectory: string): string {
  if (/no space left/i.test(log)) {
    return `Cannot start the database: the disk that holds ${dataDirectory} is full. Free some space and start again`
  }
  const fatal = log
    .split('\n')
    .filter((line) => /FATAL|PANIC|error/i.test(line))
    .at(-1)
  return `Cannot start the database in ${dataDirectory}: ${fatal ?? (log.trim() || 'it ended without a word')}`
}

async function tryStart(place: StartPlace, port: number) {
  const logFile = join(place.directory, 'postgres.log')
  const log = await open(logFile, (await isLarge(logFile)) ? 'w' : 'a', 0o600)
  const logStart = (await log.stat()).size
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    // Service, workers and console keep small pools; tests open one per file.
    'max_connections=200',
    // Compiling plans costs more than our short queries take.
    'jit=off',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(place.settings ?? []),
  ]
  const identity = place.user ? { uid: place.user.uid, gid: place.user.gid } : {}
  const child = spawn(
    place.binaries.postgres,
    ['-D', place.dataDirectory, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...identity,
      env: serverEnvironment(),
      cwd: '/',
      // Its own process group: Ctrl-C in the terminal must not take the database away before the others have stopped.
      detached: true,
      // A file rather than a pipe, because the server may outlive us.
      stdio: ['ignore', log.fd, log.fd],
    },
  )
  let ended: string | null = null
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended ??= `ended with ${signal ?? `code ${code}`}`
  })
  child.unref()
  await log.close()
  const until = performance.now() + READY_WITHIN_MS
  for (;;) {
    if (ended !== null) return (await readFile(logFile)).subarray(logStart).toString('utf8') || ended
    if (child.pid && (await answers(place.urlAt(port, 'postgres'), place.dataDirectory)))
      return { pid: child.pid, port }
    if (performance.now() > until) return `it was not ready within ${READY_WITHIN_MS / 1000} s`
    await delay(15)
  }
}

async function isLarge(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 10_000_000,
    () => false,
  )
}

/** Whether the server at this address is ready, lets us in, and serves this very directory. */
async function answers(url: string, dataDirectory: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return rows[0]?.data_directory === dataDirectory
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
