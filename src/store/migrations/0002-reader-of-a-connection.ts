import { type Kysely, sql } from 'kysely'

/** Who reads a connection, so that a reader who was killed does not keep it from being read until the lease ends. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column reading_by text`.execute(db)
}
