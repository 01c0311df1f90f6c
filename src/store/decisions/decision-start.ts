import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/**
 * Whether no record of any connection has been decided so far, which stays so until the transaction ends. False as well
 * while a decision is under way. An import then need not look for records that its own make worth another decision.
 */
export async function isNothingDecided(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows: locked } = await sql<{ got: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('undecided/' || ${connectionId}, 0)) as got`.execute(trx)
  if (!locked[0]!.got) return false
  // A statement of its own, so that it sees what was committed before the lock was there.
  const { rows } = await sql`select 1 from connection where decided_at is not null limit 1`.execute(trx)
  return rows.length === 0
}

/**
 * Before a batch is decided: waits for pages that are imported on the word that nothing is decided, and takes that word
 * back. One lock per connection, so that imports of two CRMs do not wait for each other.
 */
export async function beginDeciding(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended('undecided/' || id, 0)) from (
    select id from connection order by id) c`.execute(trx)
  await sql`update connection set decided_at = clock_timestamp() where id = ${connectionId} and decided_at is null`.execute(
    trx,
  )
}
