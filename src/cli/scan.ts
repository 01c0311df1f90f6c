import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { safeUrl } from '../api/cases/crm-links.ts'
import { CRM_PAGES } from '../api/cases/crm-pages.ts'
import { now } from '../clock/clock.ts'
import { readSettings, type Settings } from '../config/settings/settings.ts'
import { verdictsOf } from '../model/surface/verdicts.ts'
import { requireMay } from '../people/permitted.ts'
import { openDatabase } from '../store/database/database.ts'
import { readSurface } from '../store/surface/surface.ts'
import { endOfReading, requireWholePicture, scanDatabaseUrl } from './scan/scan-database.ts'
import { scanPage } from './scan/scan-page.ts'
import { scanSummary } from './scan/scan-summary.ts'
import { checkoutAround } from './stack/checkout.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { showProgress } from './terminal/progress.ts'
import { UsageError } from './terminal/usage.ts'

const HELP = `scan [--out FILE] [--json]

Reports the open cases in your CRMs: what is broken, how much, who owns it, and what rules could fix. Reads only
Lanekeeper's own database; it does not call a CRM.

  --out FILE   the file to write; otherwise lanekeeper-scan-DAY.html in DATA_DIR/scans, because it names people
  --json       prints the numbers as JSON; writes a page only with --out

Exit code 0: done. 1: nothing to scan yet; the message says what to do. 2: failed. 64: the command was not understood.`

const OPTIONS = {
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** Answers the exit code. */
export function runScan(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: OPTIONS,
    run: ({ values }: Given<typeof OPTIONS>) => scan(values, readSettings(environment), streams),
    failed: endOfReading('No scan'),
  }
  return runCommand(command, args, streams)
}

async function scan(
  { out, json }: Given<typeof OPTIONS>['values'],
  settings: Settings,
  { stdout, stderr }: Streams,
): Promise<number> {
  if (out?.trim() === '') throw new UsageError('--out needs the name of a file')
  const db = openDatabase(await scanDatabaseUrl(settings), { max: 1, applicationName: 'lanekeeper-scan' })
  const progress = showProgress(stderr)
  try {
    await requireWholePicture(db)
    await requireMay(db, { kind: 'terminal' }, 'scan', {})
    const at = now()
    const surface = await readSurface(
      db,
      at,
      (connection, objectType, recordId) => safeUrl(CRM_PAGES.recordUrl(connection, objectType, recordId)),
      progress.part,
    )
    progress.end()
    if (json) stdout.write(`${JSON.stringify({ ...surface, verdicts: verdictsOf(surface) })}\n`)
    if (json && out === undefined) return 0
    const file = resolve(
      out ?? join(settings.dataDir, 'scans', `lanekeeper-scan-${at.toISOString().slice(0, 10)}.html`),
    )
    if (out === undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await saveScan(file, scanPage(surface))
    const checkout = checkoutAround(file)
    if (checkout !== null) {
      stderr.write(`${file} names people and lies in the checkout ${checkout}: take care not to commit it\n`)
    }
    if (!json) stdout.write(scanSummary(surface, file))
    return 0
  } finally {
    progress.end()
    await db.destroy()
  }
}

/** Throws with what to do where no file can be made there. */
async function saveScan(file: string, page: string): Promise<void> {
  await writeFile(file, page, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    const why: Record<string, string> = {
      ENOENT: `there is no folder ${dirname(file)}; make it, or name another file`,
      EISDIR: `${file} is a folder; name a file in it`,
      EACCES: `you may not write to ${file}; name another file`,
    }
    throw new Error(why[error.code ?? ''] ?? `${file} cannot be written (${error.code})`, { cause: error })
  })
}

if (import.meta.main) await runAsProgram(runScan)
