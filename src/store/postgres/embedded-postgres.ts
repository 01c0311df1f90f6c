import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ownPassword, placeFor } from './database-place.ts'
import { initialise } from './initialise.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { isLivePostmaster } from './postmaster.ts'
import { isProcessAlive } from './running-process.ts'
import { attach, start } from './start-server.ts'
import { findUnprivilegedUser, isRoot, ownerOf } from './unprivileged-user.ts'

export type EmbeddedPostgresOptions = {
  /** Where Lanekeeper keeps its data; the database goes to `postgres` in it where its account can reach that. */
  readonly dataDir: string
  readonly onProgress?: (step: string) => void
  /** Only a database that is there: a command that reads must never make one. */
  readonly existing?: boolean
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
const FAST_STOP_WITHIN_MS = 8_000

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const onProgress = options.onProgress ?? (() => undefined)
  const directory = await placeFor(options.dataDir)
  const dataDirectory = join(directory, 'data')
  const binaries = await findPostgresBinaries(onProgress)
  const isNew = !(await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch(() => null))
  if (isNew && options.existing) {
    throw new Error(
      `No database in ${dataDirectory}: run this as the user that started Lanekeeper, or set DATA_DIR to its data`,
    )
  }
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
    stop: () => stop(postmaster.pid, dataDirectory),
  }
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
async function stop(pid: number, dataDirectory: string): Promise<void> {
  if (!(await isLivePostmaster(pid, dataDirectory))) return
  process.kill(pid, 'SIGINT')
  const until = performance.now() + FAST_STOP_WITHIN_MS
  while (isProcessAlive(pid)) {
    if (performance.now() > until) {
      // Immediate shutdown: the next start replays the log. Nothing committed is lost.
      process.kill(pid, 'SIGQUIT')
      return
    }
    await delay(20)
  }
}
