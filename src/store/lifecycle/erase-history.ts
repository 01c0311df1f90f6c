import { type Kysely, sql } from 'kysely'
import { isStillDue } from '../connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { eraseLedgerBodies } from '../ledger/erasures.ts'

const BATCH_ROWS = 10_000

/**
 * Everything that names a connection goes, whatever table holds it, except the connection's own row and the ledger, whose
 * bodies are erased. Found by their column, so that a table of tomorrow is not forgotten.
 */
const KEPT: ReadonlySet<string> = new Set(['ledger'])

/** Rows that others refer to come last. */
const ORDER = ['intent', 'exception', 'task']

/**
 * Asks that the history go. Until it has, whoever looks after ended connections goes on with it. False: that was asked
 * before.
 */
export async function requestErasure(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql`
    update connection set erase_since = clock_timestamp()
    where id = ${connectionId} and status = 'disconnected' and erase_since is null returning 1`.execute(trx)
  return rows.length > 0
}

/** Since when an erasure is under way; null: none is, or it is through. */
export async function unfinishedErasure(db: Kysely<Tables>, connectionId: string): Promise<Date | null> {
  const { rows } = await sql<{ since: Date }>`
    select erase_since as since from connection
    where id = ${connectionId} and status = 'disconnected' and erased_at is null and erase_since is not null`.execute(
    db,
  )
  return rows[0]?.since ?? null
}

/**
 * Erases the history of an ended connection where that was asked for, in batches that each ask first whether it is still
 * ended; stopped in the middle, the next call goes on. What other connections' cases knew of its records goes too, and
 * those are decided again. The ledger's hashes stay, so that the chain still verifies. Once it was through, the next calls
 * erase what came late. Returns how many rows were deleted; null: it was not asked for, or the connection was connected
 * again.
 */
export async function eraseHistory(db: Database, connectionId: string): Promise<number | null> {
  const { rows } = await sql<{ revision: number; is_late: boolean }>`
    select revision, erased_at is not null as is_late from connection
    where id = ${connectionId} and status = 'disconnected' and erase_since is not null and follow_up is null`.execute(
    db,
  )
  if (!rows[0]) return null
  const { revision, is_late: isLate } = rows[0]
  const due = { connectionId, followUp: 'erase', revision } as const
  /** In transactions that run again: others may be at the same rows. Null: no longer wanted. */
  const batch: Batch = (work) => inTransaction(db, async (trx) => ((await isStillDue(trx, due)) ? work(trx) : null))
  let deleted = 0
  if (!(await forgetInOtherCases(db, connectionId, batch))) return null
  for (const table of await tablesOf(db)) {
    for (;;) {
      const n = await batch(async (trx) => {
        const { numAffectedRows } = await sql`
          delete from ${sql.table(table)} where ctid = any(array(
            select ctid from ${sql.table(table)} where connection_id = ${connectionId} limit ${BATCH_ROWS}
            for update))`.execute(trx)
        return Number(numAffectedRows ?? 0)
      })
      if (n === null) return null
      deleted += n
      if (n < BATCH_ROWS) break
    }
  }
  if (!(await eraseBodies(db, connectionId, { isLate, batch }))) return null
  const done = await batch((trx) =>
    sql`
      update connection set baseline = '{"done":false,"objects":{}}', replay_id = null, polled_at = null,
        access = null, access_checked_at = null, stream_state = null, stream_seen_at = null, reading_until = null,
        reading_by = null, erased_at = coalesce(erased_at, clock_timestamp())
      where id = ${connectionId}`.execute(trx),
  )
  return done === null ? null : deleted
}

type Batch = <T>(work: (trx: DatabaseTransaction) => Promise<T>) => Promise<T | null>

async function tablesOf(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.table_name as name from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = current_schema() and c.column_name = 'connection_id' and t.table_type = 'BASE TABLE'`.execute(
    db,
  )
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : -1)
  return rows
    .map(({ name }) => name)
    .filter((name) => !KEPT.has(name))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** Cases elsewhere that were about one of its records too, two owners of one person say. False: no longer wanted. */
async function forgetInOtherCases(db: Database, connectionId: string, batch: Batch): Promise<boolean> {
  const involved = JSON.stringify([{ connectionId }])
  const { rows } = await sql<{ last: number | null }>`select max(id) as last from exception`.execute(db)
  const last = rows[0]?.last ?? 0
  for (let after = 0; after < last; after += BATCH_ROWS) {
    const from = after
    const done = await batch(async (trx) => {
      await sql`
        with touched as (
          update exception e set what = 'One of the records was erased.', evidence = '{}'::jsonb, cause_title = null,
            changed_facts = null,
            involves = (select coalesce(jsonb_agg(i), '[]'::jsonb) from jsonb_array_elements(e.involves) i
                        where i->>'connectionId' <> ${connectionId})
          where e.id > ${from} and e.id <= ${from + BATCH_ROWS} and e.connection_id <> ${connectionId}
            and e.involves @> ${involved}::jsonb
          returning e.connection_id, e.object_type, e.record_id
        )
        update record r set dirty_since = coalesce(r.dirty_since, clock_timestamp()) from touched o
        where r.connection_id = o.connection_id and r.object_type = o.object_type and r.record_id = o.record_id`.execute(
        trx,
      )
      return true
    })
    if (done === null) return false
  }
  return true
}

/** What came late is among the newest entries: a pass follows within seconds, and no more are appended meanwhile. */
async function eraseBodies(
  db: Database,
  connectionId: string,
  { isLate, batch }: { readonly isLate: boolean; readonly batch: Batch },
): Promise<boolean> {
  const involved = JSON.stringify([{ connectionId }])
  const { rows } = await sql<{ last: number | null }>`select max(seq) as last from ledger`.execute(db)
  const last = rows[0]?.last ?? 0
  for (let after = isLate ? Math.max(0, last - BATCH_ROWS) : 0; after < last; after += BATCH_ROWS) {
    const from = after
    const erased = await batch((trx) =>
      eraseLedgerBodies(
        trx,
        sql`seq > ${from} and seq <= ${from + BATCH_ROWS}
        and (starts_with(subject, ${`${connectionId}/`})
          or (subject = ${connectionId} and kind <> 'connection-ended')
          or (kind like 'exception-%' and body::jsonb->'involves' @> ${involved}::jsonb))`,
        { subject: connectionId, because: 'The history of the connection was erased' },
      ),
    )
    if (erased === null) return false
  }
  return true
}
