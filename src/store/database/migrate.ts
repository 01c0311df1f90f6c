import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as first from '../migrations/0001-first.ts'
import * as readerOfAConnection from '../migrations/0002-reader-of-a-connection.ts'
import * as ownerIntentsByRecord from '../migrations/0003-owner-intents-by-record.ts'
import * as recordLookUps from '../migrations/0003-record-look-ups.ts'
import * as closingsAndCaps from '../migrations/0004-closings-and-caps.ts'
import * as connecting from '../migrations/0005-connecting.ts'
import * as connectingDetails from '../migrations/0006-connecting-details.ts'
import * as stepCheck from '../migrations/0006-step-check.ts'
import * as endedConnections from '../migrations/0007-ended-connections.ts'
import * as drift from '../migrations/0008-drift.ts'
import * as firstDecision from '../migrations/0008-first-decision.ts'
import * as writing from '../migrations/0009-writing.ts'
import * as ending from '../migrations/0010-ending.ts'
import * as checkRuns from '../migrations/0011-check-runs.ts'
import * as decideAgain from '../migrations/0011-decide-again.ts'
import * as readingPlace from '../migrations/0012-reading-place.ts'
import * as fieldsAsked from '../migrations/0013-fields-asked.ts'
import * as formerWebhookAddress from '../migrations/0014-former-webhook-address.ts'
import * as goneWithoutTrace from '../migrations/0014-gone-without-trace.ts'
import * as territoryAssignments from '../migrations/0014-territory-assignments.ts'
import type { Database } from './database.ts'

/** In code, in order, so that no directory listing decides what runs. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-reader-of-a-connection': readerOfAConnection,
  '0003-owner-intents-by-record': ownerIntentsByRecord,
  '0003-record-look-ups': recordLookUps,
  '0004-closings-and-caps': closingsAndCaps,
  '0005-connecting': connecting,
  '0006-step-check': stepCheck,
  '0006-connecting-details': connectingDetails,
  '0007-ended-connections': endedConnections,
  '0008-drift': drift,
  '0008-first-decision': firstDecision,
  '0009-writing': writing,
  '0010-ending': ending,
  '0011-decide-again': decideAgain,
  '0011-check-runs': checkRuns,
  '0012-reading-place': readingPlace,
  '0013-fields-asked': fieldsAsked,
  '0014-former-webhook-address': formerWebhookAddress,
  '0014-gone-without-trace': goneWithoutTrace,
  '0014-territory-assignments': territoryAssignments,
}

/** The database was written by a later version. Running on it could write rows which that version reads wrongly. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError'
  readonly code = 'SCHEMA_TOO_NEW'
  constructor(unknown: readonly string[]) {
    super(
      `Cannot use this database: its schema has ${unknown.map((name) => `"${name}"`).join(', ')}, which this version of ` +
        'Lanekeeper does not know. Start the newer version that made it, or point DATABASE_URL or DATA_DIR elsewhere',
    )
  }
}

/**
 * Brings the schema up to this code, in one transaction under an advisory lock, so that any number of processes may
 * call it at once. Returns the names that were applied.
 */
export async function migrate(db: Database): Promise<string[]> {
  const newer = (await appliedMigrations(db)).filter((name) => !(name in MIGRATIONS))
  if (newer.length > 0) throw new SchemaTooNewError(newer)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName
    throw new Error(`Cannot migrate the database${failed ? ` with "${failed}"` : ''}; nothing was changed`, {
      cause: error,
    })
  }
  return (results ?? []).map((result) => result.migrationName)
}

/** Names of the migrations that the code has and the database lacks. Empty: ready to serve. */
export async function missingMigrations(db: Database): Promise<string[]> {
  const applied = new Set(await appliedMigrations(db))
  return Object.keys(MIGRATIONS).filter((name) => !applied.has(name))
}

async function appliedMigrations(db: Database): Promise<string[]> {
  const table = await sql<{ found: string | null }>`select to_regclass('kysely_migration')::text as found`.execute(db)
  if (!table.rows[0]?.found) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map((row) => row.name)
}
