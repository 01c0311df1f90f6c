import { type Kysely, sql } from 'kysely'
import { READING_VERSION } from '../../model/decision/reading-version.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, CrmIdentity, TaskKeySupport } from '../../model/record/crm-facts.ts'
import { type CallLimits, crmProfile } from '../../model/record/crm-profile.ts'
import type { ConnectionRow } from '../connections/connections.ts'
import type { Database } from '../database/database.ts'
import type { StoredAddress } from '../database/tables/connections.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { noteNewMatchKeys } from '../records/match-key-versions.ts'

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
      home_currency, credentials, grant_kind, address, made_by, feed, webhook_url, task_key, access, access_checked_at)
    values (${id}, ${crm}, ${identity.title}, ${identity.accountId}, ${baseUrl}, ${identity.actorId},
      ${identity.actorName}, ${identity.edition}, ${identity.pagesUrl}, ${identity.timeZone},
      ${identity.homeCurrency ?? null}, ${credentials},
      ${grantKind ?? null}, ${address ? JSON.stringify(address) : null}::jsonb, ${connection.madeBy ?? 'environment'},
      ${feed}, ${connection.webhookUrl ?? null}, ${JSON.stringify(taskKey)}::jsonb,
      ${access ? JSON.stringify(access) : null}::jsonb, case when ${access != null} then clock_timestamp() end)
    on conflict (id) do update set title = excluded.title, account_id = excluded.account_id,
      base_url = excluded.base_url, actor_id = excluded.actor_id, actor_name = excluded.actor_name,
      edition = excluded.edition, pages_url = excluded.pages_url, time_zone = excluded.time_zone,
      home_currency = coalesce(excluded.home_currency, connection.home_currency),
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
  await noteNewMatchKeys(trx, id, READING_VERSION)
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
      time_zone = ${identity.timeZone}, home_currency = coalesce(${identity.homeCurrency ?? null}, home_currency), status = 'connected', status_reason = null,
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
