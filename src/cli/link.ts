import { createSignInLink, LINK_MINUTES } from '../api/sessions/session.ts'
import { readSettings } from '../config/settings/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { findRunningInstance } from './stack/running-instance.ts'
import { runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'

const HELP = `link

Prints a new one-time sign-in link for the console that runs with this DATA_DIR or DATABASE_URL. Everyone who can read the
data directory or the database can sign in.

Exit code 0: done. 1: nothing runs here. 2: no link could be made. 64: the command was not understood.`

/** Answers the exit code. */
export function runLink(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: {},
    run: () => printLink(environment, streams),
    failed: (error: unknown) => ({ says: `Cannot make a sign-in link: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function printLink(
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  const running = await findRunningInstance(readSettings(environment))
  if (typeof running === 'string') {
    stderr.write(
      'Nothing runs with this DATA_DIR: start Lanekeeper with "npm start", or set DATA_DIR or DATABASE_URL.\n',
    )
    return 1
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-link' })
  try {
    // The link alone on standard output, so that it can be piped into a browser or a message.
    stdout.write(`${await createSignInLink(db, running.publicUrl)}\n`)
    stderr.write(`Works once, for ${LINK_MINUTES} minutes.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

if (import.meta.main) await runAsProgram(runLink)
