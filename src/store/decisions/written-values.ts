import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What a finished owner write leaves behind: how its echo is recognised, and what an undo would restore. */
export async function rememberWrites(
  trx: Kysely<Tables>,
  writes: readonly {
    readonly connectionId: string
    readonly objectType: string
    readonly recordId: string
    readonly field: string
    readonly value: string
    readonly before: string | null
    readonly intentId: number
  }[],
): Promise<void> {
  if (writes.length === 0) return
  await sql`
    insert into written_value (connection_id, object_type, record_id, field, value, before, intent_id)
    select c, t, r, f, v, b, i
    from jsonb_to_recordset(${JSON.stringify(
      writes.map((w) => ({
        c: w.connectionId,
        t: w.objectType,
        r: w.recordId,
        f: w.field,
        v: w.value,
        b: w.before,
        i: w.intentId,
      })),
    )}::jsonb) as x(c text, t text, r text, f text, v text, b text, i bigint)
    on conflict (connection_id, object_type, record_id, field) do update
      set value = excluded.value, before = excluded.before, intent_id = excluded.intent_id, written_at = now()`.execute(
    trx,
  )
}

/** The values that we wrote to these records, by `object/record/field`. */
export async function writtenValues(
  db: Kysely<Tables>,
  connectionId: string,
  records: readonly { readonly objectType: string; readonly recordId: string }[],
): Promise<Map<string, { readonly value: string | null; readonly atMs: number }>> {
  if (records.length === 0) return new Map()
  const { rows } = await sql<{
    object_type: string
    record_id: string
    field: string
    value: string | null
    written_at: Date
  }>`
    select v.object_type, v.record_id, v.field, v.value, v.written_at
    from unnest(${records.map((r) => r.objectType)}::text[], ${records.map((r) => r.recordId)}::text[]) as w(t, i)
    join written_value v on v.connection_id = ${connectionId} and v.object_type = w.t and v.record_id = w.i`.execute(db)
  return new Map(
    rows.map((row) => [
      `${row.object_type}/${row.record_id}/${row.field}`,
      { value: row.value, atMs: row.written_at.getTime() },
    ]),
  )
}
