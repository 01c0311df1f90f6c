import { type Kysely, sql } from 'kysely'
import type { ObjectSchema } from '../../model/record/crm-facts.ts'
import type { Tables } from '../database/tables.ts'

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

/** What is asked for whenever an object is read, by `connection/object`. Absent: not noted, or not imported yet. */
export async function fieldsAsked(db: Kysely<Tables>): Promise<Map<string, readonly string[]>> {
  const { rows } = await sql<{ connection_id: string; object_type: string; asked: string[] }>`
    select connection_id, object_type, asked from object_schema where asked is not null`.execute(db)
  return new Map(rows.map((row) => [`${row.connection_id}/${row.object_type}`, row.asked]))
}

/**
 * Notes what is asked for whenever an object is read from now on. True: some of it was not asked for before, so that what
 * is known of the object came without it. An object that was not imported yet notes it when it is. `ours` is not read with
 * the object but beside it, so that nothing has to be read again for it.
 */
export async function noteFieldsAsked(
  trx: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  { fields, ours }: { readonly fields: readonly string[]; readonly ours: readonly string[] },
): Promise<boolean> {
  const asked = [...fields, ...ours]
  const { rows } = await sql<{ isMore: boolean }>`
    update object_schema s set asked = ${asked}::text[]
    from (select connection_id, object_type, asked from object_schema
      where connection_id = ${connectionId} and object_type = ${objectType} for update) before
    where s.connection_id = before.connection_id and s.object_type = before.object_type
      and s.asked is distinct from ${asked}::text[]
    -- by a version that did not note it: what there is counts as read
    returning before.asked is not null and not ${fields}::text[] <@ before.asked as "isMore"`.execute(trx)
  return rows[0]?.isMore ?? false
}

/** Stores the fields of an object as the CRM describes them, and which of them our credentials may not read. */
export async function saveSchema(
  db: Kysely<Tables>,
  connectionId: string,
  schema: ObjectSchema,
  unreadable: readonly string[],
  asked: readonly string[],
): Promise<void> {
  await sql`
    insert into object_schema (connection_id, object_type, fields, unreadable, asked)
    values (${connectionId}, ${schema.objectType}, ${JSON.stringify(schema.fields)}::jsonb, ${unreadable}::text[],
      ${asked}::text[])
    on conflict (connection_id, object_type) do update set fields = excluded.fields, unreadable = excluded.unreadable,
      asked = excluded.asked, read_at = now()`.execute(db)
}
