import { type Kysely, sql } from 'kysely'
import { isStillConnected, shareLife } from '../connections/lifecycle-lock.ts'
import type { Database } from '../database/database.ts'
import { stageLock } from '../database/locks.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { queueRedecisionEverywhere } from '../decisions/redecide-queue.ts'
import { markMatchesElsewhere } from '../records/mark-dirty.ts'

/**
 * A connection joins the others when its import is done and folded, and after it was connected again when its records are
 * back. Until then its records are not decided and are nobody's neighbours, because half a picture gives wrong ones, and
 * every other connection goes on without it.
 */

/** Records of a connection whose neighbours elsewhere are marked in one transaction; each may have many. */
const MARKED_AT_ONCE = 500

/** Whether its records are decided and compared with. Stays so under the lock of `apply`, which joining takes as well. */
export async function isJoined(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from connection where id = ${connectionId} and joined_at is not null`.execute(db)
  return rows.length > 0
}

/** As `isJoined`, and it stays so until the transaction ends: one that was ended is not joined. */
export async function isStillJoined(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  await shareLife(trx, connectionId)
  // A statement of its own, so that it sees what was committed before the lock was there.
  return isJoined(trx, connectionId)
}

/**
 * Takes in every connection whose import is over. True: one came in. Nearly always a probe of a table of few rows. One that
 * cannot be taken in holds up no other.
 */
export async function joinConnections(db: Database): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    select id from connection c
    where joined_at is null and ${IS_READ} order by id`.execute(db)
  let isAnyNew = false
  const failures: unknown[] = []
  for (const { id } of rows) {
    const isNew = await join(db, id).catch((error) => void failures.push(error))
    if (isNew === true) isAnyNew = true
  }
  // It is tried again at the next turn, and said then where it fails alone.
  if (failures.length > 0 && !isAnyNew) throw failures[0]
  return isAnyNew
}

/** Asked of the rows that are not among the others yet, and the events by an index of those of imports alone. */
const IS_READ = sql`c.status <> 'disconnected' and (c.baseline->>'done')::boolean and c.follow_up is null
  and not exists (select 1 from change_event e
    where e.connection_id = c.id and e.state = 'received' and e.source = 'baseline')`

async function join(db: Database, connectionId: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connectionId))) return false
    // The stage that folds records looks under this lock whether their neighbours have to be marked.
    await stageLock(trx, `apply/${connectionId}`)
    const { rows } = await sql`
      update connection c set joined_at = clock_timestamp()
      where id = ${connectionId} and joined_at is null and ${IS_READ} returning 1`.execute(trx)
    if (rows.length === 0) return false
    // Each of its records is marked already, and what matches them elsewhere is marked now.
    await sql`delete from mark_queue where connection_id = ${connectionId}`.execute(trx)
    await sql`delete from redecide_queue where connection_id = ${connectionId}`.execute(trx)
    await sql`insert into join_queue (connection_id) values (${connectionId})
      on conflict (connection_id) do update set object_type = '', record_id = ''`.execute(trx)
    // What of it cannot be seen may be a match of any record.
    const { rows: unseen } = await sql`select 1 from object_schema where connection_id = ${connectionId}
      and (cardinality(unreadable) > 0 or refused_since is not null or drift <> '[]'::jsonb) limit 1`.execute(trx)
    if (unseen.length > 0) await queueRedecisionEverywhere(trx)
    return true
  })
}

/**
 * Marks the next records of other connections that match those of one that joined. Each mark is made after the joining was
 * committed, and waits for a decision that holds the record: that one may not have seen it. True: there are more.
 */
export async function markNextJoined(db: Database, atOnce = MARKED_AT_ONCE): Promise<boolean> {
  const { rows } = await sql`select 1 from join_queue limit 1`.execute(db)
  if (rows.length === 0) return false
  return inTransaction(db, async (trx) => {
    const { rows: waiting } = await sql<{ connectionId: string; objectType: string; recordId: string }>`
      select connection_id as "connectionId", object_type as "objectType", record_id as "recordId" from join_queue
      order by connection_id limit 1 for update skip locked`.execute(trx)
    const [place] = waiting
    if (place === undefined) return false
    const { connectionId } = place
    const last = (await isStillJoined(trx, connectionId))
      ? await markMatchesElsewhere(trx, connectionId, place, atOnce)
      : null
    if (last === null) await sql`delete from join_queue where connection_id = ${connectionId}`.execute(trx)
    else {
      await sql`update join_queue set object_type = ${last.objectType}, record_id = ${last.recordId}
        where connection_id = ${connectionId}`.execute(trx)
    }
    return true
  })
}
