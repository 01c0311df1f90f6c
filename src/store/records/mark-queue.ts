import { type Kysely, type RawBuilder, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import { isStillConnected } from '../connections/lifecycle-lock.ts'
import type { Database } from '../database/database.ts'
import { tryStageLock } from '../database/locks.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'

/**
 * Of which records a decision is asked for: of an owner, of the people of an account, of the holders of a match key, or
 * with an open case of a person, by e-mail, or of a workflow. Each may be any number, so they are marked in batches.
 */
export type MarkedBy = 'owner' | 'account' | 'key' | 'case-owner' | 'case-workflow'

/** Everything of this connection is marked. What an earlier request has left to mark is in it. */
export async function queueAll(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`insert into redecide_queue (connection_id) values (${connectionId})
    on conflict (connection_id) do update set object_type = '', record_id = ''`.execute(trx)
}

/**
 * Asks that these records be decided again, after the commit and before the next decision of the connection. What an
 * earlier request has left to mark is in it. In one order, because two may ask for the same.
 */
export async function queueMarks(
  trx: Kysely<Tables>,
  connectionId: string,
  markedBy: MarkedBy,
  values: readonly string[],
): Promise<void> {
  if (values.length === 0) return
  // Only people and accounts are decided.
  const objects =
    markedBy === 'account' ? objectsAbout('person') : [...objectsAbout('person'), ...objectsAbout('account')]
  await sql`
    insert into mark_queue (connection_id, marked_by, value, object_type)
    select ${connectionId}, ${markedBy}, v, o
    from (select distinct * from unnest(${values}::text[]) as v) v cross join (
      select distinct * from unnest(${objects}::text[]) as o) o
    order by v, o
    on conflict (connection_id, marked_by, value, object_type) do update set after_id = ''`.execute(trx)
}

/** Marks what is decided beside records of an owner, in the transaction that marks these. */
type BesideOwned = (
  trx: Kysely<Tables>,
  connectionId: string,
  owned: { readonly objectType: string; readonly recordIds: readonly string[] },
) => Promise<void>

type Place = {
  readonly markedBy: MarkedBy
  readonly value: string
  readonly objectType: string
  readonly afterId: string
}

/**
 * Marks the next records of what is queued. True: there are more. Records are locked before the place is moved, as by
 * those who queue; a request that came meanwhile has set the place back, and then it stays there.
 */
export async function markNextQueued(
  db: Database,
  connectionId: string,
  atOnce: number,
  besideOwned: BesideOwned = async () => {},
): Promise<boolean> {
  // Nearly always there is nothing, and this is asked before every batch of decisions.
  if ((await nextPlace(db, connectionId)) === null) return false
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connectionId))) return await forget(trx, connectionId)
    // Another is at it; it wakes the stage for what it leaves.
    if (!(await tryStageLock(trx, `mark-queue/${connectionId}`))) return false
    for (let left = atOnce; left > 0; ) {
      const place = await nextPlace(trx, connectionId)
      if (place === null) return false
      const recordIds = await markAfter(trx, connectionId, place, left)
      const n = recordIds.length
      await movePlace(trx, connectionId, place, n < left ? null : recordIds.at(-1)!)
      if (place.markedBy === 'owner') await besideOwned(trx, connectionId, { objectType: place.objectType, recordIds })
      // An object without any counts a little too, so that one transaction looks at a bounded number of them.
      left -= Math.max(n, 20)
    }
    return (await nextPlace(trx, connectionId)) !== null
  })
}

async function nextPlace(db: Kysely<Tables>, connectionId: string): Promise<Place | null> {
  const { rows } = await sql<Place>`
    select marked_by as "markedBy", value, object_type as "objectType", after_id as "afterId" from mark_queue
    where connection_id = ${connectionId} order by marked_by, value, object_type limit 1`.execute(db)
  return rows[0] ?? null
}

/** Null: everything there is marked. */
async function movePlace(
  trx: Kysely<Tables>,
  connectionId: string,
  { markedBy, value, objectType, afterId }: Place,
  last: string | null,
): Promise<void> {
  const here = sql`connection_id = ${connectionId} and marked_by = ${markedBy} and value = ${value}
    and object_type = ${objectType} and after_id = ${afterId}`
  if (last === null) await sql`delete from mark_queue where ${here}`.execute(trx)
  else await sql`update mark_queue set after_id = ${last} where ${here}`.execute(trx)
}

async function forget(trx: Kysely<Tables>, connectionId: string): Promise<false> {
  await sql`delete from mark_queue where connection_id = ${connectionId}`.execute(trx)
  return false
}

/**
 * As `markRows` in mark-dirty.ts, of one object and from one id on: a row that a decision holds is waited for, and
 * marked after it.
 */
async function markAfter(
  trx: Kysely<Tables>,
  connectionId: string,
  { markedBy, value, objectType, afterId }: Place,
  limit: number,
): Promise<readonly string[]> {
  const ids = MARKED_IDS[markedBy]({ connectionId, value, objectType })
  const { rows } = await sql<{ ids: string[] }>`
    with target as materialized (
      select record_id from (${ids}) x where record_id > ${afterId} order by record_id limit ${limit}
    ), locked as materialized (
      select r.record_id, r.dirty_since from target join record r on r.connection_id = ${connectionId}
        and r.object_type = ${objectType} and r.record_id = target.record_id
      order by r.record_id for update of r
    ), marked as (
      update record r set dirty_since = clock_timestamp() from locked l
      where r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.record_id = l.record_id
        and l.dirty_since is null
    )
    select coalesce(array_agg(record_id order by record_id), '{}') as ids from target`.execute(trx)
  return rows[0]!.ids
}

/** As values, or as the columns of a row of the queue. */
type Of = Readonly<Record<'connectionId' | 'value' | 'objectType', string | RawBuilder<string>>>

/** Each by an index that ends with the record's id, so that a batch costs the same wherever it begins. */
export const MARKED_IDS: Readonly<Record<MarkedBy, (of: Of) => RawBuilder<unknown>>> = {
  owner: ({ connectionId, value, objectType }) => sql`select record_id from record
    where connection_id = ${connectionId} and owner_id = ${value} and object_type = ${objectType}`,
  account: ({ connectionId, value, objectType }) => sql`select record_id from record
    where connection_id = ${connectionId} and object_type = ${objectType} and account_id = ${value}`,
  key: ({ connectionId, value, objectType }) => sql`select record_id from match_key
    where key = ${value} and connection_id = ${connectionId} and object_type = ${objectType}`,
  'case-owner': ({ connectionId, value, objectType }) => sql`select distinct record_id from exception
    where connection_id = ${connectionId} and status = 'open' and owner_email = ${value} and object_type = ${objectType}`,
  'case-workflow': ({ connectionId, value, objectType }) => sql`select distinct record_id from exception
    where connection_id = ${connectionId} and status = 'open' and workflow = ${value} and object_type = ${objectType}`,
}
