import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { MIGRATIONS, tablesOf } from '../migrations/migrations.ts'
import type { Database } from './database.ts'
import { type SchemaRefusedError, schemaIncomplete, schemaTooNew, schemaTooOld } from './schema-refusal.ts'

/**
 * Brings the schema up to this code, in one transaction under an advisory lock, so that any number of processes may
 * call it at once. Returns the names that were applied. Throws `SchemaRefusedError` for a database that this version
 * cannot use: one of before, of a newer version, or partly migrated.
 */
export async function migrate(db: Database): Promise<string[]> {
  await refuseUnusableSchema(db)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => runnable() } })
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
  return MIGRATIONS.map(({ name }) => name).filter((name) => !applied.has(name))
}

/** Throws `SchemaRefusedError` unless the database is empty, behind by whole migrations, or up to date. */
export async function refuseUnusableSchema(db: Database): Promise<void> {
  // One snapshot: while another process migrates, its names and its tables appear together or not at all.
  const refusal = await db.transaction().setIsolationLevel('repeatable read').execute(schemaRefusal)
  if (refusal) throw refusal
}

async function schemaRefusal(db: Database): Promise<SchemaRefusedError | null> {
  const applied = await appliedMigrations(db)
  const ours = MIGRATIONS.map(({ name }) => name)
  const foreign = applied.filter((name) => !ours.includes(name))
  const newer = foreign.filter((name) => numberOf(name) > numberOf(ours.at(-1)!))
  const older = foreign.filter((name) => !newer.includes(name))
  if (older.length > 0) return schemaTooOld(older)
  if (newer.length > 0) return schemaTooNew(newer)
  const gap = ours.slice(0, applied.length).find((name) => !applied.includes(name))
  if (gap !== undefined) return schemaIncomplete(`"${gap}" is missing, although a later migration ran`)
  return tablesRefusal(db, applied.length)
}

/** A dump that was restored halfway names its migrations and lacks tables, or has tables and names no migration. */
async function tablesRefusal(db: Database, applied: number): Promise<SchemaRefusedError | null> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE'`.execute(db)
  const there = new Set(rows.map(({ name }) => name))
  const expected = tablesOf(MIGRATIONS.slice(0, applied))
  const missing = expected.filter((name) => !there.has(name))
  if (missing.length > 0) return schemaIncomplete(`table "${missing[0]}" is missing`)
  if (applied > 0) return null
  const unexplained = tablesOf(MIGRATIONS).filter((name) => there.has(name))
  return unexplained.length === 0
    ? null
    : schemaIncomplete(`table "${unexplained[0]}" is there, but no migration is recorded`)
}

async function appliedMigrations(db: Database): Promise<string[]> {
  const table = await sql<{ found: string | null }>`select to_regclass('kysely_migration')::text as found`.execute(db)
  if (!table.rows[0]?.found) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map((row) => row.name)
}

function runnable(): Record<string, Migration> {
  return Object.fromEntries(
    MIGRATIONS.map(({ name, statements }): [string, Migration] => [
      name,
      {
        up: async (db) => {
          for (const statement of statements) await sql.raw(statement).execute(db)
        },
      },
    ]),
  )
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10)
}
