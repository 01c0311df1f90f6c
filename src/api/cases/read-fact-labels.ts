import { sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Database } from '../../store/database/database.ts'
import { type FactLabels, factLabels } from './fact-labels.ts'

/** Field labels and people of the connection that a case belongs to. */
export async function readFactLabels(
  db: Database,
  of: { readonly connectionId: string; readonly crm: Crm | null; readonly objectType: string },
  values: readonly (string | null)[],
): Promise<FactLabels> {
  const wanted = [...new Set(values.filter((value) => value !== null).map((value) => value.toLowerCase()))]
  const [schemas, people] = await Promise.all([
    sql<{ object: string; name: string; label: string }>`
      select object_type as object, field->>'name' as name, field->>'label' as label
      from object_schema, jsonb_array_elements(fields) as field
      where connection_id = ${of.connectionId}`.execute(db),
    sql<{ id: string; email: string | null; name: string }>`
      select user_id as id, email, name from crm_user
      where (connection_id = ${of.connectionId} and lower(user_id) = any(${wanted}::text[]))
        or email = any(${wanted}::text[])`.execute(db),
  ])
  const fields = new Map<string, Map<string, string>>()
  for (const { object, name, label } of schemas.rows) {
    if (!fields.has(object)) fields.set(object, new Map())
    fields.get(object)!.set(name, label)
  }
  return factLabels({
    objectType: of.objectType,
    ownerField: (of.crm && objectShape(of.crm, of.objectType)?.owner) ?? null,
    fields,
    people: new Map(
      people.rows.flatMap(({ id, email, name }) => [
        [id.toLowerCase(), name] as const,
        ...(email ? [[email, name] as const] : []),
      ]),
    ),
  })
}
