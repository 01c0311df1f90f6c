import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** A lock until the end of the transaction, waited for. */
export async function stageLock(trx: Kysely<Tables>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx)
}

/** A lock until the end of the transaction, or false at once when another holds it. Saves wasted work; guards no data. */
export async function tryStageLock(trx: Kysely<Tables>, name: string): Promise<boolean> {
  const { rows } = await sql<{ got: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as got`.execute(trx)
  return rows[0]!.got
}
