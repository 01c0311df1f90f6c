import { nowMs } from '../clock/clock.ts'
import { nobodyKnown } from '../config/company/nobody-known.ts'
import { readSettings, type Settings } from '../config/settings/settings.ts'
// Registers what is known of each CRM: a process of our own begins without it.
import '../crm/profiles.ts'
import type { DepartureList } from '../model/surface/departure-list.ts'
import { departureSections, whoLeaves } from '../model/surface/departure-sections.ts'
import { readDeparture } from '../pipeline/decide/read-departure.ts'
import { openDatabase } from '../store/database/database.ts'
import { endOfReading, requireOurVersion, scanDatabaseUrl } from './scan/scan-database.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { showProgress } from './terminal/progress.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `departure EMAIL [--json]

Lists what still names somebody who left or is about to: the records that they own and what rules would do with them, rules,
territories, jobs and delegates in the policies, queues, other user fields, and our open tasks. Reads only Lanekeeper's own
database; it changes nothing and does not call a CRM.

  --json   prints the list as JSON

Exit code 0: done. 1: nobody has this e-mail, or Lanekeeper does not run. 2: failed. 64: the command was not understood.`

const OPTIONS = { json: { type: 'boolean', default: false } } as const

/** Answers the exit code. */
export function runDeparture(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    words: 1,
    run: ({ words, values }: Given<typeof OPTIONS>) =>
      departure(words[0], values.json, readSettings(environment), streams),
    failed: endOfReading('No list'),
  }
  return runCommand(command, args, streams)
}

async function departure(
  email: string | undefined,
  json: boolean,
  settings: Settings,
  { stdout, stderr }: Streams,
): Promise<number> {
  if (email === undefined) throw new UsageError('Say whose departure it is, by e-mail')
  if (!/^[^\s@]+@[^\s@]+$/.test(email.trim())) throw new UsageError(`"${email}" is no e-mail`)
  const db = openDatabase(await scanDatabaseUrl(settings), { max: 1, applicationName: 'lanekeeper-departure' })
  const progress = showProgress(stderr)
  try {
    await requireOurVersion(db)
    const question = { email, nowMs: nowMs(), recordsMax: Number.POSITIVE_INFINITY, onPart: progress.part }
    const list = await readDeparture(db, question)
    progress.end()
    if ('knownEmails' in list) {
      stderr.write(`${nobodyKnown(email, list.knownEmails)}\n`)
      return 1
    }
    stdout.write(json ? `${JSON.stringify(list)}\n` : departureText(list))
    return 0
  } finally {
    progress.end()
    await db.destroy()
  }
}

function departureText(list: DepartureList): string {
  const sections = departureSections(list).map(
    ({ title, lines }) => `${title}\n${lines.map((line) => (line.startsWith(' ') ? line : `- ${line}`)).join('\n')}\n`,
  )
  return `What still names ${whoLeaves(list)}\n\n${sections.join('\n')}\nNothing was changed, and no CRM was called.\n`
}

if (import.meta.main) await runAsProgram(runDeparture)
