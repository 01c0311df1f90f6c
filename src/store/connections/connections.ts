import { type Kysely, sql } from 'kysely'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, CrmIdentity, ObjectSchema, TaskKeySupport } from '../../model/record/crm-facts.ts'
import { type CallLimits, crmProfile } from '../../model/record/crm-profile.ts'
import type { Database } from '../database/database.ts'
import type { StoredAddress } from '../database/tables/connections.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { ConnectionEndedError } from './lifecycle-lock.ts'

export type BaselineObject = {
  readonly done: boolean
  readonly cursor: string | null
  readonly count: number
  readonly total: number | null
  /** What was asked for when it began. */
  readonly fields?: readonly string[]
  /** What any page so far had to leave out. */
  readonly hidden?: readonly string[]
  /** The CRM did not let us read it, or no further: done so that nothing waits for it. */
  readonly isRefused?: boolean
}
export type Baseline = {
  readonly done: boolean
  /** When the import began: what changes later is found by reconcile from here. Epoch milliseconds. */
  readonly startedAtMs?: number
  readonly objects: Readonly<Record<string, BaselineObject>>
  /** How many records had been read when, over the last minute: what the rate is worked out from. */
  readonly samples?: readonly { readonly atMs: number; readonly count: number }[]
}

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
    timeZone: row.time_zone,
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

export type NewConnection = {
  readonly id: ConnectionId
  readonly crm: Crm
  readonly baseUrl: string
  readonly identity: CrmIdentity
  readonly credentials: Buffer
  readonly taskKey: TaskKeySupport
  readonly grantKind?: string
  readonly address?: StoredAddress
  readonly madeBy?: ConnectionRow['madeBy']
  readonly feed?: ConnectionRow['feed']
  readonly webhookUrl?: string | null
  readonly access?: AccessFindings | null
  /** `perWindow`: all that the CRM allows, of which our share is taken. */
  readonly callLimit: CallLimits
}

/**
 * Makes or renews a connection after its credentials answered. The account decides which connection it is; its history
 * and its shares of the call limits stay. Every save is a new revision, which running workers notice.
 */
export async function saveConnection(db: Database, connection: NewConnection): Promise<void> {
  await inTransaction(db, (trx) => saveConnectionIn(trx, connection))
}

export async function saveConnectionIn(trx: Kysely<Tables>, connection: NewConnection): Promise<void> {
  const { id, crm, baseUrl, identity, credentials, taskKey, callLimit, grantKind, address, access } = connection
  const feed = connection.feed ?? crmProfile(crm).usualFeed
  await sql`
    insert into connection (id, crm, title, account_id, base_url, actor_id, actor_name, edition, pages_url, time_zone,
      credentials, grant_kind, address, made_by, feed, webhook_url, task_key, access, access_checked_at)
    values (${id}, ${crm}, ${identity.title}, ${identity.accountId}, ${baseUrl}, ${identity.actorId},
      ${identity.actorName}, ${identity.edition}, ${identity.pagesUrl}, ${identity.timeZone}, ${credentials},
      ${grantKind ?? null}, ${address ? JSON.stringify(address) : null}::jsonb, ${connection.madeBy ?? 'environment'},
      ${feed}, ${connection.webhookUrl ?? null}, ${JSON.stringify(taskKey)}::jsonb,
      ${access ? JSON.stringify(access) : null}::jsonb, case when ${access != null} then clock_timestamp() end)
    on conflict (id) do update set title = excluded.title, account_id = excluded.account_id,
      base_url = excluded.base_url, actor_id = excluded.actor_id, actor_name = excluded.actor_name,
      edition = excluded.edition, pages_url = excluded.pages_url, time_zone = excluded.time_zone,
      credentials = excluded.credentials, grant_kind = excluded.grant_kind, address = excluded.address,
      made_by = excluded.made_by, feed = excluded.feed, webhook_url = excluded.webhook_url,
      former_webhook_url = case when connection.webhook_url is distinct from excluded.webhook_url
        then connection.webhook_url else connection.former_webhook_url end,
      webhook_moved_at = case when connection.webhook_url is distinct from excluded.webhook_url
        then clock_timestamp() else connection.webhook_moved_at end,
      task_key = excluded.task_key, access = coalesce(excluded.access, connection.access),
      access_checked_at = coalesce(excluded.access_checked_at, connection.access_checked_at), status = 'connected',
      status_reason = null, erase_since = null, erased_at = null, revision = connection.revision + 1`.execute(trx)
  await sql`
    insert into call_budget as b
      (connection_id, window_ms, window_whole, window_limit, search_limit_per_second, day_resets)
    values (${id}, ${callLimit.windowMs}, ${callLimit.perWindow},
      greatest(1, floor(${callLimit.perWindow}::real * 0.8)), ${callLimit.searchPerSecond}, ${callLimit.dayResets})
    -- whoever connects again asks to be tried again
    on conflict (connection_id) do update set window_ms = excluded.window_ms,
      search_limit_per_second = excluded.search_limit_per_second, day_resets = excluded.day_resets, paused_until = null, paused_why = null`.execute(
    trx,
  )
}

