import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/**
 * Asks for records that other records name and that we have never heard of: an empty row that waits to be read. Those
 * that we know, or already ask for, stay as they are.
 */
export async function askForUnheard(
  trx: Kysely<Tables>,
  refs: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
): Promise<number> {
  if (refs.length === 0) return 0
  const result = await sql`
    insert into record (connection_id, object_type, record_id, values, stamps, needs_read, read_after)
    select distinct c, t, r, '{}'::jsonb, '{}'::jsonb, 'first-sight', clock_timestamp()
    from unnest(${refs.map((r) => r.connectionId)}::text[], ${refs.map((r) => r.objectType)}::text[],
                ${refs.map((r) => r.recordId)}::text[]) as w(c, t, r)
    order by c, t, r
    on conflict do nothing`.execute(trx)
  return Number(result.numAffectedRows ?? 0)
}
