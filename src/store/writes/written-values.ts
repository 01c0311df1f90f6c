import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** The values that we wrote to these records, by `object/record/field`, as the write log has them. */
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
