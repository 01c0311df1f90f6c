import { type Kysely, sql } from 'kysely'

/** Where a HubSpot was told to call before it was given another address, and when that was. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column former_webhook_url text, add column webhook_moved_at timestamptz`.execute(
    db,
  )
}
