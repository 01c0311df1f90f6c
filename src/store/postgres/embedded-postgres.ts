import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { isLivePostmaster, isProcessAlive, type Postmaster, readPostmaster } from './postmaster.ts'
import {
  findUnprivilegedUser,
  isReachableByOthers,
  isRoot,
  ownerOf,
  type UnprivilegedUser,
} from './unprivileged-user.ts'

export type EmbeddedPostgresOptions = {
  /** Where Lanekeeper keeps its data; the database goes to `postgres` in it where its account can reach that. */
  readonly dataDir: string
  readonly onProgress?: (step: string) => void
  /** More `name=value` settings of the server. */
  readonly settings?: readonly string[]
}

export type RunningPostgres = {
  /** Superuser connection to the `lanekeeper` database. */
  readonly url: string
  readonly pid: number
  /** True when a server was found running, left over from a parent that was killed. */
  readonly attached: boolean
  /** Everything the server keeps is below this directory. */
  readonly directory: string
  stop(): Promise<void>
}

const DATABASE = 'lanekeeper'
const START_ATTEMPTS_MAX = 3
// Recovery after a crash replays at most max_wal_size of log, a gigabyte.
const READY_WITHIN_MS = 60_000
const FAST_STOP_WITHIN_MS = 8_000

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const onProgress = options.onProgress ?? (() => undefined)
  const directory = await placeFor(options.dataDir)
  const dataDirectory = join(directory, 'data')
  const binaries = await findPostgresBinaries(onProgress)
  const isNew = !(await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch(() => null))
  const user = isRoot() ? await (isNew ? findUnprivilegedUser() : ownerOf(dataDirectory)) : null
  const password = await ownPassword(directory)
  if (isNew) {
    onProgress('Creating the database')
    await initialise({ binaries, directory, dataDirectory, user, password })
  }
  await refuseOtherMajor(dataDirectory, binaries)

  const urlAt = (port: number, database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
  const left = await attach(dataDirectory, urlAt)
  const postmaster =
    left ?? (await start({ binaries, directory, dataDirectory, user, urlAt, settings: options.settings }))
  await ensureDatabase(urlAt(postmaster.port, 'postgres'))
  return {
    url: urlAt(postmaster.port, DATABASE),
    pid: postmaster.pid,
    attached: left !== null,
    directory,
    stop: () => stop(postmaster.pid),
  }
}

/**
 * As root the server runs under another account, which has to pass through every directory above its data. A data
 * directory below a private home gets its database elsewhere, under a name made from its path.
 */
async function placeFor(dataDir: string): Promise<string> {
  const inside = resolve(dataDir, 'postgres')
  if (!isRoot()) {
    await mkdir(inside, { recursive: true, mode: 0o700 })
    return inside
  }
  if (await isReachableByOthers(inside)) {
    await mkdir(inside, { recursive: true, mode: 0o711 })
    // mkdir applies the umask
    await chmod(inside, 0o711)
    if (await isReachableByOthers(inside)) return inside
  }
  await mkdir(resolve(dataDir), { recursive: true })
  const outside = `/var/lib/lanekeeper/postgres-${createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 12)}`
  await mkdir(outside, { recursive: true })
  await chmod('/var/lib/lanekeeper', 0o711)
  await chmod(outside, 0o711)
  await writeFile(join(resolve(dataDir), 'postgres-is-at.txt'), `${outside}\n`)
  return outside
}

async function ownPassword(directory: string): Promise<string> {
  const file = join(directory, 'password')
  const known = await readFile(file, 'utf8').catch(() => null)
  if (known) return known.trim()
  const password = randomBytes(24).toString('base64url')
  // Whole or not at all: the password of a database that exists must never be lost to a half-written file.
  const growing = `${file}.${process.pid}`
  await writeFile(growing, `${password}\n`, { mode: 0o600, flush: true })
  await rename(growing, file)
  return password
}

type Place = {
  readonly binaries: PostgresBinaries
  readonly directory: string
  readonly dataDirectory: string
  readonly user: UnprivilegedUser | null
}

