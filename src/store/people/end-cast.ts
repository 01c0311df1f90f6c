import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** The cast of the sandbox leaves: its jobs and its sessions end, and nobody is an admin by it any more. Returns how many people left. */
export async function endCast(trx: Kysely<Tables>, by: string): Promise<number> {
  await sql`
    update job set ended_at = clock_timestamp(), ended_by = ${by}, end_reason = 'left'
    where ended_at is null and person_id in (select id from person where made_by = 'sandbox')`.execute(trx)
  await sql`delete from session where person_id in (select id from person where made_by = 'sandbox')`.execute(trx)
  const { rows } = await sql`
    update person set ended_at = clock_timestamp(), ended_by = ${by}
    where made_by = 'sandbox' and ended_at is null returning 1`.execute(trx)
  return rows.length
}
