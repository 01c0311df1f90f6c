import { access } from 'node:fs/promises'
import { readSettings } from '../config/settings/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { exportLedger } from '../store/ledger/export-ledger.ts'
import { hasLedger } from '../store/ledger/ledger.ts'
import { checkpointFile } from '../store/ledger/ledger-checkpoints.ts'
import { checkpointsToCompare, type LedgerCheck, verifyExport, verifyLedger } from '../store/ledger/verify-ledger.ts'
import { openStoredDatabase } from './stack/stored-database.ts'
import { readOptions, USAGE_ERROR, UsageError } from './terminal/usage.ts'

const HELP = `verify-ledger [--json]                     checks the decision ledger in the database
verify-ledger --export FILE                 exports the ledger to FILE, one row per line, and checks it
verify-ledger --file FILE                   checks an exported ledger; needs no database
  --checkpoints FILE   compares with these checkpoints; otherwise with those in DATA_DIR (with --file: with none)
  --sandbox            the database of the sandbox CRMs instead of the real one
  --json               prints the result as JSON

Exit code 0: the ledger is intact. 1: it was changed, and the message says where. 2: it could not be checked.
64: the command was not understood, and nothing was checked.`

const OPTIONS = {
  export: { type: 'string' },
  file: { type: 'string' },
  checkpoints: { type: 'string' },
  sandbox: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof readArgs>
type Out = { write(text: string): unknown }

/** Answers the exit code. */
export async function runVerifyLedger(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: { readonly stdout: Out; readonly stderr: Out },
): Promise<number> {
  try {
    const values = readArgs(args)
    if (values.help) {
      stdout.write(`${HELP}\n`)
      return 0
    }
    const check = await verify(values, environment, stderr)
    stdout.write(`${values.json ? JSON.stringify(check) : sentence(check)}\n`)
    return check.ok ? 0 : 1
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.message}\n\n${HELP}\n`)
      return USAGE_ERROR
    }
    stderr.write(`Cannot check the ledger: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}

function readArgs(args: readonly string[]) {
  const values = readOptions(args, OPTIONS)
  // Which of the two was meant, only the caller knows.
  const isMixed = values.file !== undefined && (values.export !== undefined || values.sandbox)
  if (isMixed) throw new UsageError('--file needs no database, so it goes without --export and --sandbox')
  for (const name of ['export', 'file', 'checkpoints'] as const) {
    if (values[name]?.trim() === '') throw new UsageError(`--${name} needs the name of a file`)
  }
  return values
}

async function verify(
  { file, export: to, sandbox = false, ...values }: Values,
  environment: Readonly<Record<string, string | undefined>>,
  stderr: Out,
): Promise<LedgerCheck> {
  const named = values.checkpoints === undefined ? null : await namedCheckpoints(values.checkpoints)
  if (file !== undefined) {
    await assertReadable(file)
    // An export is checked on another machine, where our data directory means nothing.
    return verifyExport(file, { checkpoints: named ?? [] })
  }
  const settings = readSettings(environment)
  const checkpoints = named ?? (await checkpointsToCompare(checkpointFile(settings.dataDir, { sandbox })))
  const stored = await openStoredDatabase(settings, { sandbox })
  const db = openDatabase(stored.url, { max: 1, applicationName: 'lanekeeper-verify-ledger' })
  try {
    if (!(await hasLedger(db))) throw new Error('this database has no ledger yet')
    if (to !== undefined) {
      const rows = await exportLedger(db, to)
      stderr.write(`${rows} rows written to ${to}\n`)
    }
    return await verifyLedger(db, { checkpoints })
  } finally {
    await db.destroy()
    await stored.close()
  }
}

/** A file that was named has to hold some: compared with nothing, a rewritten ledger looks intact. */
async function namedCheckpoints(file: string) {
  await assertReadable(file)
  const checkpoints = await checkpointsToCompare(file)
  if (checkpoints.length === 0) throw new Error(`${file} holds no checkpoint`)
  return checkpoints
}

async function assertReadable(file: string): Promise<void> {
  await access(file).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read (${error.code})`
    throw new Error(why, { cause: error })
  })
}

function sentence(check: LedgerCheck): string {
  if (check.firstBad) {
    return `CHANGED at row ${check.firstBad.seq}: ${check.firstBad.why}. The ${check.rows} rows before it are intact`
  }
  const erased = check.erased > 0 ? ` (${check.erased} with contents erased for privacy)` : ''
  return `The ledger is intact: ${check.rows} rows${erased}, compared with ${check.checkpoints} checkpoints. Head ${check.head?.hash ?? ''}`
}

if (import.meta.main) process.exitCode = await runVerifyLedger(process.argv.slice(2), process.env, process)
