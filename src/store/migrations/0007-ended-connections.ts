import { type Kysely, sql } from 'kysely'

/** A person ended a connection and wanted its history gone: since when, so that whoever dies meanwhile is made good. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column erase_since timestamptz`.execute(db)
}