/** What is known anew about a connection whose credentials and address stay. */
export async function renewIdentity(
  db: Kysely<Tables>,
  connectionId: string,
  identity: CrmIdentity,
  taskKey: TaskKeySupport,
): Promise<void> {
  await sql`update connection set title = ${identity.title}, actor_id = ${identity.actorId},
      actor_name = ${identity.actorName}, edition = ${identity.edition}, pages_url = ${identity.pagesUrl},
      time_zone = ${identity.timeZone}, status = 'connected', status_reason = null,
      revision = revision + (task_key is distinct from ${JSON.stringify(taskKey)}::jsonb)::int,
      task_key = ${JSON.stringify(taskKey)}::jsonb
    where id = ${connectionId} and status <> 'disconnected'`.execute(db)
}

/** False: the connection was ended meanwhile, and nothing is kept. */
export async function saveAccess(
  db: Kysely<Tables>,
  connectionId: string,
  access: AccessFindings,
  taskKey: TaskKeySupport,
): Promise<boolean> {
  const { rows } =
    await sql`update connection set access = ${JSON.stringify(access)}::jsonb, access_checked_at = clock_timestamp(),
      revision = revision + (task_key is distinct from ${JSON.stringify(taskKey)}::jsonb)::int,
      task_key = ${JSON.stringify(taskKey)}::jsonb
    where id = ${connectionId} and status <> 'disconnected' returning 1`.execute(db)
  return rows.length > 0
}

