import { sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import type { FieldDrift } from '../../model/record/schema-drift.ts'
import type { Database } from '../database/database.ts'

/** Changes with every description of a field or an object that is stored anew. Asked before every batch of decisions. */
export async function schemaSignature(db: Database, connectionId: string): Promise<string> {
  const { rows } = await sql<{ signature: string | null }>`
    select string_agg(object_type || '@' || xmin::text, ',' order by object_type) as signature from object_schema
    where connection_id = ${connectionId}`.execute(db)
  return rows[0]?.signature ?? ''
}

/** What the CRM says of each of its objects that we may read, without the fields that have drifted. */
export async function describedObjects(
  db: Database,
  connectionId: string,
): Promise<{
  readonly crm: Crm
  readonly objects: { objectType: string; fields: readonly FieldSchema[]; skip: ReadonlySet<string> }[]
}> {
  const { rows } = await sql<{ crm: Crm; objectType: string; fields: FieldSchema[]; drift: FieldDrift[] }>`
    select c.crm, s.object_type as "objectType", s.fields, s.drift from connection c
    join object_schema s on s.connection_id = c.id and s.refused_since is null
    where c.id = ${connectionId} order by s.object_type`.execute(db)
  const objects = rows.map(({ objectType, fields, drift }) => ({
    objectType,
    fields,
    skip: new Set(drift.map(({ field }) => field)),
  }))
  return { crm: rows[0]?.crm ?? ('' as Crm), objects }
}

/** By `connection/object`: what a CRM has described or refused to describe. The import comes to one object after another. */
export async function toldObjects(db: Database): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ key: string }>`
    select connection_id || '/' || object_type as key from object_schema`.execute(db)
  return new Set(rows.map(({ key }) => key))
}
