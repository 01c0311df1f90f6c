import { type Kysely, sql } from 'kysely'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import type { FieldDrift } from '../../model/record/schema-drift.ts'
import type { Tables } from '../database/tables.ts'

export type KnownSchema = {
  readonly objectType: string
  /** The CRM does not let us read the object at all. */
  readonly isRefused: boolean
  readonly fields: readonly FieldSchema[]
  readonly unreadable: readonly string[]
  readonly drift: readonly FieldDrift[]
}

/** The fields of each object as they were described last, and what had drifted by then. */
export async function knownSchemas(db: Kysely<Tables>, connectionId: string): Promise<KnownSchema[]> {
  const { rows } = await sql<KnownSchema>`
    select object_type as "objectType", refused_since is not null as "isRefused", fields, unreadable, drift from object_schema
    where connection_id = ${connectionId}`.execute(db)
  return rows
}

export async function saveDrift(trx: Kysely<Tables>, connectionId: string, schema: KnownSchema): Promise<void> {
  await sql`
    update object_schema set fields = ${JSON.stringify(schema.fields)}::jsonb, unreadable = ${schema.unreadable}::text[],
      drift = ${JSON.stringify(schema.drift)}::jsonb, read_at = now()
    where connection_id = ${connectionId} and object_type = ${schema.objectType}`.execute(trx)
}