/** Into a directory beside the final one, renamed when whole: a kill in the middle leaves nothing half made. */
async function initialise({ binaries, directory, dataDirectory, user, password }: Place & { password: string }) {
  const growing = join(directory, 'data.new')
  await rm(growing, { recursive: true, force: true })
  await mkdir(growing, { mode: 0o700 })
  const forPassword = await mkdtemp(join(tmpdir(), 'lanekeeper-'))
  const passwordFile = join(forPassword, 'password')
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    if (user) for (const path of [growing, forPassword, passwordFile]) await chown(path, user.uid, user.gid)
    await runInitdb(binaries.initdb, user, [
      `--pgdata=${growing}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order and case of letters on every machine, whatever locales it has.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ])
    await rename(growing, dataDirectory)
  } finally {
    await rm(forPassword, { recursive: true, force: true })
  }
}

function runInitdb(initdb: string, user: UnprivilegedUser | null, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const identity = user ? { uid: user.uid, gid: user.gid } : {}
    execFile(initdb, args, { ...identity, env: environment(), cwd: '/' }, (error, _stdout, stderr) => {
      if (!error) return resolve()
      const why = /no space left/i.test(stderr)
        ? 'the disk is full. Free about 100 MB, or set DATA_DIR to a directory on another disk'
        : (stderr.trim().split('\n').at(-1) ?? error.message)
      reject(new Error(`Cannot create the database: ${why}`, { cause: error }))
    })
  })
}

/** Nothing of ours: PG* variables of somebody's shell would change what the server does. Messages are matched below. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}

async function refuseOtherMajor(dataDirectory: string, binaries: PostgresBinaries): Promise<void> {
  const major = (await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8')).trim()
  if (major === binaries.major) return
  throw new Error(
    `The database in ${dataDirectory} was made by Postgres ${major}, and this Lanekeeper brings Postgres ` +
      `${binaries.major}, which cannot read it. Start the Lanekeeper version that made it, or serve it with your own ` +
      'Postgres and set DATABASE_URL, or set DATA_DIR to a new directory to begin afresh',
  )
}

type UrlAt = (port: number, database: string) => string

/** After `kill -9` of the parent the server runs on. It is ours: take it over instead of failing on its lock. */
async function attach(dataDirectory: string, urlAt: UrlAt): Promise<Postmaster | null> {
  const until = Date.now() + READY_WITHIN_MS
  for (;;) {
    const postmaster = await readPostmaster(dataDirectory)
    if (!postmaster) return null
    if (!(await isLivePostmaster(postmaster.pid))) {
      // The server removes such a file itself, unless another process got the same pid since: then it would refuse.
      await rm(join(dataDirectory, 'postmaster.pid'), { force: true })
      return null
    }
    if (await answers(urlAt(postmaster.port, 'postgres'), dataDirectory)) return postmaster
    if (Date.now() > until) {
      throw new Error(
        `A Postgres (process ${postmaster.pid}) holds the database in ${dataDirectory} but does not answer. ` +
          `Stop it (kill ${postmaster.pid}) and start again`,
      )
    }
    await delay(50)
  }
}

async function start(place: Place & { urlAt: UrlAt; settings?: readonly string[] | undefined }): Promise<Postmaster> {
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

async function tryStart(place: Place & { urlAt: UrlAt; settings?: readonly string[] | undefined }, port: number) {
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
      env: environment(),
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
  const until = Date.now() + READY_WITHIN_MS
  for (;;) {
    if (ended !== null) return (await readFile(logFile)).subarray(logStart).toString('utf8') || ended
    if (child.pid && (await answers(place.urlAt(port, 'postgres'), place.dataDirectory)))
      return { pid: child.pid, port }
    if (Date.now() > until) return `it was not ready within ${READY_WITHIN_MS / 1000} s`
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

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
}

/** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
async function stop(pid: number): Promise<void> {
  if (!(await isLivePostmaster(pid))) return
  process.kill(pid, 'SIGINT')
  const until = Date.now() + FAST_STOP_WITHIN_MS
  while (isProcessAlive(pid)) {
    if (Date.now() > until) {
      // Immediate shutdown: the next start replays the log. Nothing committed is lost.
      process.kill(pid, 'SIGQUIT')
      return
    }
    await delay(20)
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
