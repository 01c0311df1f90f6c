import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import '../../src/crm/profiles.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { migrate } from '../../src/store/database/migrate.ts'
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded-postgres.ts'
import { takePidLock } from '../../src/store/postgres/pid-lock.ts'

export type TestDatabase = {
  /** Superuser connection string, so tests may also break things on purpose. */
  readonly url: string
  readonly db: Database
  /** Closes `db`, drops the database, and stops the server when nobody else uses it. */
  drop(): Promise<void>
}

/** Set by `npm test`: the server that all test files of the run share. Absent when one file is run by itself. */
export const TEST_SERVER_VARIABLE = 'TEST_POSTGRES_URL'

/**
 * A migrated database of its own, cloned from a template in about 50 ms. Files that are run by themselves share one
 * server per user of the machine: the first starts it, the last one to leave stops it. `ownServer`: the address of a server
 * that the test runs itself.
 */
export async function testDatabase(ownServer?: string): Promise<TestDatabase> {
  const server = ownServer === undefined ? await joinServer() : { url: ownServer, leave: async () => undefined }
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = await ensureTemplate(server.url)
  await administer(server.url, (client) =>
    client.query(`create database ${name} template ${template} strategy file_copy`),
  )
  const url = withDatabase(server.url, name)
  const db = openDatabase(url, { max: 4, applicationName: 'lanekeeper-test' })
  let dropped: Promise<void> | null = null
  return {
    url,
    db,
    drop() {
      dropped ??= (async () => {
        await db.destroy()
        // Forced: what is under test may have been killed in the middle and left connections.
        await administer(server.url, (client) => client.query(`drop database if exists ${name} with (force)`))
        await server.leave()
      })()
      return dropped
    },
  }
}

/** For tests run, not for data worth keeping: a power cut may eat it, so commits need not wait for the disk. */
export const TEST_SERVER_SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'shared_buffers=64MB',
  // The kernel copies the template; through the buffers a clone takes five times as long.
  'file_copy_method=clone',
]

type Server = { readonly url: string; leave(): Promise<void> }

const ANCHOR = 'lanekeeper-test-anchor'
let joined: Promise<{ url: string; stop: () => Promise<void> }> | null = null
let users = 0

async function joinServer(): Promise<Server> {
  const given = process.env[TEST_SERVER_VARIABLE]
  if (given) return { url: given, leave: async () => undefined }
  users++
  joined ??= joinShared()
  const server = await joined
  return {
    url: server.url,
    leave: async () => {
      if (--users > 0) return
      joined = null
      await server.stop()
    },
  }
}

/**
 * Users are counted by the connections they hold open, never by a number in a file: a test that is killed takes its
 * connection with it. The lock makes "nobody else is here, stop it" and "it runs, I join" exclude each other.
 */
async function joinShared(): Promise<{ url: string; stop: () => Promise<void> }> {
  const directory = join(tmpdir(), `lanekeeper-test-${process.getuid?.() ?? 'user'}`)
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o711)
  const lockFile = join(directory, 'joining')
  const { server, anchor } = await underLock(lockFile, async () => {
    const server = await startEmbeddedPostgres({ dataDir: directory, settings: TEST_SERVER_SETTINGS })
    const anchor = new pg.Client({ connectionString: withDatabase(server.url, 'postgres'), application_name: ANCHOR })
    anchor.on('error', () => undefined)
    await anchor.connect()
    // A test that forgets to drop its database must still be able to end.
    // The driver has the method; its types lack it.
    ;(anchor as unknown as { unref(): void }).unref()
    return { server, anchor }
  })
  return {
    url: server.url,
    stop: () =>
      underLock(lockFile, async () => {
        const { rows } = await anchor.query<{ others: string }>(
          'select count(*) as others from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
          [ANCHOR],
        )
        const isLast = Number(rows[0]?.others) === 0
        if (isLast) await dropLeftOvers(anchor)
        await anchor.end()
        if (isLast) await server.stop()
      }),
  }
}

async function underLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  const lock = await takePidLock(lockFile, 60_000)
  if (!lock) throw new Error(`Another test holds ${lockFile} for more than a minute`)
  try {
    return await work()
  } finally {
    await lock.release()
  }
}

/** Databases of tests that were killed. */
async function dropLeftOvers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    `select datname from pg_database where datname ~ '^test_[0-9a-f]{12}$'`,
  )
  for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`)
}

/** Named after the text of the migrations and of their list, so that a change of either gets a new template. */
async function ensureTemplate(serverUrl: string): Promise<string> {
  const directory = new URL('../../src/store/migrations/', import.meta.url)
  const digest = createHash('sha256')
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts')) digest.update(file).update(readFileSync(new URL(file, directory)))
  }
  digest.update(readFileSync(new URL('../database/migrate.ts', directory)))
  const name = `template_${digest.digest('hex').slice(0, 12)}`
  await administer(serverUrl, async (client) => {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name])
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount) return
    const growing = `${name}_growing`
    await client.query(`drop database if exists ${growing} with (force)`)
    await client.query(`create database ${growing}`)
    const db = openDatabase(withDatabase(serverUrl, growing), { max: 1, applicationName: 'lanekeeper-test' })
    await migrate(db).finally(() => db.destroy())
    await client.query(`alter database ${growing} rename to ${name}`)
    // Even a passing autovacuum worker in the template would make cloning it fail.
    await client.query(`alter database ${name} with allow_connections false`)
  })
  return name
}

async function administer<T>(serverUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: withDatabase(serverUrl, 'postgres') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.toString()
}
