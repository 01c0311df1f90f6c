import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** A yes counts for as long as whoever gave it can be taken to remember what it was for. */
const CONSENT_DAYS = 14

/** Workflows that would write to this connection as soon as they may: their policy says pilot or live. */
export async function workflowsToWrite(db: Kysely<Tables>, connectionId: string): Promise<string[]> {
  const { rows } = await sql<{ workflow: string }>`
    select w.workflow from workflow w join workflow_connection c on c.workflow = w.workflow
    where c.connection_id = ${connectionId} and w.mode in ('pilot', 'live') order by w.workflow`.execute(db)
  return rows.map(({ workflow }) => workflow)
}

/** Who has said yes to writing there, as the ledger calls them, the first first. */
export async function consentsToWriting(db: Kysely<Tables>, connectionId: string): Promise<string[]> {
  const { rows } = await sql<{ given_by: string }>`
    select given_by from writing_consent
    where connection_id = ${connectionId} and given_at > clock_timestamp() - make_interval(days => ${CONSENT_DAYS})
    order by given_at, given_by`.execute(db)
  return rows.map(({ given_by: by }) => by)
}

export async function giveConsent(trx: Kysely<Tables>, connectionId: string, by: string): Promise<void> {
  await sql`
    insert into writing_consent (connection_id, given_by) values (${connectionId}, ${by})
    on conflict (connection_id, given_by) do update set given_at = excluded.given_at`.execute(trx)
}

/** Once writing is on they are used up, and once somebody turned it off they are void. */
export async function dropConsents(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`delete from writing_consent where connection_id = ${connectionId}`.execute(trx)
}

/** Of two who say yes at once, the second sees the first. */
export async function lockConsents(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('writing-consent ' || ${connectionId}, 0))`.execute(trx)
}
