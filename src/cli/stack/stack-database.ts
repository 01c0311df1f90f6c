import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { refusedConnection } from '../../store/database/connection-errors.ts'
import { type Database, openDatabase } from '../../store/database/database.ts'
import { migrate, refuseUnusableSchema } from '../../store/database/migrate.ts'
import { type RunningPostgres, startEmbeddedPostgres } from '../../store/postgres/embedded-postgres.ts'
import type { SandboxWanted } from './running-instance.ts'

export type StackDatabase = {
  readonly url: string
  readonly db: Database
  readonly embedded: RunningPostgres | null
  /** Whether it is the database of the sandbox CRMs. */
  readonly withSandbox: boolean
}

/** The database of a stack, up and migrated. One that is away is waited for, and that is said. */
export async function openStackDatabase(options: {
  readonly databaseUrl: string | null
  readonly dataDir: string
  readonly settings: readonly string[]
  /**
   * `unless-connected`: with the sandbox CRMs until somebody has connected a CRM of their own. The sandbox begins afresh
   * at every start, so what we know of it must too: it has a database beside the real one.
   */
  readonly sandbox: SandboxWanted
  readonly onProgress: (step: string) => void
  readonly signal: AbortSignal
}): Promise<StackDatabase> {
  const { onProgress, signal } = options
  const embedded = options.databaseUrl
    ? null
    : await startEmbeddedPostgres({ dataDir: options.dataDir, onProgress, settings: options.settings })
  const given = embedded?.url ?? options.databaseUrl ?? ''
  try {
    if (embedded?.attached) onProgress('Found the database still running from before, and took it over')
    await waitFor(given, onProgress, signal)
    if (options.sandbox !== 'on') await refuseDatabase(given)
    const withSandbox =
      options.sandbox === 'unless-connected' ? !(await hasConnection(given)) : options.sandbox === 'on'
    const url = withSandbox ? await freshSandboxDatabase(given) : given
    const db = openDatabase(url, { max: 3, applicationName: 'lanekeeper-start' })
    const applied = await migrate(db).catch(async (error) => {
      await db.destroy()
      throw error
    })
    if (applied.length > 0) onProgress('Database schema is up to date')
    return { url, db, embedded, withSandbox }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** Before anything is read from it: a database of another version answers questions of this one wrongly. */
async function refuseDatabase(url: string): Promise<void> {
  const db = openDatabase(url, { max: 1, applicationName: 'lanekeeper-start' })
  await refuseUnusableSchema(db).finally(() => db.destroy())
}

/** Whether somebody has connected a CRM in this database. One that was never used has no tables yet. */
async function hasConnection(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ found: string | null }>("select to_regclass('connection')::text as found")
    if (!rows[0]?.found) return false
    // One that was ended may have kept its history, and whoever looks for that expects it here.
    const { rows: connections } = await client.query(
      `select 1 from connection c where c.status <> 'disconnected'
         or exists (select 1 from record r where r.connection_id = c.id) limit 1`,
    )
    return connections.length > 0
  } finally {
    await client.end()
  }
}

async function waitFor(url: string, onProgress: (step: string) => void, signal: AbortSignal): Promise<void> {
  const { host } = new URL(url)
  for (let said = false; ; ) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
      if (said) onProgress(`Database at ${host} answers`)
      return
    } catch (error) {
      const refused = refusedConnection(error, url, 'DATABASE_URL')
      if (refused !== null) throw new Error(refused, { cause: error })
      const code = (error as { code?: string }).code ?? ''
      if (!said) onProgress(`Database at ${host} does not answer (${code || 'timeout'}); waiting for it. Ctrl-C stops`)
      said = true
    } finally {
      await client.end().catch(() => undefined)
    }
    await delay(1_000, undefined, { signal })
  }
}

/** Says that a database is ours to drop, so that one of the same name which is not stays untouched. */
const MARK = 'Lanekeeper sandbox'
const COMMENT = `${MARK}, made again at every start`

async function freshSandboxDatabase(url: string): Promise<string> {
  const own = new URL(url)
  const name = `${decodeURIComponent(own.pathname.slice(1))}_sandbox`
  own.pathname = `/${encodeURIComponent(name)}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const quoted = client.escapeIdentifier(name)
  try {
    const { rows } = await client.query<{ mark: string | null }>(
      `select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1`,
      [name],
    )
    if (rows[0] && !rows[0].mark?.startsWith(MARK)) {
      throw new Error(
        `A database "${name}" exists and was not made by Lanekeeper; rename it, or set LANEKEEPER_SANDBOX=off`,
      )
    }
    await client.query(`drop database if exists ${quoted} with (force)`)
    await client.query(`create database ${quoted}`)
    await client.query(`comment on database ${quoted} is '${COMMENT}'`)
    return own.toString()
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error
    throw new Error(
      `The sandbox needs a database of its own ("${name}") and this user may not create one. Unset DATABASE_URL to use ` +
        'the embedded one, or set LANEKEEPER_SANDBOX=off',
      { cause: error },
    )
  } finally {
    await client.end()
  }
}
