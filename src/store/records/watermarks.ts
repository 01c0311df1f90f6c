import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type Watermark = { readonly modifiedUntilMs: number }

export async function readWatermarks(db: Kysely<Tables>, connectionId: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ object_type: string; modified_until_ms: number }>`
    select object_type, modified_until_ms from poll_cursor where connection_id = ${connectionId}`.execute(db)
  return new Map(rows.map((row) => [row.object_type, row.modified_until_ms]))
}

export async function saveWatermark(
  trx: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  modifiedUntilMs: number,
  found: number,
): Promise<void> {
  await sql`
    insert into poll_cursor (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${modifiedUntilMs}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found, cursor = null, since_ms = null, latest_ms = null`.execute(
    trx,
  )
}

/**
 * Moves a watermark from where it was read to `to`, at the end of a poll whose last stored place was `place`. False:
 * a resync of the object was requested meanwhile, and that request stays.
 */
export async function advanceWatermark(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  { from, to, place }: { readonly from: number; readonly to: number; readonly place: string | null },
  found: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into poll_cursor as w (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${to}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found, cursor = null, since_ms = null, latest_ms = null
      where w.modified_until_ms = ${from} and w.cursor is not distinct from ${place}
    returning 1`.execute(db)
  return rows.length > 0
}

/** From the start: no time in a CRM is as early. */
export const FROM_THE_START = 1

/**
 * Whether an object waits to be read from the start, and the CRM lets us. Until the transaction ends nobody can ask for
 * another.
 */
export async function isResyncWaiting(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ modified_until_ms: number; is_refused: boolean }>`
    select w.modified_until_ms, s.refused_since is not null as is_refused from poll_cursor w
    left join object_schema s on s.connection_id = w.connection_id and s.object_type = w.object_type
    where w.connection_id = ${connectionId} order by w.object_type for update of w`.execute(trx)
  return rows.some((row) => row.modified_until_ms === FROM_THE_START && !row.is_refused)
}

/** It is unknown what changed in these objects: the next poll reads them from the start. */
export async function resyncObjects(
  trx: Kysely<Tables>,
  connectionId: string,
  objectTypes: readonly string[],
): Promise<void> {
  await sql`
    update poll_cursor set modified_until_ms = ${FROM_THE_START}, cursor = null, since_ms = null, latest_ms = null
    where connection_id = ${connectionId} and object_type = any(${objectTypes}::text[])`.execute(trx)
  await sql`update connection set polled_at = null where id = ${connectionId}`.execute(trx)
}

/**
 * Objects that are still to be read from the start in connections that work, by their titles. What the CRM refuses to show, and
 * what waits for an admin to reconnect, is not waited for: its records are held until it is read.
 */
export async function objectsBeingRead(
  db: Kysely<Tables>,
): Promise<
  { readonly connectionId: string; readonly title: string; readonly crm: string; readonly objectType: string }[]
> {
  const { rows } = await sql<{ connectionId: string; title: string; crm: string; objectType: string }>`
    select w.connection_id as "connectionId", c.title, c.crm, w.object_type as "objectType" from poll_cursor w
    join connection c on c.id = w.connection_id and c.status = 'connected'
    left join object_schema s on s.connection_id = w.connection_id and s.object_type = w.object_type
    where w.modified_until_ms = ${FROM_THE_START} and s.refused_since is null
    order by c.title, w.object_type`.execute(db)
  return rows
}