/** False: the connection was changed since it was read. */
export async function replaceCredentials(
  db: Kysely<Tables>,
  connectionId: string,
  change: { readonly seenRevision: number; readonly credentials: Buffer; readonly feed: ConnectionRow['feed'] },
): Promise<boolean> {
  const { rows } = await sql`
    update connection set credentials = ${change.credentials}, feed = ${change.feed}, revision = revision + 1
    where id = ${connectionId} and revision = ${change.seenRevision} and status <> 'disconnected'
    returning 1`.execute(db)
  return rows.length > 0
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

/** As it is told, whatever was there: for who sets a stage. An import says `advanceBaseline`. */
export async function saveBaseline(trx: Kysely<Tables>, connectionId: string, baseline: Baseline): Promise<void> {
  await sql`update connection set baseline = ${JSON.stringify(baseline)}::jsonb where id = ${connectionId}`.execute(trx)
}

export type StartedBaseline = Baseline & { readonly startedAtMs: number }

/**
 * Notes when the import began, unless it has begun before, and returns that. What began is told from what an erasure has
 * reset since by this time. Throws `ConnectionEndedError`.
 */
export async function beginBaseline(db: Kysely<Tables>, connectionId: string, nowMs: number): Promise<number> {
  const { rows } = await sql<{ startedAtMs: number }>`
    update connection
    set baseline = baseline || jsonb_build_object('startedAtMs', coalesce((baseline->>'startedAtMs')::bigint, ${nowMs}::bigint))
    where id = ${connectionId} and status <> 'disconnected'
    returning (baseline->>'startedAtMs')::bigint as "startedAtMs"`.execute(db)
  if (!rows[0]) throw new ConnectionEndedError(connectionId)
  return rows[0].startedAtMs
}

/**
 * How far the import is. Throws `ConnectionEndedError` when the connection was ended, or when its history was erased and it
 * has begun anew: an import from before would have the new one leave out what it has read itself.
 */
export async function advanceBaseline(
  trx: Kysely<Tables>,
  connectionId: string,
  baseline: StartedBaseline,
): Promise<void> {
  const { rows } = await sql`
    update connection set baseline = ${JSON.stringify(baseline)}::jsonb
    where id = ${connectionId} and status <> 'disconnected'
      and (baseline->>'startedAtMs')::bigint = ${baseline.startedAtMs}
    returning 1`.execute(trx)
  if (rows.length === 0) throw new ConnectionEndedError(connectionId)
}

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

/**
 * Decisions wait until every connected CRM has been read once, and until one that was connected again is among the others
 * again: half a picture gives wrong neighbours.
 */
export async function baselinesDone(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*)::int as waiting from connection c
    where c.status = 'connected' and (not (c.baseline->>'done')::boolean or c.follow_up is not null
      or exists (select 1 from change_event e where e.connection_id = c.id and e.state = 'received' and e.source = 'baseline'))`.execute(
    db,
  )
  return rows[0]!.waiting === 0
}

export async function saveSchema(
  db: Kysely<Tables>,
  connectionId: string,
  schema: ObjectSchema,
  unreadable: readonly string[],
  asked: readonly string[],
): Promise<void> {
  await sql`
    insert into object_schema (connection_id, object_type, fields, unreadable, asked)
    values (${connectionId}, ${schema.objectType}, ${JSON.stringify(schema.fields)}::jsonb, ${unreadable}::text[],
      ${asked}::text[])
    on conflict (connection_id, object_type) do update set fields = excluded.fields, unreadable = excluded.unreadable,
      asked = excluded.asked, read_at = now()`.execute(db)
}

export type Watermark = { readonly modifiedUntilMs: number }

export async function readWatermarks(db: Kysely<Tables>, connectionId: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ object_type: string; modified_until_ms: number }>`
    select object_type, modified_until_ms from poll_cursor where connection_id = ${connectionId}`.execute(db)
  return new Map(rows.map((row) => [row.object_type, row.modified_until_ms]))
}

export async function saveWatermark(
  trx: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  modifiedUntilMs: number,
  found: number,
): Promise<void> {
  await sql`
    insert into poll_cursor (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${modifiedUntilMs}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found, cursor = null, since_ms = null, latest_ms = null`.execute(
    trx,
  )
}

/**
 * Moves a watermark from where it was read to `to`, at the end of a poll whose last stored place was `place`. False:
 * somebody asked meanwhile that the object be read from the start, and that request stays.
 */
export async function advanceWatermark(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  { from, to, place }: { readonly from: number; readonly to: number; readonly place: string | null },
  found: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into poll_cursor as w (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${to}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found, cursor = null, since_ms = null, latest_ms = null
      where w.modified_until_ms = ${from} and w.cursor is not distinct from ${place}
    returning 1`.execute(db)
  return rows.length > 0
}

/** From the start: no time in a CRM is as early. */
export const FROM_THE_START = 1

/**
 * Whether an object waits to be read from the start, and the CRM lets us. Until the transaction ends nobody can ask for
 * another.
 */
export async function isResyncWaiting(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ modified_until_ms: number; is_refused: boolean }>`
    select w.modified_until_ms, s.refused_since is not null as is_refused from poll_cursor w
    left join object_schema s on s.connection_id = w.connection_id and s.object_type = w.object_type
    where w.connection_id = ${connectionId} order by w.object_type for update of w`.execute(trx)
  return rows.some((row) => row.modified_until_ms === FROM_THE_START && !row.is_refused)
}

/** Nobody can say what changed in these objects: the next reconcile reads them from the start. */
export async function resyncObjects(
  trx: Kysely<Tables>,
  connectionId: string,
  objectTypes: readonly string[],
): Promise<void> {
  await sql`
    update poll_cursor set modified_until_ms = ${FROM_THE_START}, cursor = null, since_ms = null, latest_ms = null
    where connection_id = ${connectionId} and object_type = any(${objectTypes}::text[])`.execute(trx)
  await sql`update connection set polled_at = null where id = ${connectionId}`.execute(trx)
}
