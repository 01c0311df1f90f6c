import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** That this connection may be written to, for a statement that has its row as `c`. */
export const WRITES = sql`(c.writes_since is not null and c.status <> 'disconnected')`

/** Whether anything may be written to this CRM. One probe by primary key: what people change counts at once. */
export async function mayWrite(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from connection c where c.id = ${connectionId} and ${WRITES}`.execute(db)
  return rows.length > 0
}

/** Those of these connections that may be written to. */
export async function writableAmong(db: Kysely<Tables>, connectionIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select c.id from connection c where c.id = any(${[...new Set(connectionIds)]}::text[]) and ${WRITES}`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** False: it was so already, or there is no such connection. */
export async function setWriting(
  trx: Kysely<Tables>,
  connectionId: string,
  { allowed, by }: { readonly allowed: boolean; readonly by: string },
): Promise<boolean> {
  const { rows } = await sql`
    update connection set writes_since = case when ${allowed} then clock_timestamp() end, writes_by = ${by}
    where id = ${connectionId} and status <> 'disconnected' and (writes_since is not null) <> ${allowed}
    returning 1`.execute(trx)
  return rows.length > 0
}
