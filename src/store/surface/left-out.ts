import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

/** A connection whose records and cases say nothing yet: half of an import gives wrong counts and wrong neighbors. */
export type LeftOut = { readonly id: string; readonly crm: Crm; readonly title: string }

/** Connections that are not imported yet, or that do not take part in decisions yet. */
export async function leftOutConnections(db: Kysely<Tables>): Promise<LeftOut[]> {
  const { rows } = await sql<LeftOut>`
    select id, crm, title from connection
    where status <> 'disconnected' and (joined_at is null or (baseline->>'done')::boolean is not true)
    order by crm, id`.execute(db)
  return rows
}

/** For a statement: this column names none of them. */
export const isIn = (leftOut: readonly LeftOut[], column: RawBuilder<unknown> = sql`connection_id`) =>
  sql`${column} <> all(${leftOut.map(({ id }) => id)}::text[])`
