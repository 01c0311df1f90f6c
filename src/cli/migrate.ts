import { readSettings, SettingsError } from '../config/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { migrate } from '../store/database/migrate.ts'

/** For deployments that migrate in a step of their own. `npm start` does it by itself. */
try {
  const { databaseUrl } = readSettings(process.env)
  if (!databaseUrl)
    throw new SettingsError(['DATABASE_URL is not set; npm start migrates the embedded database itself'])
  const db = openDatabase(databaseUrl, { max: 1, applicationName: 'lanekeeper-migrate' })
  const applied = await migrate(db).finally(() => db.destroy())
  process.stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}\n` : 'The schema is up to date\n')
} catch (error) {
  const { message, cause } = error as Error
  process.stderr.write(`${message}${cause instanceof Error ? `: ${cause.message}` : ''}\n`)
  process.exitCode = 1
}
