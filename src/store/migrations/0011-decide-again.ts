import { type Kysely, sql } from 'kysely'

/**
 * Connections of which everything is to be decided again, and how far the marking of their records got: the last that
 * was marked, '' before the first.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table decide_again (
    connection_id text primary key,
    object_type text not null default '',
    record_id text not null default ''
  )`.execute(db)
}
