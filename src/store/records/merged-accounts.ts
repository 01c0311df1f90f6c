import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'

/** Merges in one line, of one account into the next. A longer one ends here as one that is not known. */
export const MERGES_MAX = 25

/**
 * What was merged into these accounts, chains included, and for each the accounts that speak for it. The CRM moves what hangs
 * off a merged account a moment later, and tells of that only when the record itself is read.
 */
export async function mergedInto(
  db: Kysely<Tables>,
  connectionId: string,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const speakers = new Map<string, string[]>()
  if (accountIds.length === 0) return speakers
  const { rows } = await sql<{ of: string; id: string }>`
    with recursive gone (of, id, merges) as (
      select distinct a, a, 0 from unnest(${accountIds}::text[]) as a
      union
      select g.of, r.record_id, g.merges + 1 from gone g
      cross join unnest(${objectsAbout('account')}::text[]) as o(object_type)
      cross join lateral (select record_id from record r where r.connection_id = ${connectionId}
        and r.object_type = o.object_type and r.merged_into = g.id) r
      where g.merges < ${MERGES_MAX}
    )
    select distinct of, id from gone where id <> of order by 1, 2`.execute(db)
  for (const { of, id } of rows) speakers.set(id, [...(speakers.get(id) ?? []), of])
  return speakers
}

/** The accounts with which these were merged, in either direction: what hangs off one of them may rest on any. */
export async function mergedWith(
  db: Kysely<Tables>,
  connectionId: string,
  accountIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive line (id, merges) as (
      select distinct a, 0 from unnest(${accountIds}::text[]) as a
      union
      select r.merged_into, l.merges + 1 from line l
      cross join unnest(${objectsAbout('account')}::text[]) as o(object_type)
      cross join lateral (select merged_into from record r where r.connection_id = ${connectionId}
        and r.object_type = o.object_type and r.record_id = l.id and r.merged_into is not null limit 1) r
      where l.merges < ${MERGES_MAX}
    )
    select distinct id from line`.execute(db)
  const above = rows.map(({ id }) => id)
  return [...new Set([...above, ...(await mergedInto(db, connectionId, above)).keys()])]
}
