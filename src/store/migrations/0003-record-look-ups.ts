import { type Kysely, sql } from 'kysely'

/** Look-ups of records cost the same whatever waits beside them, and leads are found by their account's domain. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // Of one connection, those that may be decided now, oldest first: without stepping over those that are still read.
  'drop index record_dirty',
  `create index record_to_decide on record (connection_id, (needs_read is null), dirty_since)
     where dirty_since is not null`,
  // Of one connection and object, those that may be read now: without stepping over those that are read later.
  'drop index record_needs_read',
  `create index record_to_read on record (connection_id, object_type, coalesce(read_after, '-infinity'::timestamptz))
     where needs_read is not null`,
  // The key under which an account finds its leads is made when a lead is folded: read each once more.
  `update record set needs_read = 'account-link' where object_type = 'Lead' and not deleted and needs_read is null`,
]
