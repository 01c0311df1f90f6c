import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Where a poll of one object goes on. It means nothing with another `sinceMs` than the one it was read with. */
export type ReadingPlace = {
  readonly cursor: string
  readonly sinceMs: number
  /** The latest change that was read before it, by the CRM's clock; 0: none. */
  readonly latestMs: number
}

/** The objects whose last poll broke off. */
export async function readingPlaces(db: Kysely<Tables>, connectionId: string): Promise<Map<string, ReadingPlace>> {
  const { rows } = await sql<ReadingPlace & { objectType: string }>`
    select object_type as "objectType", cursor, since_ms as "sinceMs", latest_ms as "latestMs" from poll_cursor
    where connection_id = ${connectionId} and cursor is not null`.execute(db)
  return new Map(rows.map(({ objectType, ...place }) => [objectType, place]))
}

/**
 * Moves the place, in the transaction that stores what was read up to it. `watermark` and `before` are what this poll
 * stands on; false: somebody asked meanwhile that the object be read from the start, and that request stays.
 */
export async function saveReadingPlace(
  trx: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  { watermark, before }: { readonly watermark: number; readonly before: string | null },
  { cursor, sinceMs, latestMs }: ReadingPlace,
): Promise<boolean> {
  const { rows } = await sql`
    insert into poll_cursor as w (connection_id, object_type, modified_until_ms, cursor, since_ms, latest_ms)
    values (${connectionId}, ${objectType}, ${watermark}, ${cursor}, ${sinceMs}, ${latestMs})
    on conflict (connection_id, object_type) do update set cursor = excluded.cursor, since_ms = excluded.since_ms,
      latest_ms = excluded.latest_ms
      where w.modified_until_ms = ${watermark} and w.cursor is not distinct from ${before}
    returning 1`.execute(trx)
  return rows.length > 0
}

/** The next poll of the object begins at its watermark: the CRM does not know the place any more. */
export async function forgetReadingPlace(trx: Kysely<Tables>, connectionId: string, objectType: string): Promise<void> {
  await sql`update poll_cursor set cursor = null, since_ms = null, latest_ms = null
    where connection_id = ${connectionId} and object_type = ${objectType}`.execute(trx)
}
