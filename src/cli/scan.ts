import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { safeUrl } from '../api/cases/crm-links.ts'
import { CRM_PAGES } from '../api/cases/crm-pages.ts'
import { readSettings } from '../config/settings.ts'
import { verdictsOf } from '../model/surface/verdicts.ts'
import { openDatabase } from '../store/database/database.ts'
import { readSurface } from '../store/surface/surface.ts'
import { NothingToScanError, requireWholePicture, scanDatabaseUrl } from './scan/scan-database.ts'
import { scanPage } from './scan/scan-page.ts'
import { scanSummary } from './scan/scan-summary.ts'
import { liveLine } from './terminal/live-line.ts'

const HELP = `scan [--out FILE] [--json]

Reports the open cases in your CRMs: what is broken, how much, who owns it, and what rules could fix. Reads only
Lanekeeper's own database; it does not call a CRM.

  --out FILE   the file to write; otherwise lanekeeper-scan-DAY.html here
  --json       prints the numbers as JSON; writes a page only with --out

Exit code 0: done. 1: nothing to scan yet; the message says what to do. 2: failed.`

type Out = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }

/** A scan that is over by then needs no line of its own. */
const SILENT_MS = 2_000

/** Answers the exit code. */
export async function runScan(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: { readonly stdout: Out; readonly stderr: Out },
): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) {
      stdout.write(`${HELP}\n`)
      return 0
    }
    const url = await scanDatabaseUrl(readSettings(environment))
    const db = openDatabase(url, { max: 1, applicationName: 'lanekeeper-scan' })
    const progress = showProgress(stderr)
    try {
      await requireWholePicture(db)
      const now = new Date()
      const surface = await readSurface(
        db,
        now,
        (connection, objectType, recordId) => safeUrl(CRM_PAGES.recordUrl(connection, objectType, recordId)),
        progress.part,
      )
      progress.end()
      const file = values.out ?? (values.json ? null : `lanekeeper-scan-${now.toISOString().slice(0, 10)}.html`)
      if (file !== null) await writeFile(file, scanPage(surface))
      if (values.json) stdout.write(`${JSON.stringify({ ...surface, verdicts: verdictsOf(surface) })}\n`)
      else stdout.write(scanSummary(surface, resolve(file!)))
      return 0
    } finally {
      progress.end()
      await db.destroy()
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (error instanceof NothingToScanError) {
      stderr.write(`${why}\n`)
      return 1
    }
    stderr.write(`No scan: ${why}\n`)
    return 2
  }
}

/** What is being read and for how long, once it takes long. On standard error, so that `--json` stays JSON. */
function showProgress(out: Out): { part(what: string): void; end(): void } {
  const line = liveLine(out)
  const startedAt = performance.now()
  let reading = ''
  const timer = setInterval(() => {
    const ms = performance.now() - startedAt
    // Without a terminal each line stays, so there a new part is news and another second is not.
    if (ms >= SILENT_MS) line.show(`Reading ${reading}${out.isTTY ? `, ${Math.floor(ms / 1_000)} s` : ''}`)
  }, 500)
  timer.unref()
  return {
    part(what) {
      reading = what
    },
    end() {
      clearInterval(timer)
      line.end()
    },
  }
}

if (import.meta.main) process.exitCode = await runScan(process.argv.slice(2), process.env, process)
