import { type Kysely, sql } from 'kysely'
import type { ObjectSchema } from '../../model/record/crm-facts.ts'
import type { Tables } from '../database/tables.ts'

/** The objects that the CRM does not let us read at all. */
export async function refusedObjects(db: Kysely<Tables>, connectionId: string): Promise<Set<string>> {
  const { rows } = await sql<{ objectType: string }>`
    select object_type as "objectType" from object_schema
    where connection_id = ${connectionId} and refused_since is not null`.execute(db)
  return new Set(rows.map(({ objectType }) => objectType))
}

/** None of `fields` can be read. How the object was described before stays. False: so much was known. */
export async function saveRefusal(
  trx: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  fields: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    insert into object_schema as s (connection_id, object_type, fields, unreadable, refused_since)
    values (${connectionId}, ${objectType}, '[]'::jsonb, ${fields}::text[], now())
    on conflict (connection_id, object_type) do update set unreadable = excluded.unreadable,
      refused_since = coalesce(s.refused_since, excluded.refused_since)
      where s.refused_since is null or s.unreadable is distinct from excluded.unreadable
    returning 1`.execute(trx)
  return rows.length > 0
}

/** It is read again. What is known of its fields from before stays, so that the drift check sees what changed meanwhile. */
export async function endRefusal(
  trx: Kysely<Tables>,
  connectionId: string,
  schema: ObjectSchema,
  unreadable: readonly string[],
): Promise<void> {
  await sql`
    update object_schema set refused_since = null, unreadable = ${unreadable}::text[], read_at = now(),
      fields = case when fields = '[]'::jsonb then ${JSON.stringify(schema.fields)}::jsonb else fields end
    where connection_id = ${connectionId} and object_type = ${schema.objectType}`.execute(trx)
}
