import { type Kysely, sql } from 'kysely'

/** Which run of a draft's checks is the current one: what an earlier one, or one of an earlier login, still finds is void. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection_draft add column check_run integer not null default 0`.execute(db)
}
