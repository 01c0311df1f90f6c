import { readSettings } from '../config/settings/settings.ts'
import { makeAdminByTerminal } from '../people/make-admin.ts'
import { makeSignInLink } from '../people/make-link.ts'
import { openDatabase } from '../store/database/database.ts'
import { LINK_HOURS } from '../store/people/sign-in-links.ts'
import { findRunningInstance } from './stack/running-instance.ts'
import { NOTHING_RUNS, readAddress } from './terminal/address.ts'
import { type Given, runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'

const HELP = `admin EMAIL [--name NAME]

Makes the person with this e-mail an admin of the Lanekeeper that runs with this DATA_DIR or DATABASE_URL, and prints a link
that signs them in once. Use it for the first admin, and when nobody can sign in any more. Anyone who can run it can read the
database anyway, and the ledger says that it was the terminal.

Exit code 0: done. 1: nothing runs here. 2: it could not be done. 64: the command was not understood.`

const OPTIONS = { name: { type: 'string' } } as const

/** Answers the exit code. */
export function runAdmin(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    words: 1,
    run: ({ words, values }: Given<typeof OPTIONS>) =>
      makeAdmin({ address: readAddress(words[0], 'admin'), name: values.name ?? null }, environment, streams),
    failed: (error: unknown) => ({ says: `Cannot make an admin: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function makeAdmin(
  whom: { readonly address: string; readonly name: string | null },
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  const running = await findRunningInstance(readSettings(environment))
  if (typeof running === 'string') {
    stderr.write(NOTHING_RUNS)
    return 1
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-admin' })
  try {
    const { personId, isNew } = await makeAdminByTerminal(db, whom)
    const link = await makeSignInLink(db, running.publicUrl, { personId, by: 'terminal' })
    stderr.write(isNew ? `${whom.address} is an admin now.\n` : `${whom.address} was an admin already.\n`)
    // The link alone on standard output, so that it can be piped into a browser or a message.
    stdout.write(`${link}\n`)
    stderr.write(`It signs them in once, within ${LINK_HOURS} hours.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

if (import.meta.main) await runAsProgram(runAdmin)
