import { type Kysely, sql } from 'kysely'

/**
 * What is still to be done in batches since a connection was last ended or connected again, so that whoever finds it goes
 * on: `leave` or `rejoin`. And when an erasure was through, until when it is unfinished.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connection add column aftermath text check (aftermath in ('leave', 'rejoin')),
    add column erased_at timestamptz`.execute(db)
  // Ended by a version that went on nowhere when it was stopped: gone through once more.
  await sql`update connection set aftermath = 'leave' where status = 'disconnected'`.execute(db)
}
