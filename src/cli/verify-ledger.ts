import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readSettings } from '../config/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { missingMigrations } from '../store/database/migrate.ts'
import {
  exportLedger,
  type LedgerCheck,
  readCheckpoints,
  verifyExport,
  verifyLedger,
} from '../store/ledger/verify-ledger.ts'
import { startEmbeddedPostgres } from '../store/postgres/embedded-postgres.ts'

const HELP = `verify-ledger [--json]                     checks the ledger in the database
verify-ledger --export FILE                 writes the ledger to FILE, one row per line, and checks it
verify-ledger --file FILE                   checks an export; needs no database
  --checkpoints FILE   compares with checkpoints kept elsewhere; otherwise with those in DATA_DIR
  --sandbox            the database of the sandbox instead of the real one

Exit code 0: nothing was changed. 1: something was, and where. 2: it could not be checked.`

const { values } = parseArgs({
  options: {
    export: { type: 'string' },
    file: { type: 'string' },
    checkpoints: { type: 'string' },
    sandbox: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  process.stdout.write(`${HELP}\n`)
} else {
  try {
    const check = await verify()
    process.stdout.write(`${values.json ? JSON.stringify(check) : sentence(check)}\n`)
    process.exitCode = check.ok ? 0 : 1
  } catch (error) {
    process.stderr.write(`Cannot check the ledger: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}

async function verify(): Promise<LedgerCheck> {
  if (values.file !== undefined) {
    // An export is checked on another machine, where our data directory means nothing.
    return verifyExport(values.file, {
      checkpoints: values.checkpoints ? await readCheckpoints(values.checkpoints) : [],
    })
  }
  const settings = readSettings(process.env)
  const file =
    values.checkpoints ?? join(settings.dataDir, values.sandbox ? 'checkpoints-sandbox.log' : 'checkpoints.log')
  const checkpoints = await readCheckpoints(file)
  const embedded = settings.databaseUrl ? null : await startEmbeddedPostgres({ dataDir: settings.dataDir })
  const url = new URL(settings.databaseUrl ?? embedded?.url ?? '')
  if (values.sandbox) url.pathname += '_sandbox'
  const db = openDatabase(url.toString(), { max: 1, applicationName: 'lanekeeper-verify-ledger' })
  try {
    if ((await missingMigrations(db)).length > 0) throw new Error('this database holds no ledger yet')
    if (values.export !== undefined) {
      const rows = await exportLedger(db, values.export)
      process.stderr.write(`${rows} rows written to ${values.export}\n`)
    }
    return await verifyLedger(db, { checkpoints })
  } finally {
    await db.destroy()
    // A server that somebody else runs stays.
    if (embedded && !embedded.attached) await embedded.stop()
  }
}

function sentence(check: LedgerCheck): string {
  const erased = check.erased > 0 ? `, of which ${check.erased} had their contents erased for privacy` : ''
  const against = `against ${check.checkpoints} checkpoints`
  if (check.firstBad) {
    return `CHANGED at row ${check.firstBad.seq}: ${check.firstBad.why}. The ${check.rows} rows before it are as recorded`
  }
  return `The ledger is as it was recorded: ${check.rows} rows${erased}, ${against}. Head ${check.head?.hash ?? ''}`
}
