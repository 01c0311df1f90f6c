import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
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

/**
 * Runs `work` while nobody else does under this name, in any process, or says at once (null) that another does. Holds one
 * connection of the pool meanwhile and no transaction; when the process dies, Postgres drops the lock with it.
 */
export async function aloneOrNull<T>(db: Database, name: string, work: () => Promise<T>): Promise<T | null> {
  return db.connection().execute(async (held) => {
    const { rows } = await sql<{ got: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${name}, 0)) as got`.execute(held)
    if (!rows[0]!.got) return null
    try {
      return await work()
    } finally {
      // Where the connection is lost, so is the lock.
      await sql`select pg_advisory_unlock(hashtextextended(${name}, 0))`.execute(held).catch(() => undefined)
    }
  })
}
