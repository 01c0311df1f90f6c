import { type Kysely, sql } from 'kysely'
import type { RecordRef } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'

/** Minutes after the first pass: what was being written or sent during it has ended by then, and is erased as well. */
const LATER_PASSES_MIN = [1, 15]

/** A record that is to be erased, in a transaction that keeps other processes from it. */
export async function takeErasureDue(trx: Kysely<Tables>): Promise<RecordRef | null> {
  const { rows } = await sql<RecordRef>`
    select connection_id as "connectionId", object_type as "objectType", record_id as "recordId" from erasure_due
    where due_at <= clock_timestamp() order by due_at limit 1 for update skip locked`.execute(trx)
  return rows[0] ?? null
}

/** One pass is done: the next is due later, and after the last one nothing is. */
export async function finishErasurePass(trx: Kysely<Tables>, record: RecordRef): Promise<void> {
  await sql`
    update erasure_due set passes = passes + 1,
      due_at = clock_timestamp() + (${LATER_PASSES_MIN}::int[])[passes + 1] * interval '1 minute'
    where ${named(record)} and passes < ${LATER_PASSES_MIN.length}`.execute(trx)
  await sql`delete from erasure_due where ${named(record)} and due_at <= clock_timestamp()`.execute(trx)
}

/** It failed, and must not hold up the others. */
export async function postponeErasure(db: Kysely<Tables>, record: RecordRef): Promise<void> {
  await sql`update erasure_due set due_at = clock_timestamp() + interval '1 minute' where ${named(record)}`.execute(db)
}

const named = ({ connectionId, objectType, recordId }: RecordRef) =>
  sql<boolean>`connection_id = ${connectionId} and object_type = ${objectType} and record_id = ${recordId}`

/** Records that were merged into this one, chains included, whether or not their rows still say so. */
export async function mergedAway(trx: Kysely<Tables>, record: RecordRef): Promise<string[]> {
  const { connectionId, objectType } = record
  const { rows } = await sql<{ id: string }>`
    with recursive gone(id) as (
      select ${record.recordId}::text
      union
      select l.id from gone g cross join lateral (
        select r.record_id from record r
        where r.connection_id = ${connectionId} and r.object_type = ${objectType} and r.merged_into = g.id
        union all
        select unnest(e.merged_ids) from change_event e
        where e.connection_id = ${connectionId} and e.object_type = ${objectType} and e.record_id = g.id
          and e.kind = 'merged'
      ) as l(id)
    )
    select id from gone where id <> ${record.recordId}`.execute(trx)
  return rows.map(({ id }) => id)
}

/** Of these records, those that were erased, and when by the CRM's clock. */
export async function erasedAmong(
  trx: Kysely<Tables>,
  { connectionId, objectType }: Pick<RecordRef, 'connectionId' | 'objectType'>,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly atMs: number; readonly order: number }>> {
  const { rows } = await sql<{ id: string; atMs: number; order: number }>`
    select record_id as id, (stamps->'@erased'->>'atMs')::bigint as "atMs", (stamps->'@erased'->>'order')::bigint as "order"
    from record where connection_id = ${connectionId} and object_type = ${objectType}
      and record_id = any(${recordIds}::text[]) and stamps ? '@erased'`.execute(trx)
  return new Map(rows.map(({ id, ...at }) => [id, at]))
}
