import { hostname } from 'node:os'
import { sql } from 'kysely'
import { readSettings } from '../config/settings/settings.ts'
import { openDatabase } from '../store/database/database.ts'

/** Health check of a workers container: has a worker on this host given a sign of life lately? Exit code 0 or 1. */
const BEAT_MAX_AGE_S = 30

const { databaseUrl } = readSettings(process.env)
const db = openDatabase(databaseUrl ?? '', { max: 1, applicationName: 'lanekeeper-worker-health' })
try {
  const { rows } =
    await sql`select 1 from process_beat where role = 'worker' and starts_with(instance, ${`${hostname()}/`})
    and beat_at > now() - make_interval(secs => ${BEAT_MAX_AGE_S})`.execute(db)
  process.exitCode = rows.length > 0 ? 0 : 1
} catch {
  // A database that is away is not the worker's fault: it waits for it, and a restart would not help.
  process.exitCode = 0
} finally {
  await db.destroy()
}
