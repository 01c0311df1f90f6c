import { type Kysely, type RawBuilder, sql } from 'kysely'
import { shareLife } from '../connections/lifecycle-lock.ts'
import type { Tables } from '../database/tables.ts'

/**
 * From now on nobody may use the connection, and its records have to leave the others: see store/connections/finish-disconnect.ts. False: it
 * was ended before.
 */
export async function markDisconnected(
  trx: Kysely<Tables>,
  connectionId: string,
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<boolean> {
  const { rows } = await sql`
    update connection set status = 'disconnected', status_reason = ${reason}, revision = revision + 1, follow_up = 'leave',
      joined_at = null, ended_by = ${by}
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

export type OpenWork = { readonly cases: number; readonly intents: number; readonly tasks: number }

/** What waits at the connection. */
export async function openWork(trx: Kysely<Tables>, connectionId: string): Promise<OpenWork> {
  const { rows } = await sql<OpenWork>`select
    (select count(*)::int from intent where connection_id = ${connectionId}
      and state in ('pending', 'sending', 'unknown')) as intents,
    (select count(*)::int from exception where connection_id = ${connectionId} and status = 'open') as cases,
    (select count(*)::int from task where connection_id = ${connectionId} and status = 'open') as tasks`.execute(trx)
  return rows[0]!
}

/**
 * Closes the next of what waits at a connection that has ended: its writes are not sent, its cases and tasks are over as
 * far as we are concerned. The tasks in the CRM are left. Returns the cases, and how many rows were closed.
 */
export async function closeNextWork(
  trx: Kysely<Tables>,
  connectionId: string,
  limit: number,
): Promise<{ cases: EndedCase[]; n: number }> {
  const next = (table: RawBuilder<unknown>, isOpen: RawBuilder<unknown>) => sql`id = any(array(
    select id from ${table} where connection_id = ${connectionId} and ${isOpen} order by id limit ${limit} for update))`
  const intents = await sql`
    update intent set state = 'cancelled', outcome = 'The connection was ended', finished_at = now(), lease_until = null,
      lease_epoch = lease_epoch + 1
    where ${next(sql`intent`, sql`state in ('pending', 'sending', 'unknown')`)}`.execute(trx)
  const { rows: cases } = await sql<EndedCase>`
    update exception set status = 'resolved', resolution = ${ENDED}, resolved_at = now(), updated_at = now()
    where ${next(sql`exception`, sql`status = 'open'`)}
    returning id, workflow, pattern, object_type as "objectType", record_id as "recordId", policy_hash as "policyHash"
  `.execute(trx)
  const tasks = await sql`
    update task set status = 'done', closed_by = ${ENDED}, closed_at = now(), checking_since = null, checking_after = null
    where ${next(sql`task`, sql`status = 'open'`)}`.execute(trx)
  return { cases, n: Number(intents.numAffectedRows ?? 0) + cases.length + Number(tasks.numAffectedRows ?? 0) }
}

/** Who ended the connection, and whether its history is to go, which stays so until the transaction ends. Null: it is not ended. */
export async function endOf(
  trx: Kysely<Tables>,
  connectionId: string,
): Promise<{ readonly by: string; readonly isErased: boolean } | null> {
  await shareLife(trx, connectionId)
  const { rows } = await sql<{ by: string; isErased: boolean }>`
    select coalesce(ended_by, 'lanekeeper') as by, erase_since is not null as "isErased" from connection
    where id = ${connectionId} and status = 'disconnected'`.execute(trx)
  return rows[0] ?? null
}

/** The other way round: its records become neighbours again and its cases open, see store/connections/finish-disconnect.ts. */
export async function markRejoining(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await sql`update connection set follow_up = 'rejoin' where id = ${connectionId}`.execute(trx)
}
