import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/**
 * The cast of the sandbox leaves, and whoever it invited there: their sessions end, and so does every job, because an
 * acceptance in a sandbox is none elsewhere. Admins that the server made stay. Returns how many people left.
 */
export async function endCast(trx: Kysely<Tables>, by: string): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    with recursive cast_of as (
      select id from person where made_by = 'sandbox'
      union select p.id from person p join cast_of c on p.made_by = 'person:' || c.id
    )
    update person set ended_at = clock_timestamp(), ended_by = ${by}
    where id in (select id from cast_of) and ended_at is null returning id`.execute(trx)
  const ids = rows.map(({ id }) => id)
  await sql`
    update job set ended_at = clock_timestamp(), ended_by = ${by}, end_reason = 'left'
    where ended_at is null and (lane <> 'admin' or person_id = any(${ids}::text[]))`.execute(trx)
  await sql`delete from session where person_id = any(${ids}::text[])`.execute(trx)
  return ids.length
}
