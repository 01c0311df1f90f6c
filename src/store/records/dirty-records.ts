import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'
import { holdersOf } from './key-holders.ts'
import { COLUMNS, HOLDERS_MAX, toRecord } from './read-records.ts'

/**
 * By workflow the version under which nothing is wanted of a record but what a change asks for: it was decided under it and
 * needed no write, or it changed since that version came.
 */
export type InStepWith = Readonly<Record<string, number>>

export type DirtyRecord = {
  readonly record: CrmRecord
  readonly keys: readonly string[]
  readonly accountId: string | null
  /** It changed in the CRM since it was last decided. */
  readonly touched: boolean
  readonly inStepWith: InStepWith
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
  type Row = Parameters<typeof toRecord>[0] & {
    keys: string[]
    account_id: string | null
    touched: boolean
    in_step_with: InStepWith
  }
  const { rows } = await sql<Row>`
    select ${COLUMNS}, r.keys, r.account_id, r.touched_at is not null as touched, r.in_step_with
    from (
      select * from record
      where connection_id = ${connectionId} and (needs_read is null) and dirty_since is not null
      order by dirty_since
      limit ${limit}
      for update skip locked
    ) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type`.execute(trx)
  return rows.map((row) => ({
    record: toRecord(row),
    keys: row.keys,
    accountId: row.account_id,
    touched: row.touched,
    inStepWith: row.in_step_with,
  }))
}

export type DecidedRow = {
  readonly objectType: string
  readonly recordId: string
  /** Null: some of its workflows could not decide it, so what it agrees with, and whether it was touched, stays as before. */
  readonly inStepWith: InStepWith | null
}

export async function markDecided(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  decided: readonly DecidedRow[],
): Promise<void> {
  if (decided.length === 0) return
  const rows = decided.map(({ objectType: t, recordId: r, inStepWith: v }) => ({ t, r, v }))
  await sql`
    update record r set dirty_since = null,
      touched_at = case when x.v is null then r.touched_at end,
      in_step_with = coalesce(x.v, r.in_step_with)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(t text, r text, v jsonb)
    where r.connection_id = ${connectionId} and r.object_type = x.t and r.record_id = x.r`.execute(trx)
}

/** Neighbors that one batch reads in full; one record alone may have this many and more. */
const HOLDERS_IN_BATCH = 5_000

/**
 * As many of the records, from the first on, as share keys with few enough others: the neighbors of a batch are all in
 * memory at once, and a key has up to 200 holders.
 */
export async function withinReach(trx: Kysely<Tables>, taken: readonly DirtyRecord[]): Promise<readonly DirtyRecord[]> {
  const keys = [...new Set(taken.flatMap((one) => one.keys))]
  if (keys.length * HOLDERS_MAX <= HOLDERS_IN_BATCH) return taken
  const { rows } = await sql<{ key: string; n: number }>`
    select w.key, (select count(*)::int from (
      ${holdersOf(sql`w.key`, sql`${HOLDERS_MAX + 1}`)}) h) as n
    from unnest(${keys}::text[]) as w(key)`.execute(trx)
  // What too many hold is not read at all.
  const holders = new Map(rows.map(({ key, n }) => [key, n > HOLDERS_MAX ? 0 : n]))
  let sum = 0
  const seen = new Set<string>()
  for (const [n, one] of taken.entries()) {
    for (const key of one.keys) {
      if (!seen.has(key)) sum += holders.get(key) ?? 0
      seen.add(key)
    }
    if (sum > HOLDERS_IN_BATCH) return taken.slice(0, Math.max(1, n))
  }
  return taken
}
