import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSignInLink, LINK_MINUTES } from '../api/session.ts'
import { readSettings, type Settings } from '../config/settings.ts'
import { openDatabase } from '../store/database.ts'

/** `npx lanekeeper link`: prints a new one-time sign-in link for the console. Returns the exit code. */
export async function link(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<number> {
  const settings = readSettings(environment)
  const running = await runningService(settings)
  if (running === null) {
    process.stderr.write(
      'Lanekeeper does not run here: start it with "npm start", or set DATABASE_URL to its database.\n',
    )
    return 1
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-link' })
  try {
    const url = await createSignInLink(db, running.publicUrl)
    process.stdout.write(`${url}\n`)
    process.stderr.write(`Works once, for ${LINK_MINUTES} minutes.\n`)
    return 0
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    process.stderr.write(`The database does not answer (${why}). Is Lanekeeper running? Start it with "npm start".\n`)
    return 1
  } finally {
    await db.destroy()
  }
}

/** What `npm start` leaves beside its data while it runs, for commands like this one. */
export const RUNNING_FILE = 'running.json'

async function runningService(settings: Settings): Promise<{ databaseUrl: string; publicUrl: string } | null> {
  if (settings.databaseUrl !== null) return { databaseUrl: settings.databaseUrl, publicUrl: settings.publicUrl }
  const text = await readFile(join(settings.dataDir, RUNNING_FILE), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const found: unknown = JSON.parse(text)
    if (found === null || typeof found !== 'object') return null
    const { databaseUrl, publicUrl } = found as { databaseUrl?: unknown; publicUrl?: unknown }
    if (typeof databaseUrl !== 'string') return null
    return { databaseUrl, publicUrl: typeof publicUrl === 'string' ? publicUrl : settings.publicUrl }
  } catch {
    return null
  }
}
