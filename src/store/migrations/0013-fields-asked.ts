import { type Kysely, sql } from 'kysely'

/**
 * Which fields of an object are asked for whenever it is read. A record without any value for one of them, not even a
 * blank, was not read since. Null: by a version that did not note it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table object_schema add column asked text[]`.execute(db)
}
