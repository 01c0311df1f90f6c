import { isLoopback, refuseAddress } from '../crm/allowed-hosts.ts'
import { type CallBudget, type CrmClient, CrmReconnectError } from '../crm/crm-client.ts'
import type { CrmSetup } from '../crm/crm-setup.ts'
import type { CrmAddress, Grant, TokenStore } from '../crm/grant.ts'
import { openHubSpot } from '../crm/hubspot/open.ts'
import type { SalesforceClient } from '../crm/salesforce/client/client.ts'
import { openSalesforce } from '../crm/salesforce/open.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { TaskKeySupport } from '../model/record/crm-facts.ts'
import type { ConnectionRow } from '../store/connections/connections.ts'
import { SecretUnreadableError } from '../store/secrets/secret-box.ts'
import { credentialsOf } from '../store/secrets/secret-places.ts'
import { sharedBudget } from './call-budget.ts'
import type { ConnectDeps } from './context.ts'
import { sharedTokens } from './token-store.ts'

export type OpenConnection = {
  readonly connection: ConnectionRow
  readonly client: CrmClient
  readonly setup: CrmSetup
  /** Present for Salesforce: what the stream needs besides the verbs. */
  readonly stream: { readonly client: SalesforceClient; readonly pubsubAddress: string } | null
}

/**
 * Of one call, also of one for tokens. Above any answer worth having; what it may add up to with other waits stands at
 * `SEND_WITHIN_MS` in budget.ts.
 */
export const CALL_DEADLINE_MS = 20_000

/**
 * The adapter of a connection, with the allowance and the tokens that all processes share. Asks the CRM nothing. Throws
 * `CrmReconnectError` when there is no grant to open it with, or none that our keys open.
 */
export function openConnection(deps: ConnectDeps, row: ConnectionRow): OpenConnection {
  const { address } = row
  const grant = grantOf(deps, row)
  if (address === null) throw new CrmReconnectError(`Connection "${row.id}" has no address`, 'Connect the CRM again.')
  const opened = openCrm(deps, {
    grant,
    address,
    connectionId: row.id,
    tokens: sharedTokens(deps, { of: 'connection', id: row.id }),
    budget: sharedBudget(deps.db, row.id),
    taskKey: row.taskKey ?? undefined,
    accountId: row.accountId,
    pagesUrl: row.pagesUrl ?? undefined,
    timeZone: row.timeZone,
  })
  return { connection: row, ...opened }
}

/** What an admin gave us, unsealed. */
export function grantOf(
  deps: Pick<ConnectDeps, 'box'>,
  row: Pick<ConnectionRow, 'id' | 'credentials' | 'grantKind'>,
): Grant {
  if (row.credentials === null || row.grantKind === null) {
    throw new CrmReconnectError(`Connection "${row.id}" has no grant`, 'Connect the CRM again.')
  }
  try {
    return JSON.parse(deps.box.open(credentialsOf(row.id), row.credentials)) as Grant
  } catch (error) {
    if (!(error instanceof SecretUnreadableError)) throw error
    throw new CrmReconnectError(error.message, remedyFor(error), error)
  }
}

/** What an admin does about a secret that cannot be opened. */
export function remedyFor(error: SecretUnreadableError): string {
  return error.code === 'SECRET_KEY_MISSING'
    ? 'The key that this connection was sealed with is missing: put it back (LANEKEEPER_KEYS, or the file "keys" in DATA_DIR), or connect the CRM again.'
    : 'The stored credentials were altered or belong elsewhere: connect the CRM again.'
}

export type CrmToOpen = {
  readonly connectionId: ConnectionId
  readonly grant: Grant
  readonly address: CrmAddress
  readonly tokens: TokenStore
  readonly budget: CallBudget
  readonly taskKey?: TaskKeySupport | undefined
  readonly accountId?: string | undefined
  readonly pagesUrl?: string | undefined
  readonly timeZone?: string | null | undefined
}

/** The adapter for a grant, by its kind. */
export function openCrm(
  deps: Pick<ConnectDeps, 'allowsLoopback' | 'extraHosts' | 'nowMs'>,
  crm: CrmToOpen,
): Omit<OpenConnection, 'connection'> {
  const { grant, ...rest } = crm
  const options = {
    ...rest,
    taskKey: crm.taskKey,
    accountId: crm.accountId,
    pagesUrl: crm.pagesUrl,
    nowMs: deps.nowMs,
    deadlineMs: CALL_DEADLINE_MS,
  }
  if (grant.kind === 'hubspot-token' || grant.kind === 'hubspot-oauth') {
    return { ...openHubSpot({ ...options, grant }), stream: null }
  }
  const opened = openSalesforce({ ...options, grant, allowsHost: hostsFor(deps, crm.address) })
  const { pubsubAddress } = crm.address
  return { ...opened, stream: pubsubAddress === null ? null : { client: opened.client, pubsubAddress } }
}

/**
 * Whether an address that Salesforce names may be given our tokens: one that an admin may enter, or the very host that
 * was entered, which has them already. Only an org on this machine (the sandbox) may send us to this machine.
 */
export function hostsFor(
  deps: Pick<ConnectDeps, 'allowsLoopback' | 'extraHosts'>,
  address: CrmAddress,
): (url: string) => boolean {
  const { origin: own, hostname } = new URL(address.baseUrl)
  const rule = { loopback: deps.allowsLoopback && isLoopback(hostname), extra: deps.extraHosts }
  return (url) => (URL.canParse(url) && new URL(url).origin === own) || refuseAddress('salesforce', url, rule) === null
}
