import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** A transaction found the connection ended: what it was about to store is nobody's any more. */
export class ConnectionEndedError extends Error {
  override readonly name = 'ConnectionEndedError'
  readonly code = 'CONNECTION_ENDED'
  constructor(connectionId: string) {
    super(`Connection "${connectionId}" was ended meanwhile: nothing more of it is stored`)
  }
}

/**
 * Whether the connection has not been ended, which stays so until the transaction does: an end waits for it. To be asked
 * before anything else in every transaction that stores or decides something of a connection.
 *
 * An advisory lock and not `for share` of its row: the row is written all the time, by the stream's place, the reader's
 * lease and an import's progress, and two who share it and then write it deadlock.
 */
export async function isStillConnected(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  await shareLife(trx, connectionId)
  // A statement of its own, so that it sees what was committed before the lock was there.
  const { rows } = await sql`select 1 from connection where id = ${connectionId} and status <> 'disconnected'`.execute(
    trx,
  )
  return rows.length > 0
}

/** The same for those who have nothing to say about it: throws `ConnectionEndedError`. */
export async function assertConnected(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  if (!(await isStillConnected(trx, connectionId))) throw new ConnectionEndedError(connectionId)
}

/**
 * The way in for whoever ends a connection or connects it again: waits for every transaction that counts on how it is,
 * and keeps others out until this one ends. First in its transaction.
 */
export async function changeLife(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${lockOf(connectionId)}, 0))`.execute(trx)
}

export type PendingDisconnect = 'leave' | 'rejoin'

/**
 * For batches after an end or a new beginning: whether it is still the one of this revision, which stays so until the
 * transaction ends.
 */
export async function isStillDue(
  trx: Kysely<Tables>,
  {
    connectionId,
    followUp,
    revision,
  }: { connectionId: string; followUp: PendingDisconnect | 'erase'; revision: number },
): Promise<boolean> {
  await shareLife(trx, connectionId)
  const { rows } = await sql`
    select 1 from connection where id = ${connectionId} and revision = ${revision}
      and (follow_up = ${followUp} or (${followUp} = 'erase' and status = 'disconnected' and erase_since is not null))`.execute(
    trx,
  )
  return rows.length > 0
}

/** It is neither ended nor connected again until the transaction ends. */
export async function shareLife(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${lockOf(connectionId)}, 0))`.execute(trx)
}

function lockOf(connectionId: string): string {
  return `life/${connectionId}`
}
