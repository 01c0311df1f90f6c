import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readSettings } from '../config/settings.ts'
import { openDatabase } from '../store/database/database.ts'
import { exportLedger } from '../store/ledger/export-ledger.ts'
import { hasLedger } from '../store/ledger/ledger.ts'
import { type LedgerCheck, readCheckpoints, verifyExport, verifyLedger } from '../store/ledger/verify-ledger.ts'
import { openStoredDatabase } from './stack/stored-database.ts'

const HELP = `verify-ledger [--json]                     checks the decision ledger in the database
verify-ledger --export FILE                 exports the ledger to FILE, one row per line, and checks it
verify-ledger --file FILE                   checks an exported ledger; needs no database
  --checkpoints FILE   compares with these checkpoints; otherwise with those in DATA_DIR (with --file: with none)
  --sandbox            the database of the sandbox CRMs instead of the real one
  --json               prints the result as JSON

Exit code 0: the ledger is intact. 1: it was changed, and the message says where. 2: it could not be checked.`

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
  const stored = await openStoredDatabase(settings, { sandbox: values.sandbox })
  const db = openDatabase(stored.url, { max: 1, applicationName: 'lanekeeper-verify-ledger' })
  try {
    if (!(await hasLedger(db))) throw new Error('this database has no ledger yet')
    if (values.export !== undefined) {
      const rows = await exportLedger(db, values.export)
      process.stderr.write(`${rows} rows written to ${values.export}\n`)
    }
    return await verifyLedger(db, { checkpoints })
  } finally {
    await db.destroy()
    await stored.close()
  }
}

function sentence(check: LedgerCheck): string {
  if (check.firstBad) {
    return `CHANGED at row ${check.firstBad.seq}: ${check.firstBad.why}. The ${check.rows} rows before it are intact`
  }
  const erased = check.erased > 0 ? ` (${check.erased} with contents erased for privacy)` : ''
  return `The ledger is intact: ${check.rows} rows${erased}, compared with ${check.checkpoints} checkpoints. Head ${check.head?.hash ?? ''}`
}
