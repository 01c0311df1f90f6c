import { type Kysely, sql } from 'kysely'
import type { CrmIdentity, ObjectSchema, TaskKeySupport } from '../model/crm-facts.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'
import { inTransaction } from './transaction.ts'

export type BaselineObject = {
  readonly done: boolean
  readonly cursor: string | null
  readonly count: number
  readonly total: number | null
}
export type Baseline = {
  readonly done: boolean
  /** When the import began: what changes later is found by reconcile from here. Epoch milliseconds. */
  readonly startedAtMs?: number
  readonly objects: Readonly<Record<string, BaselineObject>>
}

export type ConnectionRow = {
  readonly id: ConnectionId
  readonly crm: Crm
  readonly title: string
  readonly accountId: string
  readonly baseUrl: string
  readonly actorId: string | null
  readonly timeZone: string | null
  readonly status: 'connected' | 'reconnect-needed'
  readonly statusReason: string | null
  readonly credentials: Buffer | null
  readonly taskKey: TaskKeySupport | null
  readonly baseline: Baseline
  readonly replayId: Buffer | null
}

export async function listConnections(db: Kysely<Tables>): Promise<ConnectionRow[]> {
  const { rows } = await sql<{
    id: string
    crm: Crm
    title: string
    account_id: string
    base_url: string
    actor_id: string | null
    time_zone: string | null
    status: 'connected' | 'reconnect-needed'
    status_reason: string | null
    credentials: Buffer | null
    task_key: TaskKeySupport | null
    baseline: Baseline
    replay_id: Buffer | null
  }>`select id, crm, title, account_id, base_url, actor_id, time_zone, status, status_reason, credentials, task_key,
            baseline, replay_id from connection order by id`.execute(db)
  return rows.map((row) => ({
    id: row.id as ConnectionId,
    crm: row.crm,
    title: row.title,
    accountId: row.account_id,
    baseUrl: row.base_url,
    actorId: row.actor_id,
    timeZone: row.time_zone,
    status: row.status,
    statusReason: row.status_reason,
    credentials: row.credentials,
    taskKey: row.task_key,
    baseline: row.baseline,
    replayId: row.replay_id,
  }))
}

/** Makes or renews a connection after its credentials answered. The account decides which connection it is. */
export async function saveConnection(
  db: Database,
  connection: {
    readonly id: ConnectionId
    readonly crm: Crm
    readonly baseUrl: string
    readonly identity: CrmIdentity
    readonly credentials: Buffer
    readonly taskKey: TaskKeySupport
    readonly callLimit: { readonly windowMs: number; readonly perWindow: number; readonly searchPerSecond: number }
  },
): Promise<void> {
  const { id, crm, baseUrl, identity, credentials, taskKey, callLimit } = connection
  await inTransaction(db, async (trx) => {
    await sql`
      insert into connection (id, crm, title, account_id, base_url, actor_id, time_zone, credentials, task_key)
      values (${id}, ${crm}, ${identity.title}, ${identity.accountId}, ${baseUrl}, ${identity.actorId},
              ${identity.timeZone}, ${credentials}, ${JSON.stringify(taskKey)}::jsonb)
      on conflict (id) do update set title = excluded.title, account_id = excluded.account_id,
        base_url = excluded.base_url, actor_id = excluded.actor_id, time_zone = excluded.time_zone,
        credentials = excluded.credentials, task_key = excluded.task_key, status = 'connected',
        status_reason = null`.execute(trx)
    await sql`
      insert into call_budget (connection_id, window_ms, window_limit, search_limit_per_second)
      values (${id}, ${callLimit.windowMs}, ${callLimit.perWindow}, ${callLimit.searchPerSecond})
      on conflict (connection_id) do update set window_ms = excluded.window_ms, window_limit = excluded.window_limit,
        search_limit_per_second = excluded.search_limit_per_second`.execute(trx)
  })
}

export async function setConnectionStatus(
  db: Kysely<Tables>,
  connectionId: string,
  status: 'connected' | 'reconnect-needed',
  reason: string | null,
): Promise<void> {
  await sql`update connection set status = ${status}, status_reason = ${reason} where id = ${connectionId}`.execute(db)
}

/** Connections whose grant was gone when it was last needed. */
export async function connectionsToReconnect(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from connection where status = 'reconnect-needed'`.execute(db)
  return rows.map((row) => row.id)
}

export async function saveBaseline(trx: Kysely<Tables>, connectionId: string, baseline: Baseline): Promise<void> {
  await sql`update connection set baseline = ${JSON.stringify(baseline)}::jsonb where id = ${connectionId}`.execute(trx)
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

/** Decisions wait until every connected CRM has been read once: half a picture gives wrong neighbours. */
export async function baselinesDone(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*)::int as waiting from connection c
    where c.status = 'connected' and (not (c.baseline->>'done')::boolean
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
): Promise<void> {
  await sql`
    insert into object_schema (connection_id, object_type, fields, unreadable)
    values (${connectionId}, ${schema.objectType}, ${JSON.stringify(schema.fields)}::jsonb, ${unreadable}::text[])
    on conflict (connection_id, object_type) do update set fields = excluded.fields, unreadable = excluded.unreadable,
      read_at = now()`.execute(db)
}

export type Watermark = { readonly modifiedUntilMs: number }

export async function readWatermarks(db: Kysely<Tables>, connectionId: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ object_type: string; modified_until_ms: number }>`
    select object_type, modified_until_ms from reconcile_watermark where connection_id = ${connectionId}`.execute(db)
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
    insert into reconcile_watermark (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${modifiedUntilMs}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found`.execute(trx)
}

/**
 * Moves a watermark from where it was read to `to`. False: somebody asked meanwhile that the object be read from the
 * start, and that request stays.
 */
export async function advanceWatermark(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  { from, to }: { readonly from: number | null; readonly to: number },
  found: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into reconcile_watermark as w (connection_id, object_type, modified_until_ms, last_run_at, last_found)
    values (${connectionId}, ${objectType}, ${to}, now(), ${found})
    on conflict (connection_id, object_type) do update set modified_until_ms = excluded.modified_until_ms,
      last_run_at = now(), last_found = excluded.last_found
      where w.modified_until_ms = ${from}
    returning 1`.execute(db)
  return rows.length > 0
}

/** From the start: no time in a CRM is as early. */
const FROM_THE_START = 1

/** Whether an object waits to be read from the start. Until the transaction ends nobody can ask for another. */
export async function isResyncWaiting(trx: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ modified_until_ms: number }>`
    select modified_until_ms from reconcile_watermark where connection_id = ${connectionId}
    order by object_type for update`.execute(trx)
  return rows.some((row) => row.modified_until_ms === FROM_THE_START)
}

/** The stream cannot say what changed in these objects (null: in any): the next reconcile reads them from the start. */
export async function resyncObjects(
  trx: Kysely<Tables>,
  connectionId: string,
  objectTypes: readonly string[] | null,
): Promise<void> {
  await sql`update reconcile_watermark set modified_until_ms = ${FROM_THE_START}
    where connection_id = ${connectionId} and (${objectTypes === null} or object_type = any(${objectTypes ?? []}::text[]))`.execute(
    trx,
  )
  await sql`update connection set reconciled_at = null where id = ${connectionId}`.execute(trx)
}
