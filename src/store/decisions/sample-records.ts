import { type Kysely, sql } from 'kysely'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'
import { COLUMNS, FROM, toRecord } from '../records/read-records.ts'

export type SampledRecord = { readonly record: CrmRecord; readonly keys: string[]; readonly accountId: string | null }

/**
 * At most so many live records of an object, spread over all of them: every nth by a hash of its id, so that a sample is not
 * the oldest ones. With how many there are.
 */
export async function sampleRecords(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  most: number,
): Promise<{ readonly records: readonly SampledRecord[]; readonly of: number }> {
  const counted = await sql<{ n: number }>`
    select count(*)::int as n from record
    where connection_id = ${connectionId} and object_type = ${objectType} and not deleted and merged_into is null`.execute(
    db,
  )
  const of = counted.rows[0]!.n
  if (of === 0) return { records: [], of }
  const every = Math.max(1, Math.ceil(of / most))
  const { rows } = await sql<Parameters<typeof toRecord>[0] & { keys: string[]; account_id: string | null }>`
    select ${COLUMNS}, r.keys, r.account_id from ${FROM}
    where r.connection_id = ${connectionId} and r.object_type = ${objectType} and not r.deleted and r.merged_into is null
      and mod(abs(hashtext(r.record_id)::bigint), ${every}) = 0
    order by r.record_id limit ${most}`.execute(db)
  return { records: rows.map((row) => ({ record: toRecord(row), keys: row.keys, accountId: row.account_id })), of }
}

/** Changes of these objects that came on each of the last seven days, by the day's average: what keeps people busy. */
export async function recordsChangedPerDay(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select (count(distinct (record_id, received_at::date)) / 7.0)::float8 as n from change_event
    where connection_id = ${connectionId} and object_type = ${objectType} and received_at > now() - interval '7 days'`.execute(
    db,
  )
  return rows[0]!.n
}
