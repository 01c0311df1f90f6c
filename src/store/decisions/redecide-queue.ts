import { type Kysely, sql } from 'kysely'
import { isStillConnected } from '../connections/lifecycle-lock.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { markBesideOwned } from '../records/mark-beside-owned.ts'
import { markRangeDirty } from '../records/mark-dirty.ts'
import { markNextQueued, queueAll } from '../records/mark-queue.ts'
import { lookAtInputs } from './held-records.ts'

/**
 * Records that are marked in one transaction: it holds their rows for about a tenth of a second (measured with 300,000
 * records), and what the CRM says about them waits as long. A million takes about a minute, so whoever asks only notes it.
 */
const MARKED_AT_ONCE = 2_000

/** Everything of this connection is to be decided again. */
export async function queueRedecision(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await queueAll(trx, connectionId)
  // Whatever asked for it may change whose cases they are, and whether they are tasks.
  await lookAtInputs(trx)
}

/**
 * Everything of every connection: what can be read here changed, and records elsewhere are compared with these. Rare, and
 * as hard to tell apart as it is rare.
 */
export async function queueRedecisionEverywhere(trx: Kysely<Tables>): Promise<void> {
  await sql`insert into redecide_queue (connection_id) select id from connection where status <> 'disconnected' order by id
    on conflict (connection_id) do update set object_type = '', record_id = ''`.execute(trx)
  await lookAtInputs(trx)
}

/**
 * Marks the next records of a connection that are to be decided again, some (mark-queue.ts) or all. A mark is made after what asked for
 * it was committed, and waits for a decision that holds the record: that one may not have seen it. True: there are more.
 */
export async function markNextRedecisions(
  db: Database,
  connectionId: string,
  atOnce = MARKED_AT_ONCE,
): Promise<boolean> {
  const moreQueued = await markNextQueued(db, connectionId, atOnce, markBesideOwned)
  return (await markNextOfAll(db, connectionId, atOnce)) || moreQueued
}

async function markNextOfAll(db: Database, connectionId: string, atOnce: number): Promise<boolean> {
  // Nearly always there is nothing, and this is asked before every batch of decisions.
  if ((await placeOf(db, connectionId, sql``)) === null) return false
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connectionId))) return await finish(trx, connectionId)
    const place = await placeOf(trx, connectionId, sql`for update skip locked`)
    if (place === null) return false
    const last = await markRangeDirty(trx, connectionId, place, atOnce)
    if (last === null) return await finish(trx, connectionId)
    await sql`update redecide_queue set object_type = ${last.objectType}, record_id = ${last.recordId}
      where connection_id = ${connectionId}`.execute(trx)
    return true
  })
}

async function placeOf(db: Kysely<Tables>, connectionId: string, lock: ReturnType<typeof sql>) {
  const { rows } = await sql<{ objectType: string; recordId: string }>`
    select object_type as "objectType", record_id as "recordId" from redecide_queue
    where connection_id = ${connectionId} ${lock}`.execute(db)
  return rows[0] ?? null
}

async function finish(trx: Kysely<Tables>, connectionId: string): Promise<false> {
  await sql`delete from redecide_queue where connection_id = ${connectionId}`.execute(trx)
  return false
}
