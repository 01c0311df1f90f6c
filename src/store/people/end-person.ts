import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/** What one person had when they ended, for the ledger. */
export type EndedPerson = { readonly sessions: number; readonly tokens: number; readonly absences: number }

/** Ends the person, who they are elsewhere, their sessions, tokens that they answer for, links and absences. Null: ended before. */
export async function endPersonRows(trx: Kysely<Tables>, id: PersonId, by: string): Promise<EndedPerson | null> {
  const { rows: ended } = await sql`
    update person set ended_at = clock_timestamp(), ended_by = ${by} where id = ${id} and ended_at is null
    returning 1`.execute(trx)
  if (ended.length === 0) return null
  const { rows: sessions } = await sql`delete from session where person_id = ${id} returning 1`.execute(trx)
  const { rows: tokens } = await sql`
    update machine_token set ended_at = clock_timestamp(), ended_by = ${by}
    where keeper_id = ${id} and ended_at is null returning 1`.execute(trx)
  await sql`delete from sign_in_link where person_id = ${id} and used_at is null`.execute(trx)
  // Somebody who comes back is invited anew, and their user or address must be free for that.
  await sql`
    update identity set state = 'ended', ended_at = clock_timestamp(), ended_by = ${by}
    where person_id = ${id} and state <> 'ended'`.execute(trx)
  const { rows: absences } = await sql`
    update absence set ended_at = clock_timestamp(), ended_by = ${by}
    where ended_at is null and person_id = ${id} returning 1`.execute(trx)
  // Who is away has nobody then, and the pages say so.
  await sql`update absence set delegate_id = null where ended_at is null and delegate_id = ${id}`.execute(trx)
  return { sessions: sessions.length, tokens: tokens.length, absences: absences.length }
}
