import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Stored in the transaction that stores the events before it: never ahead of what is committed. */
export async function saveReplayId(trx: Kysely<Tables>, connectionId: string, replayId: Buffer): Promise<void> {
  await sql`update connection set replay_id = ${replayId}, stream_seen_at = now() where id = ${connectionId}`.execute(
    trx,
  )
}

export async function saveStreamState(db: Kysely<Tables>, connectionId: string, state: string): Promise<void> {
  await sql`update connection set stream_state = ${state}, stream_seen_at = now() where id = ${connectionId}`.execute(
    db,
  )
}
