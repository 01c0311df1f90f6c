import { readSettings } from '../config/settings/settings.ts'
import { makeSignInLink } from '../people/make-link.ts'
import { type Database, openDatabase } from '../store/database/database.ts'
import { type Person, personsByAddress } from '../store/people/persons.ts'
import { LINK_HOURS } from '../store/people/sign-in-links.ts'
import { findRunningInstance } from './stack/running-instance.ts'
import { NOTHING_RUNS, readAddress } from './terminal/address.ts'
import { runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'

const HELP = `link EMAIL

Prints a link that signs in the person with this e-mail once, on the console that runs with this DATA_DIR or DATABASE_URL.

Exit code 0: done. 1: nothing runs here, or it is not clear who is meant. 2: no link could be made. 64: the command was not
understood.`

/** Answers the exit code. */
export function runLink(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: {},
    words: 1,
    run: ({ words }: { readonly words: readonly string[] }) =>
      printLink(readAddress(words[0], 'link'), environment, streams),
    failed: (error: unknown) => ({ says: `Cannot make a sign-in link: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function printLink(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  const running = await findRunningInstance(readSettings(environment))
  if (typeof running === 'string') {
    stderr.write(NOTHING_RUNS)
    return 1
  }
  const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-link' })
  try {
    const person = await theOnly(db, address)
    if (typeof person === 'string') {
      stderr.write(`${person}\n`)
      return 1
    }
    // The link alone on standard output, so that it can be piped into a browser or a message.
    stdout.write(`${await makeSignInLink(db, running.publicUrl, { personId: person.id, by: 'terminal' })}\n`)
    stderr.write(`It signs in ${person.name} once, within ${LINK_HOURS} hours.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

/** An e-mail of two people says nothing about which of them is meant. */
async function theOnly(db: Database, address: string): Promise<Person | string> {
  const [person, ...others] = await personsByAddress(db, address)
  if (person === undefined) {
    return `Nobody here has the e-mail ${address}. "npx lanekeeper admin ${address}" makes them an admin, or invite them on the page People.`
  }
  if (others.length === 0) return person
  const names = [person, ...others].map(({ name, id }) => `${name} (${id})`).join(', ')
  return `${others.length + 1} people have the e-mail ${address}: ${names}. Give each of them one of their own first.`
}

if (import.meta.main) await runAsProgram(runLink)
