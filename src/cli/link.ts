import { createSignInLink, LINK_MINUTES } from '../api/sessions/session.ts'
import { readSettings } from '../config/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { findRunningInstance } from './stack/running-instance.ts'

/**
 * `npx lanekeeper link`: prints a new one-time sign-in link for the console that runs here. Everyone who can read the data
 * directory or the database can sign in.
 */
async function printLink(): Promise<number> {
  const settings = readSettings(process.env)
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') {
    process.stderr.write(
      'Nothing runs with this DATA_DIR: start Lanekeeper with "npm start", or set DATA_DIR or DATABASE_URL.\n',
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

try {
  process.exitCode = await printLink()
} catch (error) {
  process.stderr.write(`Cannot make a sign-in link: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
