import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

const NOTHING: ReadonlySet<string> = new Set()

/** Look-up of the fields that our credentials may not read. One small row per connection and object. */
export async function unreadableFields(
  db: Kysely<Tables>,
): Promise<(connectionId: string, objectType: string) => ReadonlySet<string>> {
  const { rows } = await sql<{ connection_id: string; object_type: string; unreadable: string[] }>`
    select connection_id, object_type, unreadable from object_schema where cardinality(unreadable) > 0`.execute(db)
  const sets = new Map(rows.map((row) => [`${row.connection_id}/${row.object_type}`, new Set(row.unreadable)]))
  return (connectionId, objectType) => sets.get(`${connectionId}/${objectType}`) ?? NOTHING
}
