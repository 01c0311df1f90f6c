import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'
import { inTransaction } from './transaction.ts'

const BATCH_ROWS = 10_000

/**
 * Everything that names a connection goes, whatever table holds it, except the connection's own row and the ledger, whose
 * bodies are erased. Found by their column, so that a table of tomorrow is not forgotten.
 */
const KEPT: ReadonlySet<string> = new Set(['ledger'])

/** Rows that others refer to come last. */
const ORDER = ['intent', 'exception', 'task']

/** Asks that the history go. Until it has, whoever follows the connections goes on with it. */
export async function requestErasure(db: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`update connection set erase_since = coalesce(erase_since, clock_timestamp())
    where id = ${connectionId} and status = 'disconnected'`.execute(db)
}

/** A delivery or page that was being stored when the connection ended may come this late; it is erased as well. */
const LATE_MINUTES = 10

export async function connectionsToErase(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from connection where status = 'disconnected'
      and erase_since > clock_timestamp() - make_interval(mins => ${LATE_MINUTES})`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * Erases the history of an ended connection in batches; stopped in the middle, the next call goes on. What other
 * connections' cases knew of its records goes too, and those are decided again. The ledger's hashes stay, so that the
 * chain still verifies. Returns how many rows were deleted.
 */
export async function eraseHistory(db: Database, connectionId: string): Promise<number> {
  let deleted = 0
  // In transactions that run again: stages that are still at work may meet them.
  await inTransaction(db, (trx) => forgetInOtherCases(trx, connectionId))
  for (const table of await tablesOf(db)) {
    for (;;) {
      const { numAffectedRows } = await inTransaction(db, (trx) =>
        sql`
          delete from ${sql.table(table)} where ctid = any(array(
            select ctid from ${sql.table(table)} where connection_id = ${connectionId} limit ${BATCH_ROWS}
            for update skip locked))`.execute(trx),
      )
      deleted += Number(numAffectedRows ?? 0)
      if ((numAffectedRows ?? 0n) < BigInt(BATCH_ROWS)) break
    }
  }
  await eraseBodies(db, connectionId)
  await sql`
    update connection set baseline = '{"done":false,"objects":{}}', replay_id = null, reconciled_at = null, access = null,
      access_checked_at = null, stream_state = null, stream_seen_at = null, reading_until = null, reading_by = null
    where id = ${connectionId} and status = 'disconnected'`.execute(db)
  return deleted
}

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

/** Cases elsewhere that were about one of its records too, two owners of one person say. */
async function forgetInOtherCases(db: Kysely<Tables>, connectionId: string): Promise<void> {
  const involved = JSON.stringify([{ connectionId }])
  await sql`
    with touched as (
      update exception e set what = 'One of the records was erased.', evidence = '{}'::jsonb, cause_title = null,
        involves = (select coalesce(jsonb_agg(i), '[]'::jsonb) from jsonb_array_elements(e.involves) i
                    where i->>'connectionId' <> ${connectionId})
      where e.connection_id <> ${connectionId} and e.involves @> ${involved}::jsonb
      returning e.connection_id, e.object_type, e.record_id
    )
    update record r set dirty_since = coalesce(r.dirty_since, clock_timestamp()) from touched o
    where r.connection_id = o.connection_id and r.object_type = o.object_type and r.record_id = o.record_id`.execute(db)
}

async function eraseBodies(db: Database, connectionId: string): Promise<void> {
  const involved = JSON.stringify([{ connectionId }])
  const { rows } = await sql<{ last: number | null }>`select max(seq) as last from ledger`.execute(db)
  for (let after = 0; after < (rows[0]?.last ?? 0); after += BATCH_ROWS) {
    const from = after
    await inTransaction(db, (trx) =>
      sql`
      update ledger set body = null
      where seq > ${from} and seq <= ${from + BATCH_ROWS} and body is not null
        and (starts_with(subject, ${`${connectionId}/`})
          or (subject = ${connectionId} and kind <> 'connection-ended')
          or (kind like 'exception-%' and body::jsonb->'involves' @> ${involved}::jsonb))`.execute(trx),
    )
  }
}
