import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../crm.ts'
import { retryAfterMs } from './hubspot-errors.ts'
import { idOf, objectOf, textOf } from './json-value.ts'

export type HubSpotOAuthOptions = {
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly fetch?: typeof globalThis.fetch
  readonly deadlineMs?: number
  readonly nowMs: () => number
}

export type HubSpotTokens = {
  readonly accessToken: string
  /** Always store this one: whether HubSpot ever gives a new one is not documented, so a new one may come any time. */
  readonly refreshToken: string
  /** By the clock, since a 401 is no sign of expiry at HubSpot. Ask for new tokens some minutes before. */
  readonly expiresAtMs: number
  readonly portalId: string | null
  readonly scopes: readonly string[]
}

// The version whose token endpoint outlives OAuth v1 (ends 2027-02-16); secrets go in the body, never in the URL.
const TOKEN_PATH = '/oauth/2026-03/token'
const DEADLINE_MS = 10_000
const ANSWER_MAX = 100_000

export function exchangeHubSpotCode(
  options: HubSpotOAuthOptions,
  grant: { readonly code: string; readonly redirectUri: string; readonly codeVerifier?: string },
): Promise<HubSpotTokens> {
  return requestTokens(options, 'exchange the code for HubSpot tokens', {
    grant_type: 'authorization_code',
    code: grant.code,
    redirect_uri: grant.redirectUri,
    ...(grant.codeVerifier === undefined ? {} : { code_verifier: grant.codeVerifier }),
  })
}

/**
 * New tokens for old. Only one process may refresh a connection at a time (a row lock is the caller's), and on
 * `CrmReconnectError` it reads its storage once more first: another one may have refreshed a moment ago.
 */
export function refreshHubSpotTokens(options: HubSpotOAuthOptions, refreshToken: string): Promise<HubSpotTokens> {
  return requestTokens(options, 'refresh the HubSpot token', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  })
}

export function hubSpotAuthorizeUrl(request: {
  readonly uiBaseUrl?: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly optionalScopes?: readonly string[]
  readonly state: string
  /** PKCE, S256. The verifier goes to `exchangeHubSpotCode`. */
  readonly codeChallenge?: string
}): string {
  const url = new URL('/oauth/authorize', request.uiBaseUrl ?? 'https://app.hubspot.com')
  const query: Record<string, string> = {
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
    ...(request.codeChallenge === undefined
      ? {}
      : { code_challenge: request.codeChallenge, code_challenge_method: 'S256' }),
    ...(request.optionalScopes?.length ? { optional_scope: request.optionalScopes.join(' ') } : {}),
  }
  // Scopes are parted by %20; URLSearchParams would write a plus sign.
  url.search = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  return url.href
}

async function requestTokens(
  options: HubSpotOAuthOptions,
  attempt: string,
  form: Readonly<Record<string, string>>,
): Promise<HubSpotTokens> {
  const send = options.fetch ?? globalThis.fetch
  let response: Response
  let text: string
  try {
    response = await send(options.baseUrl.replace(/\/+$/, '') + TOKEN_PATH, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ ...form, client_id: options.clientId, client_secret: options.clientSecret }),
      redirect: 'manual',
      signal: AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS),
    })
    text = await response.text()
  } catch (error) {
    throw new CrmUnknownError(`Cannot ${attempt}: no complete answer from HubSpot`, { cause: error })
  }
  const body = text.length > ANSWER_MAX ? undefined : jsonObject(text)
  if (!response.ok) throw tokenFailure(attempt, response, body, options.nowMs())

  const accessToken = textOf(body?.access_token)
  const seconds = body?.expires_in
  if (accessToken === '' || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new CrmUnknownError(`Cannot ${attempt}: HubSpot answered ${response.status} without a token and its lifetime`)
  }
  const scopes = Array.isArray(body?.scopes) ? body.scopes.filter((scope) => typeof scope === 'string') : []
  return {
    accessToken,
    refreshToken: textOf(body?.refresh_token) || form.refresh_token || '',
    expiresAtMs: options.nowMs() + seconds * 1_000,
    portalId: idOf(body?.hub_id) ?? null,
    scopes,
  }
}

function tokenFailure(
  attempt: string,
  response: Response,
  body: Record<string, unknown> | undefined,
  nowMs: number,
): Error {
  // RFC 6749 names with HubSpot's own beside them; only the codes go into the message, texts may quote the token.
  const code = textOf(body?.error) || textOf(body?.status) || `HTTP_${response.status}`
  const where = `Cannot ${attempt}: HubSpot answered ${response.status} ${code.slice(0, 60)}`
  const { status } = response
  if (code === 'invalid_grant' || body?.status === 'BAD_REFRESH_TOKEN' || body?.status === 'BAD_AUTH_CODE') {
    return new CrmReconnectError(where, 'Connect the HubSpot account again: its grant was revoked or has ended.')
  }
  if (code === 'invalid_client' || status === 401) {
    return new CrmReconnectError(
      where,
      "Check the client id and client secret of the HubSpot app in Lanekeeper's settings.",
    )
  }
  if (status === 429 || status === 423 || status === 477 || status === 503) {
    return new CrmBusyError(where, nowMs + (retryAfterMs(response.headers.get('retry-after'), nowMs) ?? 10_000))
  }
  // Without a readable body even a 400 says nothing about the grant.
  if (status >= 400 && status < 500 && body !== undefined) return new CrmRefusedError(where, code, status)
  return new CrmUnknownError(where)
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
