import { CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { TokenStore, Tokens } from '../../grant.ts'

/** The bearer token of the next request, and what is done about one that HubSpot refused. */
export type AccessToken = {
  current(): Promise<string>
  /** A 401 for this token: once it returns, `current` gives the one to try instead, maybe the same. */
  refused(token: string): Promise<void>
}

/** The token of a static app or a service key: nobody but a person can replace it. */
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
// After a renewal that failed for a passing reason, the old token serves on; HubSpot is asked again after this.
const RENEW_AGAIN_MS = 15_000
const RECONNECT_STEP = 'Connect the HubSpot account again: Lanekeeper holds no tokens for it.'

type Held = { readonly tokens: Tokens; readonly version: number; readonly renewAtMs: number }

/**
 * Tokens of an OAuth app, renewed by the clock: HubSpot says that a 401 is no sign of expiry, so a request must not
 * have to fail first. The store sees to it that one process of all renews, and that the new tokens are kept before
 * anybody uses them; here one renewal of this process is shared by all its requests.
 */
export function oauthToken({ store, refresh, accountId, nowMs }: OAuthTokenOptions): AccessToken {
  let held: Held | null = null
  let underWay: Promise<Held> | null = null
  let againAtMs = Number.NEGATIVE_INFINITY

  async function current(): Promise<string> {
    const now = held
    if (now !== null && nowMs() < now.renewAtMs) return now.tokens.accessToken
    if (now !== null && stillGood(now) && nowMs() < againAtMs) return now.tokens.accessToken
    try {
      return (await shared(() => fresh())).tokens.accessToken
    } catch (error) {
      const passing = error instanceof CrmBusyError || error instanceof CrmUnknownError
      if (!passing || held === null || !stillGood(held)) throw error
      againAtMs = nowMs() + RENEW_AGAIN_MS
      return held.tokens.accessToken
    }
  }

  async function refused(token: string): Promise<void> {
    if (held !== null && held.tokens.accessToken !== token) return // renewed since that request was sent
    await shared(async () => {
      const stored = await read()
      return stored.tokens.accessToken === token ? await renew(stored) : stored
    })
  }

  /** What the store holds, renewed when it is time. */
  async function fresh(): Promise<Held> {
    const stored = await read()
    return nowMs() < stored.renewAtMs ? stored : await renew(stored)
  }

  async function read(): Promise<Held> {
    const { tokens, version } = await store.read()
    if (tokens === null) throw new CrmReconnectError('Cannot call HubSpot: no tokens are kept', RECONNECT_STEP)
    return hold(tokens, version)
  }

  async function renew(seen: Held): Promise<Held> {
    try {
      const { tokens, version } = await store.renew(seen.version, async (stored) => {
        const refreshToken = stored?.refreshToken ?? null
        if (refreshToken === null) {
          throw new CrmReconnectError('Cannot refresh the HubSpot token: no refresh token is kept', RECONNECT_STEP)
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
      })
      return hold(tokens, version)
    } catch (error) {
      if (!(error instanceof CrmReconnectError)) throw error
      // A refresh token that another process has used up meanwhile is refused too. Its tokens are then in the store.
      const stored = await store.read()
      if (stored.tokens === null || stored.version <= seen.version) throw error
      return hold(stored.tokens, stored.version)
    }
  }

  /** Whoever comes while tokens are being fetched waits for the same ones. */
  function shared(work: () => Promise<Held>): Promise<Held> {
    underWay ??= work().finally(() => {
      underWay = null
    })
    return underWay
  }

  function hold(tokens: Tokens, version: number): Held {
    if (held !== null && held.version === version) return held
    if (accountId !== undefined && tokens.accountId !== null && tokens.accountId !== accountId) {
      throw new CrmReconnectError(
        `The grant belongs to HubSpot account ${tokens.accountId}, and this connection to account ${accountId}`,
        `Log in to HubSpot account ${accountId} again, or make a new connection for the other one.`,
      )
    }
    // A third of what is left, where that is less: a token that lives shortly must not be renewed at every call.
    const leftMs = (tokens.expiresAtMs ?? Number.POSITIVE_INFINITY) - nowMs()
    const renewAtMs = nowMs() + leftMs - Math.min(RENEW_EARLY_MS, Math.max(leftMs, 0) / 3)
    held = { tokens, version, renewAtMs }
    return held
  }

  function stillGood({ tokens }: Held): boolean {
    return tokens.expiresAtMs === null || nowMs() < tokens.expiresAtMs
  }

  return { current, refused }
}
