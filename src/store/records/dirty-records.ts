import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'
import { COLUMNS, toRecord } from './read-records.ts'

export type DirtyRecord = {
  readonly record: CrmRecord
  readonly keys: readonly string[]
  readonly accountId: string | null
}

/**
 * Records that something happened to since they were last decided, locked until the transaction ends. Those that the
 * CRM must be asked about first are left until the answer is there.
 */
export async function takeDirtyRecords(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  limit: number,
): Promise<DirtyRecord[]> {
  type Row = Parameters<typeof toRecord>[0] & { keys: string[]; account_id: string | null }
  const { rows } = await sql<Row>`
    select ${COLUMNS}, r.keys, r.account_id
    from (
      select * from record
      where connection_id = ${connectionId} and (needs_read is null) and dirty_since is not null
      order by dirty_since
      limit ${limit}
      for update skip locked
    ) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type`.execute(trx)
  return rows.map((row) => ({ record: toRecord(row), keys: row.keys, accountId: row.account_id }))
}

export async function markDecided(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  decided: readonly { readonly objectType: string; readonly recordId: string; readonly recheckAtMs: number | null }[],
): Promise<void> {
  if (decided.length === 0) return
  await sql`
    update record r set dirty_since = null, recheck_at = x.at
    from unnest(${decided.map((d) => d.objectType)}::text[], ${decided.map((d) => d.recordId)}::text[],
                ${decided.map((d) => (d.recheckAtMs === null ? null : new Date(d.recheckAtMs)))}::timestamptz[]) as x(t, i, at)
    where r.connection_id = ${connectionId} and r.object_type = x.t and r.record_id = x.i`.execute(trx)
}
