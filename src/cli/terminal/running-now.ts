import type { Settings } from '../../config/settings/settings.ts'
import { versionText } from '../../model/policy/version-text.ts'
import { together } from '../../model/rules/render.ts'
import { openDatabase } from '../../store/database/database.ts'
import { missingMigrations } from '../../store/database/migrate.ts'
import { type RunningVersion, runningVersions } from '../../store/decisions/running-versions.ts'
import { findRunningInstance } from '../stack/running-instance.ts'

/** How a workflow runs at this moment, to end "Now: ". */
export type RunningNow = (workflow: string | null, hash: string | null) => string

/** Asks what runs with these settings. Never fails: what cannot be asked is said. */
export async function readRunningNow(settings: Settings): Promise<RunningNow> {
  try {
    const running = await findRunningInstance(settings)
    if (typeof running === 'string') {
      return () => `it does not run, because Lanekeeper does not run with DATA_DIR=${settings.dataDir}.`
    }
    const db = openDatabase(running.databaseUrl, { max: 1, applicationName: 'lanekeeper-explain' })
    try {
      if ((await missingMigrations(db)).length > 0) return () => 'not known: the database is of another version.'
      const versions = await runningVersions(db)
      const readOnly = await readOnlyTitles(db)
      return (workflow, hash) => nowSentence(workflow === null ? undefined : versions.get(workflow), hash, readOnly)
    } finally {
      await db.destroy()
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return () => `not known (${why}).`
  }
}

async function readOnlyTitles(db: ReturnType<typeof openDatabase>): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('connection')
    .select('title')
    .where('status', '<>', 'disconnected')
    .where('writes_since', 'is', null)
    .orderBy('title')
    .execute()
  return rows.map(({ title }) => title)
}

/** `hash`: of the file. Null: the file has errors. */
export function nowSentence(
  running: RunningVersion | undefined,
  hash: string | null,
  readOnly: readonly string[],
): string {
  if (running === undefined) {
    return hash === null
      ? 'it does not run.'
      : 'it does not run: Lanekeeper was started without this file. Restart it to run the workflow.'
  }
  if (running.version === null) return 'it does not run. No earlier version of it can run either.'
  const which = versionText(running.version)
  const how = howItRuns(running, readOnly)
  if (hash === null) return `${which} keeps running, ${how}`
  if (running.hash !== hash) {
    return `${which} runs instead of this file, ${how} Restart Lanekeeper to run the file as it is now.`
  }
  return `it runs as ${which}, ${how}`
}

function howItRuns({ mode, effectiveMode, problems }: RunningVersion, readOnly: readonly string[]): string {
  const why = problems.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
  const because = mode === effectiveMode || why.length === 0 ? '' : `, because ${why.join('; ')}`
  const set = mode === effectiveMode ? '' : ` (set to ${mode}${because})`
  const writes = effectiveMode === 'live' || effectiveMode === 'pilot'
  const limits =
    writes && readOnly.length > 0
      ? ` It writes nothing to ${together(readOnly)}, which ${readOnly.length === 1 ? 'is' : 'are'} read-only.`
      : ''
  return `${MODES[effectiveMode]}${set}.${limits}`
}

const MODES = {
  draft: 'as a draft: it decides nothing',
  observe: 'and only observes',
  pilot: 'in pilot',
  live: 'live',
} as const
