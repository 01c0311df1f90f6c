import { type Kysely, sql } from 'kysely'

/**
 * Where a poll that did not come to the end of an object goes on, with the time that its cursor belongs to and the latest
 * change that it has seen. And since when a CRM refuses an object as a whole.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table reconcile_watermark add column cursor text, add column since_ms bigint,
    add column latest_ms bigint`.execute(db)
  await sql`alter table object_schema add column refused_since timestamptz`.execute(db)
}
