import { type Kysely, sql } from 'kysely'

/** When the records of a connection were first decided: until then an import has no decision to take back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column decided_at timestamptz`.execute(db)
  await sql`update connection set decided_at = now()`.execute(db)
}
