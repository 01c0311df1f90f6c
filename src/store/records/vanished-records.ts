import { type Kysely, sql } from 'kysely'
import type { RecordRef } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'

type Id = Pick<RecordRef, 'objectType' | 'recordId'>

/** Notes that the CRM has these no more. What is noted already keeps its first time. */
export async function noteGone(trx: Kysely<Tables>, connectionId: string, gone: readonly Id[]): Promise<void> {
  if (gone.length === 0) return
  await sql`
    insert into vanished_record (connection_id, object_type, record_id)
    select ${connectionId}, t, i
    from unnest(${gone.map((one) => one.objectType)}::text[], ${gone.map((one) => one.recordId)}::text[]) as x(t, i)
    order by t, i
    on conflict do nothing`.execute(trx)
}

/** Of one object, those that were found gone at least `afterS` ago, oldest first. */
export async function dueGone(
  db: Kysely<Tables>,
  connectionId: string,
  { afterS, limit }: { readonly afterS: number; readonly limit: number },
): Promise<{ readonly objectType: string; readonly recordIds: readonly string[] } | null> {
  const { rows } = await sql<{ objectType: string; recordId: string }>`
    with due as materialized (
      select object_type, record_id, found_at from vanished_record
      where connection_id = ${connectionId} and found_at <= clock_timestamp() - ${afterS} * interval '1 second'
      order by found_at limit ${limit}
    )
    select object_type as "objectType", record_id as "recordId" from due
    where object_type = (select object_type from due order by found_at limit 1)`.execute(db)
  const [first] = rows
  return first === undefined ? null : { objectType: first.objectType, recordIds: rows.map((row) => row.recordId) }
}

export async function finishGone(
  trx: Kysely<Tables>,
  connectionId: string,
  { objectType, recordIds }: { readonly objectType: string; readonly recordIds: readonly string[] },
): Promise<void> {
  await sql`
    delete from vanished_record
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = any(${recordIds}::text[])`.execute(
    trx,
  )
}
