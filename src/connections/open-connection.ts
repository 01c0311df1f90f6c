import type { HostRule } from '../crm/allowed-hosts.ts'
import type { OpenedCrm } from '../crm/crm-adapter.ts'
import { type CallBudget, CrmReconnectError } from '../crm/crm-client.ts'
import type { CrmAddress, Grant, TokenStore } from '../crm/grant.ts'
import { adapterOf } from '../crm/registry.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import type { TaskKeySupport } from '../model/record/crm-facts.ts'
import type { ConnectionRow } from '../store/connections/connections.ts'
import { SecretUnreadableError } from '../store/secrets/secret-box.ts'
import { credentialsOf } from '../store/secrets/secret-places.ts'
import { sharedBudget } from './call-budget.ts'
import type { ConnectDeps } from './context.ts'
import { sharedTokens } from './token-store.ts'

export type OpenConnection = OpenedCrm & { readonly connection: ConnectionRow }

/** Of one call, also of one for tokens. Above any answer worth having. */
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
    crm: row.crm,
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
  readonly crm: Crm
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

/** Asks the CRM nothing. Throws `UnknownCrmError`. */
export function openCrm(
  deps: Pick<ConnectDeps, 'allowsLoopback' | 'extraHosts' | 'nowMs' | 'callDeadlineMs'>,
  opened: CrmToOpen,
): OpenedCrm {
  const { crm, ...rest } = opened
  return adapterOf(crm).open({
    ...rest,
    taskKey: opened.taskKey,
    accountId: opened.accountId,
    pagesUrl: opened.pagesUrl,
    hostRule: hostRuleOf(deps),
    nowMs: deps.nowMs,
    deadlineMs: deps.callDeadlineMs ?? CALL_DEADLINE_MS,
  })
}

export function hostRuleOf({
  allowsLoopback,
  extraHosts,
}: Pick<ConnectDeps, 'allowsLoopback' | 'extraHosts'>): HostRule {
  return { loopback: allowsLoopback, extra: extraHosts }
}
