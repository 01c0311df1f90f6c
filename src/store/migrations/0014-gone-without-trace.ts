import { type Kysely, sql } from 'kysely'

/** Records that a CRM has no more, not even in its recycle bin, and of which nobody said why. Looked at once more later. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table gone_without_trace (
      connection_id text not null references connection (id),
      object_type text not null,
      record_id text not null,
      found_at timestamptz not null default clock_timestamp(),
      primary key (connection_id, object_type, record_id)
    )`.execute(db)
  await sql`create index gone_without_trace_due on gone_without_trace (connection_id, found_at)`.execute(db)
}
