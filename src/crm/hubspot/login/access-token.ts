import { CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { TokenStore, Tokens } from '../../grant.ts'

/** The bearer token of the next request, and what to do about one that HubSpot rejected. */
export type AccessToken = {
  current(): Promise<string>
  /** A 401 for this token: once it returns, `current` gives the one to try instead, maybe the same. */
  refused(token: string): Promise<void>
}

/** The token of a static app or a service key: only an admin can replace it. */
export function staticToken(token: string): AccessToken {
  return { current: async () => token, refused: async () => {} }
}

export type OAuthTokenOptions = {
  readonly store: TokenStore
  /** Asks HubSpot for new tokens. */
  readonly refresh: (refreshToken: string) => Promise<Tokens>
  /** Portal that the connection belongs to, once known: tokens of another one are not used. */
  readonly accountId?: string | undefined
  readonly nowMs: () => number
}

// Tokens live half an hour at HubSpot. Five minutes cover a renewal that fails for a while and clocks that differ.
const RENEW_EARLY_MS = 300_000
// After a renewal that failed for a passing reason, the old token stays in use, and HubSpot is asked again after this.
const RENEW_AGAIN_MS = 15_000
const RECONNECT_REMEDY = 'Reconnect the HubSpot account: Lanekeeper has no tokens for it.'

/**
 * Tokens of an OAuth app, renewed by the clock: HubSpot says that a 401 is no sign of expiry, so a request must not have
 * to fail first. The store lets only one process renew, and stores new tokens before they are used; within this process
 * all requests share one renewal.
 */
export function oauthToken(options: OAuthTokenOptions): AccessToken {
  const keeper: Keeper = { options, held: null, renewal: null, renewAgainAtMs: Number.NEGATIVE_INFINITY }
  return { current: () => current(keeper), refused: (token) => refused(keeper, token) }
}

type Held = { readonly tokens: Tokens; readonly version: number; readonly renewAtMs: number }

type Keeper = {
  readonly options: OAuthTokenOptions
  held: Held | null
  /** The renewal that every request of this process waits for. */
  renewal: Promise<Held> | null
  /** Not before this instant after a renewal that failed. */
  renewAgainAtMs: number
}

async function current(keeper: Keeper): Promise<string> {
  const { nowMs } = keeper.options
  const { held } = keeper
  if (held !== null && nowMs() < held.renewAtMs) return held.tokens.accessToken
  if (held !== null && isAlive(keeper, held) && nowMs() < keeper.renewAgainAtMs) return held.tokens.accessToken
  try {
    return (await shared(keeper, () => fresh(keeper))).tokens.accessToken
  } catch (error) {
    const isPassing = error instanceof CrmBusyError || error instanceof CrmUnknownError
    // Read again: another request may have renewed meanwhile.
    const last = keeper.held
    if (!isPassing || last === null || !isAlive(keeper, last)) throw error
    keeper.renewAgainAtMs = nowMs() + RENEW_AGAIN_MS
    return last.tokens.accessToken
  }
}

async function refused(keeper: Keeper, token: string): Promise<void> {
  if (keeper.held !== null && keeper.held.tokens.accessToken !== token) return // renewed since that request was sent
  await shared(keeper, async () => {
    const stored = await read(keeper)
    return stored.tokens.accessToken === token ? await renew(keeper, stored) : stored
  })
}

/** Requests that come while tokens are being fetched wait for the same ones. */
function shared(keeper: Keeper, work: () => Promise<Held>): Promise<Held> {
  keeper.renewal ??= work().finally(() => {
    keeper.renewal = null
  })
  return keeper.renewal
}

/** What the store holds, renewed when it is time. */
async function fresh(keeper: Keeper): Promise<Held> {
  const stored = await read(keeper)
  return keeper.options.nowMs() < stored.renewAtMs ? stored : await renew(keeper, stored)
}

async function read(keeper: Keeper): Promise<Held> {
  const { tokens, version } = await keeper.options.store.read()
  if (tokens === null) throw new CrmReconnectError('Cannot call HubSpot: no tokens are stored', RECONNECT_REMEDY)
  return hold(keeper, tokens, version)
}

async function renew(keeper: Keeper, seen: Held): Promise<Held> {
  const { store, refresh } = keeper.options
  try {
    const { tokens, version } = await store.renew(seen.version, (stored) => refreshed(stored, refresh))
    return hold(keeper, tokens, version)
  } catch (error) {
    if (!(error instanceof CrmReconnectError)) throw error
    // HubSpot also refuses a refresh token that another process has just used. Its tokens are then in the store.
    const stored = await store.read()
    if (stored.tokens === null || stored.version <= seen.version) throw error
    return hold(keeper, stored.tokens, stored.version)
  }
}

async function refreshed(stored: Tokens | null, refresh: OAuthTokenOptions['refresh']): Promise<Tokens> {
  const refreshToken = stored?.refreshToken ?? null
  if (refreshToken === null) {
    throw new CrmReconnectError('Cannot refresh the HubSpot token: no refresh token is stored', RECONNECT_REMEDY)
  }
  const next = await refresh(refreshToken)
  // What this answer leaves out still holds; HubSpot names the portal at every renewal, but promises nothing.
  return {
    ...next,
    refreshToken: next.refreshToken ?? refreshToken,
    accountId: next.accountId ?? stored?.accountId ?? null,
    userId: next.userId ?? stored?.userId ?? null,
    scopes: next.scopes.length > 0 ? next.scopes : (stored?.scopes ?? []),
  }
}

function hold(keeper: Keeper, tokens: Tokens, version: number): Held {
  const { accountId, nowMs } = keeper.options
  if (keeper.held !== null && keeper.held.version === version) return keeper.held
  if (accountId !== undefined && tokens.accountId !== null && tokens.accountId !== accountId) {
    throw new CrmReconnectError(
      `The grant belongs to HubSpot account ${tokens.accountId}, and this connection to account ${accountId}`,
      `Log in to HubSpot account ${accountId} again, or add a new connection for the other one.`,
    )
  }
  // A third of what is left, where that is less: a short-lived token must not be renewed at every call.
  const leftMs = (tokens.expiresAtMs ?? Number.POSITIVE_INFINITY) - nowMs()
  const renewAtMs = nowMs() + leftMs - Math.min(RENEW_EARLY_MS, Math.max(leftMs, 0) / 3)
  keeper.held = { tokens, version, renewAtMs }
  return keeper.held
}

function isAlive({ options }: Keeper, { tokens }: Held): boolean {
  return tokens.expiresAtMs === null || options.nowMs() < tokens.expiresAtMs
}
