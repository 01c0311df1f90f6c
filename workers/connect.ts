import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type CrmClient, CrmReconnectError } from '../src/crm/crm.ts'
import { createHubSpotClient } from '../src/crm/hubspot/hubspot-client.ts'
import { createSalesforceClient, type SalesforceClient } from '../src/crm/salesforce/salesforce-client.ts'
import type { ConnectionId } from '../src/model/record/change-event.ts'
import { CALL_LIMITS, CONNECTING_BUDGET, sharedBudget } from '../src/pipeline/budget.ts'
import { type ConnectionRow, listConnections, saveConnection } from '../src/store/connections.ts'
import type { Database } from '../src/store/database.ts'
import type { SecretBox } from '../src/store/secret-box.ts'
import type { ConnectedClient } from './context.ts'

export type HubSpotCredentials = {
  readonly baseUrl: string
  readonly token: string
  readonly clientSecrets: readonly string[]
  readonly appId: string
}
export type SalesforceCredentials = {
  readonly loginUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly pubsubAddress: string
  readonly apiVersion: string
}

/** Recognised in Salesforce's changeOrigin; see contracts/salesforce.md section 8. */
const CLIENT_NAME = 'lanekeeper'

/** Writes must not hold an intent for longer than its lease; this is far below it and above any answer worth having. */
const DEADLINE_MS = 20_000

const RETRY_MS = { first: 1_000, largest: 30_000 }

/** Connects until it works. A refused grant is said once per change of the answer and tried again now and then. */
export async function connectHubSpot(
  db: Database,
  box: SecretBox,
  credentials: HubSpotCredentials,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<ConnectedClient> {
  const build = (connectionId: ConnectionId, row: ConnectionRow | null): CrmClient =>
    createHubSpotClient({
      connectionId,
      baseUrl: credentials.baseUrl,
      uiBaseUrl: isLoopback(credentials.baseUrl) ? credentials.baseUrl : undefined,
      portalId: row?.accountId,
      appId: credentials.appId,
      token: async () => credentials.token,
      budget: row ? sharedBudget(db, connectionId) : CONNECTING_BUDGET,
      taskKey: row?.taskKey ?? undefined,
      deadlineMs: DEADLINE_MS,
      nowMs: Date.now,
    })
  return until({ logger, signal, crm: 'hubspot' }, async () => {
    const probe = build('hubspot-connecting' as ConnectionId, null)
    const identity = await probe.identify()
    const connectionId = `hubspot-${identity.accountId}` as ConnectionId
    await saveConnection(db, {
      id: connectionId,
      crm: 'hubspot',
      baseUrl: credentials.baseUrl,
      identity,
      credentials: box.seal(placeOf(connectionId), JSON.stringify(credentials)),
      taskKey: await probe.ensureTaskKey(),
      callLimit: CALL_LIMITS.hubspot,
    })
    const connection = await rowOf(db, connectionId)
    const client = build(connectionId, connection)
    // The account's zone and pages: a daily limit ends at its midnight.
    await client.identify()
    return { connection, client, stream: null }
  })
}

export async function connectSalesforce(
  db: Database,
  box: SecretBox,
  credentials: SalesforceCredentials,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<ConnectedClient> {
  const build = (connectionId: ConnectionId, known: boolean): SalesforceClient =>
    createSalesforceClient({
      connectionId,
      loginUrl: credentials.loginUrl,
      clientId: credentials.clientId,
      clientSecret: credentials.clientSecret,
      apiVersion: credentials.apiVersion,
      budget: known ? sharedBudget(db, connectionId) : CONNECTING_BUDGET,
      callOptionsClient: CLIENT_NAME,
      deadlineMs: DEADLINE_MS,
      nowMs: Date.now,
    })
  return until({ logger, signal, crm: 'salesforce' }, async () => {
    const probe = build('salesforce-connecting' as ConnectionId, false)
    const identity = await probe.identify()
    const connectionId = `salesforce-${identity.accountId}` as ConnectionId
    await saveConnection(db, {
      id: connectionId,
      crm: 'salesforce',
      baseUrl: credentials.loginUrl,
      identity,
      credentials: box.seal(placeOf(connectionId), JSON.stringify(credentials)),
      taskKey: await probe.ensureTaskKey(),
      callLimit: CALL_LIMITS.salesforce,
    })
    const client = build(connectionId, true)
    return {
      connection: await rowOf(db, connectionId),
      client,
      stream: { client, pubsubAddress: credentials.pubsubAddress },
    }
  })
}

/** Where the sealed credentials of a connection stand. */
export function placeOf(connectionId: string) {
  return { connectionId, table: 'connection', row: connectionId, column: 'credentials' }
}

async function rowOf(db: Database, connectionId: ConnectionId): Promise<ConnectionRow> {
  const row = (await listConnections(db)).find((c) => c.id === connectionId)
  if (!row) throw new Error(`Connection "${connectionId}" was removed while it was being connected`)
  return row
}

async function until<T>(
  { logger, signal, crm }: { readonly logger: Logger; readonly signal: AbortSignal; readonly crm: string },
  connect: () => Promise<T>,
): Promise<T> {
  let said = ''
  for (let pauseMs = RETRY_MS.first; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS.largest)) {
    signal.throwIfAborted()
    try {
      return await connect()
    } catch (error) {
      const why =
        error instanceof CrmReconnectError ? error.step : error instanceof Error ? error.message : String(error)
      if (why !== said)
        logger.warn(
          { crm, err: error, step: error instanceof CrmReconnectError ? error.step : undefined },
          'cannot connect yet, trying again',
        )
      said = why
      await wait(pauseMs, undefined, { signal })
    }
  }
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
}
