import { sql } from 'kysely'
import type { Settings } from '../../config/settings/settings.ts'
import { objectShape, watchedObjects } from '../../model/record/object-shape.ts'
import { n } from '../../model/surface/numbers.ts'
import { listConnections } from '../../store/connections/connections.ts'
import type { Database } from '../../store/database/database.ts'
import { missingMigrations } from '../../store/database/migrate.ts'
import { countToDecide } from '../../store/records/records-to-decide.ts'
import { isIn, leftOutConnections } from '../../store/surface/left-out.ts'
import { findRunningInstance } from '../stack/running-instance.ts'
import { sentenceOf } from '../terminal/command.ts'

/** There is nothing to scan yet. The sentences say why, and what to do. */
class NothingToScanError extends Error {
  override readonly name = 'NothingToScanError'
}

/** How a command that reads our own database ends without an answer: 1 where there is nothing to read yet, 2 where it failed. */
export function endOfReading(without: string): (error: unknown) => { readonly says: string; readonly code: number } {
  return (error) =>
    error instanceof NothingToScanError
      ? { says: error.message, code: 1 }
      : { says: `${without}: ${sentenceOf(error)}`, code: 2 }
}

/** The database of the instance that runs here, found as `lanekeeper link` finds it. */
export async function scanDatabaseUrl(settings: Settings): Promise<string> {
  const running = await findRunningInstance(settings)
  if (running === 'not-running') {
    throw new NothingToScanError(
      `Nothing runs with DATA_DIR=${settings.dataDir}. Start Lanekeeper with "npm start" and leave it running, or set ` +
        'DATA_DIR or DATABASE_URL to those of the one that runs.',
    )
  }
  if (running === 'stopping') {
    throw new NothingToScanError('Lanekeeper just stopped. Start it again with "npm start".')
  }
  return running.databaseUrl
}

export async function requireOurVersion(db: Database): Promise<void> {
  if ((await missingMigrations(db)).length === 0) return
  throw new NothingToScanError(
    'This database is empty or of an older version of Lanekeeper. Starting this version once with "npm start" brings it ' +
      'up to date, and so does "lanekeeper migrate" where DATABASE_URL is set.',
  )
}

/** Right after the first import most records wait for their first decision; in daily use a few always do. */
const TO_DECIDE_SHARE_MAX = 0.05

/**
 * Half a picture gives wrong neighbours and wrong counts, so there is no scan before one connection was read and decided as a
 * whole. The others are left out, and the scan says so.
 */
export async function requireWholePicture(db: Database): Promise<void> {
  await requireOurVersion(db)
  const connections = await listConnections(db)
  if (connections.length === 0) {
    throw new NothingToScanError(
      'No CRM is connected yet. Connect one in the settings ("npm start -- --help") and start again.',
    )
  }
  const leftOut = await leftOutConnections(db)
  const connected = connections.filter(({ status }) => status !== 'disconnected')
  const unread = connected.filter(({ baseline }) => !baseline.done)
  if (unread.length > 0 && leftOut.length === connected.length) {
    const lines = unread.flatMap(({ crm, title, baseline, status, statusReason }) => [
      `  ${title}${status === 'connected' ? '' : ` (not connected: ${statusReason ?? 'unknown'})`}`,
      ...watchedObjects(crm)
        .filter((object) => objectShape(crm, object)?.about !== 'task')
        .map((object) => {
          const at = baseline.objects[object]
          if (at === undefined) return `    ${object}: not begun`
          return `    ${object}: ${n(at.count)}${at.total === null || at.done ? '' : ` of ${n(at.total)}`}${at.done ? ', done' : ' so far'}`
        }),
    ])
    throw new NothingToScanError(
      `The first import is not finished, so the numbers would be wrong. So far:\n${lines.join('\n')}\nScan again when it is done.`,
    )
  }
  // Where none takes part in decisions yet, all of them wait for that.
  const besides = leftOut.length === connected.length ? [] : leftOut
  const waiting = await countToDecide(db, besides)
  const { rows } = await sql<{ records: number; arriving: number; workflows: number }>`
    select (select count(*) from record where not deleted and merged_into is null and ${isIn(besides)}) as records,
           (select count(*) from change_event where state = 'received' and source = 'baseline'
             and ${isIn(besides)}) as arriving,
           (select count(*) from workflow where hash is not null and effective_mode <> 'draft')
             as workflows`.execute(db)
  const { records, arriving, workflows } = rows[0]!
  if (workflows === 0) {
    throw new NothingToScanError(
      'No workflow is running. The page Changes of the console says how to start one, and the page Workflows why those there do not run.',
    )
  }
  const isAnyIn = leftOut.length < connected.length
  if (arriving > 0 || (!isAnyIn && connected.length > 0) || waiting > records * TO_DECIDE_SHARE_MAX) {
    throw new NothingToScanError(
      `Everything was read, but ${n(waiting + arriving)} of ${n(Math.max(records, waiting + arriving))} records are still waiting for a decision. Scan again in a minute.`,
    )
  }
}
