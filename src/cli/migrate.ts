import { readSettings, SettingsError } from '../config/settings/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { migrate } from '../store/database/migrate.ts'
import { runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'

const HELP = `migrate

Brings the database of DATABASE_URL up to this version, for deployments that do so in a step of their own. "npm start" does
it by itself.

Exit code 0: it is up to date. 1: it is not, and why. 64: the command or a setting was not understood.`

/** Answers the exit code. */
export function runMigrate(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  return runCommand({ help: HELP, options: {}, run: () => bringUp(environment, streams), failed }, args, streams)
}

async function bringUp(
  environment: Readonly<Record<string, string | undefined>>,
  { stdout }: Streams,
): Promise<number> {
  const { databaseUrl } = readSettings(environment)
  if (!databaseUrl) {
    throw new SettingsError(['DATABASE_URL is not set; npm start migrates the embedded database itself'])
  }
  const db = openDatabase(databaseUrl, { max: 1, applicationName: 'lanekeeper-migrate' })
  const applied = await migrate(db).finally(() => db.destroy())
  stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}\n` : 'The schema is up to date\n')
  return 0
}

function failed(error: unknown) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return { says: `${sentenceOf(error)}${cause}`, code: 1 }
}

if (import.meta.main) await runAsProgram(runMigrate)
