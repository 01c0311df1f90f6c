import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** True: it was another one, or not known, and amounts that name none are another amount now. */
export async function noteHomeCurrency(db: Kysely<Tables>, connectionId: string, currency: string): Promise<boolean> {
  const { rows } = await sql`update connection set home_currency = ${currency}
    where id = ${connectionId} and home_currency is distinct from ${currency} returning 1`.execute(db)
  return rows.length > 0
}
