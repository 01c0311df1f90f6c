import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/**
 * From now on nobody may use the connection, and its records have to leave the others: see store/connections/finish-disconnect.ts. False: it
 * was ended before.
 */
export async function markDisconnected(trx: Kysely<Tables>, connectionId: string, reason: string): Promise<boolean> {
  const { rows } = await sql`
    update connection set status = 'disconnected', status_reason = ${reason}, revision = revision + 1, follow_up = 'leave'
    where id = ${connectionId} and status <> 'disconnected' returning 1`.execute(trx)
  return rows.length > 0
}

/** What we were given is gone for good. */
export async function eraseSecrets(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`delete from connection_token t using connection c
    where c.id = ${connectionId} and c.status = 'disconnected' and t.connection_id = c.id`.execute(trx)
  await sql`update connection set credentials = null where id = ${connectionId} and status = 'disconnected'`.execute(
    trx,
  )
}

export const ENDED = 'disconnected'

export type EndedCase = {
  readonly id: number
  readonly workflow: string
  readonly pattern: string
  readonly objectType: string
  readonly recordId: string
  readonly policyHash: string
}

/**
 * Closes what waits at a connection that has ended: its writes are not sent, its cases and tasks are over as far as we
 * are concerned. The tasks in the CRM are left. Returns the cases, and how many writes and tasks there were; none of
 * any when it was done before.
 */
export async function closeWork(
  trx: Kysely<Tables>,
  connectionId: string,
): Promise<{ cases: EndedCase[]; intents: number; tasks: number }> {
  const intents = await sql`
    update intent set state = 'cancelled', outcome = 'The connection was ended', finished_at = now(), lease_until = null,
      lease_epoch = lease_epoch + 1
    where connection_id = ${connectionId} and state in ('pending', 'sending', 'unknown') returning 1`.execute(trx)
  const { rows } = await sql<{
    id: number
    workflow: string
    pattern: string
    object_type: string
    record_id: string
    policy_hash: string
  }>`
    update exception set status = 'resolved', resolution = ${ENDED}, resolved_at = now(), updated_at = now()
    where connection_id = ${connectionId} and status = 'open'
    returning id, workflow, pattern, object_type, record_id, policy_hash`.execute(trx)
  const tasks = await sql`
    update task set status = 'done', closed_by = ${ENDED}, closed_at = now(), checking_since = null
    where connection_id = ${connectionId} and status = 'open' returning 1`.execute(trx)
  const cases = rows.map((row) => ({
    id: row.id,
    workflow: row.workflow,
    pattern: row.pattern,
    objectType: row.object_type,
    recordId: row.record_id,
    policyHash: row.policy_hash,
  }))
  return { cases, intents: intents.rows.length, tasks: tasks.rows.length }
}

/** The other way round: its records become neighbours again and its cases open, see store/connections/finish-disconnect.ts. */
export async function markRejoining(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`update connection set follow_up = 'rejoin' where id = ${connectionId}`.execute(trx)
}
