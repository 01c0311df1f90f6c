import { type Kysely, sql } from 'kysely'

/** What of an object's fields is no longer as the policies were written for: see FieldDrift in src/model/record/schema-drift.ts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table object_schema add column drift jsonb not null default '[]'`.execute(db)
}
