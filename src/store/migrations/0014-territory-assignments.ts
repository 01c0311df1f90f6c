import { type Kysely, sql } from 'kysely'

/**
 * Which records the CRM assigns to which territory, as last read. A deletion names the assignment and not its record, so
 * this is how the record is found. And how far the reading of them is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table territory_assignment (
    connection_id text not null,
    assignment_id text not null,
    object_type text not null,
    record_id text not null,
    territory_id text not null,
    primary key (connection_id, assignment_id)
  )`.execute(db)
  await sql`create index territory_assignment_record on territory_assignment (connection_id, object_type, record_id)`.execute(
    db,
  )
  await sql`create table assignment_poll (
    connection_id text primary key,
    -- counts every step, so that a poll which was overtaken by another cannot take it back
    version integer not null,
    place jsonb not null
  )`.execute(db)
}
