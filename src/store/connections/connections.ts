import { type Kysely, sql } from 'kysely'
import { knownZone } from '../../model/calendar/known-zone.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { StoredAddress } from '../database/tables/connections.ts'
import type { Tables } from '../database/tables.ts'
import type { Baseline } from './baseline.ts'

export type ConnectionStatus = 'connected' | 'reconnect-needed' | 'disconnected'

export type ConnectionRow = {
  readonly id: ConnectionId
  readonly crm: Crm
  readonly title: string
  readonly accountId: string
  readonly baseUrl: string
  readonly actorId: string | null
  readonly actorName: string | null
  readonly edition: string | null
  readonly pagesUrl: string | null
  /** Null too where the CRM names a zone that this runtime does not know. */
  readonly timeZone: string | null
  readonly status: ConnectionStatus
  readonly statusReason: string | null
  /** Sealed; null once disconnected. */
  readonly credentials: Buffer | null
  /** Which kind of grant is sealed. Null: by a version that did not note it. */
  readonly grantKind: string | null
  readonly address: StoredAddress | null
  /** Counts every change of what a client is built from. */
  readonly revision: number
  readonly madeBy: 'environment' | 'console' | 'terminal'
  readonly feed: 'push' | 'poll' | 'stream'
  readonly webhookUrl: string | null
  readonly access: AccessFindings | null
  readonly accessCheckedAt: Date | null
  readonly taskKey: TaskKeySupport | null
  readonly baseline: Baseline
  readonly replayId: Buffer | null
}

/** All of them, also those that were disconnected and keep their history. */
export async function listConnections(db: Kysely<Tables>): Promise<ConnectionRow[]> {
  return (await selectConnections(db).orderBy('id').execute()).map(rowOf)
}

export async function findConnection(db: Kysely<Tables>, connectionId: string): Promise<ConnectionRow | null> {
  const row = await selectConnections(db).where('id', '=', connectionId).executeTakeFirst()
  return row ? rowOf(row) : null
}

function selectConnections(db: Kysely<Tables>) {
  return db
    .selectFrom('connection')
    .select(['id', 'crm', 'title', 'account_id', 'base_url', 'actor_id', 'actor_name', 'edition', 'pages_url'])
    .select(['time_zone', 'status', 'status_reason', 'credentials', 'grant_kind', 'address', 'revision', 'made_by'])
    .select(['feed', 'webhook_url', 'access', 'access_checked_at', 'task_key', 'baseline', 'replay_id'])
}

type Selected = Awaited<ReturnType<ReturnType<typeof selectConnections>['execute']>>[number]

function rowOf(row: Selected): ConnectionRow {
  return {
    id: row.id as ConnectionId,
    crm: row.crm,
    title: row.title,
    accountId: row.account_id,
    baseUrl: row.base_url,
    actorId: row.actor_id,
    actorName: row.actor_name,
    edition: row.edition,
    pagesUrl: row.pages_url,
    timeZone: knownZone(row.time_zone),
    status: row.status,
    statusReason: row.status_reason,
    credentials: row.credentials,
    grantKind: row.grant_kind,
    address: row.address,
    revision: row.revision,
    madeBy: row.made_by,
    feed: row.feed,
    webhookUrl: row.webhook_url,
    access: row.access,
    accessCheckedAt: row.access_checked_at,
    taskKey: row.task_key,
    baseline: row.baseline,
    replayId: row.replay_id,
  }
}

/** Which connections there are and what changed about them, for whoever follows them while running. */
export async function connectionRevisions(
  db: Kysely<Tables>,
): Promise<{ readonly id: ConnectionId; readonly revision: number; readonly status: ConnectionStatus }[]> {
  const rows = await db.selectFrom('connection').select(['id', 'revision', 'status']).orderBy('id').execute()
  return rows.map((row) => ({ ...row, id: row.id as ConnectionId }))
}

/**
 * A connection that a person ended stays ended, and one that was mended since `connection` was read stays mended, whatever
 * a stage with a client from before finds out.
 */
export async function setConnectionStatus(
  db: Kysely<Tables>,
  { id, revision }: Pick<ConnectionRow, 'id' | 'revision'>,
  status: 'connected' | 'reconnect-needed',
  reason: string | null,
): Promise<void> {
  await sql`update connection set status = ${status}, status_reason = ${reason}
    where id = ${id} and revision = ${revision} and status <> 'disconnected'`.execute(db)
}

/** Connections whose grant was gone when it was last needed. */
export async function connectionsToReconnect(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from connection where status = 'reconnect-needed'`.execute(db)
  return rows.map((row) => row.id)
}
