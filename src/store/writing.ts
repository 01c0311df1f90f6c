import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** That this connection may be written to, for a statement that has its row as `c`. */
export const WRITES = sql`(c.writes_since is not null and c.status <> 'disconnected')`

/** Whether anything may be written to this CRM. One probe by primary key: what people change counts at once. */
export async function mayWrite(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from connection c where c.id = ${connectionId} and ${WRITES}`.execute(db)
  return rows.length > 0
}

/**
 * For work that keeps what a connection says, or what follows from it: until the transaction ends, nobody ends the
 * connection. False: it was ended, and nothing may be kept. The first thing in its transaction, because an end that waits
 * lets nobody past: who waits behind it must hold no other lock.
 */
export async function holdOpen(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  await sql`select pg_advisory_xact_lock_shared(${openOf(connectionId)})`.execute(trx)
  // A statement of its own, so that it sees what was committed before the lock was there.
  const { rows } = await sql`
    select 1 from connection where id = ${connectionId} and status <> 'disconnected'`.execute(trx)
  return rows.length > 0
}

/**
 * For who ends a connection: waits for those that hold it open, and keeps others out until the transaction ends, which then see
 * that it was ended. The first thing in its transaction.
 */
export async function awaitHolders(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${openOf(connectionId)})`.execute(trx)
}

const openOf = (connectionId: string) => sql`hashtextextended('open/' || ${connectionId}::text, 0)`

/** False: it was so already, or there is no such connection. */
export async function setWriting(
  trx: Kysely<Tables>,
  connectionId: string,
  { allowed, by }: { readonly allowed: boolean; readonly by: string },
): Promise<boolean> {
  const { rows } = await sql`
    update connection set writes_since = case when ${allowed} then clock_timestamp() end, writes_by = ${by}
    where id = ${connectionId} and status <> 'disconnected' and (writes_since is not null) <> ${allowed}
    returning 1`.execute(trx)
  return rows.length > 0
}
