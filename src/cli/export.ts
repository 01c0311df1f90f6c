import { join, resolve } from 'node:path'
import { now } from '../clock/clock.ts'
import { readSettings } from '../config/settings/settings.ts'
import { databaseCode, refusedConnection } from '../store/database/connection-errors.ts'
import { openDatabase } from '../store/database/database.ts'
import { CHECKPOINTS_FILE, type DatabaseExport, exportDatabase, LEDGER_FILE } from '../store/export/export-database.ts'
import type { LedgerHead } from '../store/ledger/ledger.ts'
import { checkpointFile } from '../store/ledger/ledger-checkpoints.ts'
import { readCheckpoints } from '../store/ledger/verify-ledger.ts'
import { checkoutAround } from './stack/checkout.ts'
import { openStoredDatabase } from './stack/stored-database.ts'
import { type Given, type Out, runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'
import { liveLine } from './terminal/live-line.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `export [--from DATABASE_URL] [--out DIRECTORY] [--checkpoints FILE] [--sandbox]

Saves the decision ledger, the connections (without credentials) and the policies of a database as JSON lines. Reads
databases of every version of Lanekeeper and changes nothing, so it also saves one that this version cannot use.

  --from DATABASE_URL  the database to read; otherwise DATABASE_URL, or the database in DATA_DIR
  --out DIRECTORY      a new or empty directory; otherwise lanekeeper-export here
  --checkpoints FILE   checkpoints kept elsewhere, to go with the ledger; without --from, those in DATA_DIR
  --sandbox            the database of the sandbox CRMs beside it

Exit code 0: exported. 1: exported, but the database had no ledger. 2: not exported. 64: the command was not understood.`

/** Shorter exports need no line of their own. */
const SILENT_MS = 2_000

const OPTIONS = {
  from: { type: 'string' },
  out: { type: 'string', default: 'lanekeeper-export' },
  checkpoints: { type: 'string' },
  sandbox: { type: 'boolean', default: false },
} as const

type Values = Given<typeof OPTIONS>['values']

/** Answers the exit code. */
export function runExport(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    run: ({ values }: Given<typeof OPTIONS>) => exportTo(values, environment, streams),
    failed: (error: unknown) => ({ says: `Nothing was exported: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function exportTo(
  values: Values,
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  for (const name of ['out', 'checkpoints'] as const) {
    if (values[name]?.trim() === '') throw new UsageError(`--${name} needs a name`)
  }
  const directory = resolve(values.out)
  const source = await findSource(values, environment)
  try {
    const result = await exportFrom(source, directory, stderr)
    stdout.write(reportOf(result, directory))
    const checkout = checkoutAround(join(directory, LEDGER_FILE))
    if (checkout !== null) {
      stderr.write(`${directory} names people and lies in the checkout ${checkout}: take care not to commit it\n`)
    }
    return result.rows[LEDGER_FILE] === null ? 1 : 0
  } catch (error) {
    throw unreachable(error, source) ?? error
  } finally {
    await source.close()
  }
}

type Source = {
  readonly url: string
  /** What the user set it with. */
  readonly variable: '--from' | 'DATABASE_URL'
  readonly checkpoints: readonly LedgerHead[]
  readonly close: () => Promise<void>
}

async function findSource(
  { from, sandbox, checkpoints }: Values,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Source> {
  if (from !== undefined) {
    if (!/^postgres(ql)?:$/.test(URL.parse(from)?.protocol ?? '')) {
      throw new UsageError('--from needs an address that begins with postgres://')
    }
    const stored = await openStoredDatabase({ databaseUrl: from, dataDir: '' }, { sandbox })
    return { ...stored, variable: '--from', checkpoints: checkpoints ? await readCheckpoints(checkpoints) : [] }
  }
  const settings = readSettings(environment)
  const kept = await readCheckpoints(checkpoints ?? checkpointFile(settings.dataDir, { sandbox }))
  return { ...(await openStoredDatabase(settings, { sandbox })), variable: 'DATABASE_URL', checkpoints: kept }
}

async function exportFrom({ url, checkpoints }: Source, directory: string, stderr: Out): Promise<DatabaseExport> {
  const db = openDatabase(url, { max: 1, applicationName: 'lanekeeper-export' })
  const line = liveLine(stderr)
  const startedAt = performance.now()
  let shownAt = startedAt
  try {
    return await exportDatabase(db, {
      directory,
      keptCheckpoints: checkpoints,
      now: now(),
      onProgress(rows, of) {
        const at = performance.now()
        // Without a terminal each line stays, so there it comes seldom.
        if (at - startedAt < SILENT_MS || at - shownAt < (stderr.isTTY ? 200 : 10_000)) return
        shownAt = at
        line.show(`Exporting the ledger: ${rows.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} rows`)
      },
    })
  } finally {
    line.end()
    await db.destroy()
  }
}

function unreachable(error: unknown, { url, variable }: Source): Error | null {
  const refused = refusedConnection(error, url, variable)
  if (refused !== null) return new Error(refused, { cause: error })
  const code = databaseCode(error)
  if (code === null) return null
  return new Error(`The database at ${new URL(url).host} cannot be reached (${code}). Start it, or check ${variable}`, {
    cause: error,
  })
}

function reportOf({ rows, checkpoints }: DatabaseExport, directory: string): string {
  const counts = Object.entries(rows).map(([file, count]) =>
    count === null
      ? `  ${file.padEnd(18)} not in this database`
      : `  ${file.padEnd(18)} ${count.toLocaleString('en-US')} rows`,
  )
  const files = [...counts, `  ${CHECKPOINTS_FILE.padEnd(18)} ${checkpoints.toLocaleString('en-US')} hashes`]
  const check =
    rows[LEDGER_FILE] === null
      ? 'This database has no ledger.'
      : `Check the ledger with:\n  npx lanekeeper verify-ledger --file ${quoted(join(directory, LEDGER_FILE))} --checkpoints ${quoted(join(directory, CHECKPOINTS_FILE))}`
  return `Exported to ${directory}:\n${files.join('\n')}\n${check}\n`
}

/** For a shell, so that the command can be pasted. */
function quoted(path: string): string {
  return /^[\w./:\\@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

if (import.meta.main) await runAsProgram(runExport)
