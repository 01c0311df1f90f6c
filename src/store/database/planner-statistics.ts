import { sql } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './transaction.ts'

/**
 * Tells the planner what these tables have become. They go from nothing to a million rows before autovacuum looks at
 * them, and until then each index seems as good as the other: taking 250 records to decide read all that waited, at
 * every batch. Only of the columns that are looked up by, and from a small sample: a fraction of a second. Of every such
 * column: one that is left out is thought never to be null, and then its partial index seems to hold the whole table.
 */
export async function analyzeRecords(db: Database): Promise<void> {
  await inTransaction(db, async (trx) => {
    // 3,000 rows of each table instead of 30,000: enough to tell one connection from thousands of ids.
    await sql`set local default_statistics_target = 10`.execute(trx)
    await sql`analyze
      record (connection_id, object_type, record_id, owner_id, account_id, deleted, merged_into, needs_read, read_after,
        dirty_since, unseen_since, unseen_look_at),
      match_key (key, connection_id, object_type, record_id),
      change_event (id, connection_id, object_type, record_id, dedupe_key, state, source, retry_at)`.execute(trx)
  })
}
