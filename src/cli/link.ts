import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSignInLink, LINK_MINUTES } from '../api/session.ts'
import { readSettings, type Settings } from '../config/settings.ts'
import { openDatabase } from '../store/database.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { pidLockHolder } from '../store/pid-lock.ts'

/**
 * `npx lanekeeper link`: prints a new one-time sign-in link for the console that runs here. Whoever can read the data
 * directory or knows the database may sign in; nobody else.
 */
async function printLink(): Promise<number> {
  const settings = readSettings(process.env)
  const running = await runningService(settings)
  if (running === null) {
    process.stderr.write(
      'Lanekeeper does not run here: start it with "npm start", or set DATABASE_URL to its database.\n',
    )
    return 1
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-link' })
  try {
    // The link alone on standard output, so that it can be piped into a browser or a message.
    process.stdout.write(`${await createSignInLink(db, running.publicUrl)}\n`)
    process.stderr.write(`Works once, for ${LINK_MINUTES} minutes.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

type Running = { readonly databaseUrl: string; readonly publicUrl: string }

async function runningService(settings: Settings): Promise<Running | null> {
  const lockFile = join(settings.dataDir, 'lanekeeper.pid')
  const byStart = (await pidLockHolder(lockFile)) !== null
  if (!byStart) {
    // The service by itself, as in a container: its database is exactly the one that is set.
    return settings.databaseUrl === null ? null : { databaseUrl: settings.databaseUrl, publicUrl: settings.publicUrl }
  }
  const publicUrl = (await readFile(`${lockFile}.url`, 'utf8').catch(() => '')).trim() || settings.publicUrl
  // It runs, so this attaches; should it stop at this moment, the command fails below and stops what it began.
  const embedded = settings.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: settings.dataDir }) : null
  if (embedded && !embedded.attached) {
    await embedded.stop()
    return null
  }
  const url = new URL(settings.databaseUrl ?? embedded?.url ?? '')
  if (usesSandbox(settings)) url.pathname += '_sandbox'
  return { databaseUrl: url.href, publicUrl }
}

/** As `npm start` decides it: the sandbox CRMs have a database of their own. */
function usesSandbox({ sandbox, hubspot, salesforce }: Settings): boolean {
  return sandbox === 'on' || (sandbox === 'auto' && !hubspot && !salesforce)
}

try {
  process.exitCode = await printLink()
} catch (error) {
  process.stderr.write(`No sign-in link: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
