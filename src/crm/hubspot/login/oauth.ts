import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { Tokens } from '../../grant.ts'
import { storable } from '../../storable-text.ts'
import { retryAfterMs } from '../http/errors.ts'
import { idOf, objectOf, textOf } from '../http/json-value.ts'
import { type HubSpotApiVersion, hubSpotPaths } from '../http/paths.ts'

/**
 * HubSpot's token endpoint, under the version of the API that everything else uses: OAuth v1 ends on 2027-02-16.
 * Secrets travel in the body and never in the URL, which logs on the way would keep.
 */
export type HubSpotOAuthOptions = {
  readonly baseUrl: string
  readonly apiVersion: HubSpotApiVersion
  readonly clientId: string
  readonly clientSecret: string
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
}

const DEADLINE_MS = 10_000
const ANSWER_MAX = 100_000

type Attempt = {
  readonly does: string
  readonly remedy: string
  /**
   * It happens inside a call about records, where a refusal would be taken for one of the record: whatever HubSpot has
   * against renewing, a person has to look.
   */
  readonly refusalNeedsPerson?: true
}

const EXCHANGE: Attempt = {
  does: 'exchange the code for HubSpot tokens',
  remedy: 'Start connecting HubSpot once more: a code works once, within a few minutes, and for whoever asked for it.',
}
const REFRESH: Attempt = {
  does: 'refresh the HubSpot token',
  remedy: 'Connect the HubSpot account again: its grant was revoked or has ended.',
  refusalNeedsPerson: true,
}

export function exchangeHubSpotCode(
  options: HubSpotOAuthOptions,
  grant: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string },
): Promise<Tokens> {
  return requestTokens(options, EXCHANGE, {
    grant_type: 'authorization_code',
    code: grant.code,
    redirect_uri: grant.redirectUri,
    code_verifier: grant.codeVerifier,
  })
}

/**
 * New tokens for old. Whether HubSpot ever gives a new refresh token is not documented, so the one in the answer is to
 * be kept, whichever it is; an answer without one keeps the old.
 */
export function refreshHubSpotTokens(options: HubSpotOAuthOptions, refreshToken: string): Promise<Tokens> {
  return requestTokens(options, REFRESH, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

async function requestTokens(
  options: HubSpotOAuthOptions,
  attempt: Attempt,
  form: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const { status, body } = await post(options, '', attempt, form)
  const accessToken = textOf(body.access_token)
  const seconds = body.expires_in
  if (accessToken === '' || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new CrmUnknownError(`Cannot ${attempt.does}: HubSpot answered ${status} without a token and its lifetime`, {
      status,
    })
  }
  return {
    accessToken,
    refreshToken: textOf(body.refresh_token) || form.refresh_token || null,
    expiresAtMs: options.nowMs() + seconds * 1_000,
    instanceUrl: null,
    accountId: idOf(body.hub_id) ?? null,
    userId: idOf(body.user_id) ?? null,
    scopes: textsOf(body.scopes),
  }
}

export type TokenFacts = {
  readonly active: boolean
  readonly portalId: string | null
  readonly appId: string | null
  readonly userId: string | null
  /** E-mail of the user who connected the app. */
  readonly user: string | null
  readonly scopes: readonly string[]
}

/** What HubSpot itself knows of a token: whose it is and what it may do. */
export async function introspectHubSpotToken(options: HubSpotOAuthOptions, accessToken: string): Promise<TokenFacts> {
  const attempt = { does: 'ask HubSpot whose token this is', remedy: REFRESH.remedy }
  const { body } = await post(options, '/introspect', attempt, { token: accessToken, token_type_hint: 'access_token' })
  return {
    active: body.active === true,
    portalId: idOf(body.hub_id) ?? null,
    appId: idOf(body.app_id) ?? null,
    userId: idOf(body.user_id) ?? null,
    user: storable(textOf(body.user)).slice(0, 320) || null,
    scopes: textsOf(body.scopes),
  }
}

/** Ends the grant of a refresh token. A token that HubSpot no longer knows is as good as ended. */
export async function revokeHubSpotToken(options: HubSpotOAuthOptions, refreshToken: string): Promise<void> {
  const attempt = { does: 'give the HubSpot grant back', remedy: REFRESH.remedy }
  try {
    await post(options, '/revoke', attempt, { token: refreshToken, token_type_hint: 'refresh_token' })
  } catch (error) {
    const unknown = error instanceof TokenNotKnown || (error instanceof CrmRefusedError && error.status === 404)
    if (!unknown) throw error
  }
}

export function hubSpotAuthorizeUrl(request: {
  readonly pagesUrl: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly optionalScopes: readonly string[]
  readonly state: string
  /** PKCE, S256. The verifier goes to `exchangeHubSpotCode`. */
  readonly codeChallenge: string
}): string {
  const url = new URL('/oauth/authorize', request.pagesUrl)
  const query: Record<string, string> = {
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    ...(request.optionalScopes.length > 0 ? { optional_scope: request.optionalScopes.join(' ') } : {}),
  }
  // Scopes are parted by %20; URLSearchParams would write a plus sign.
  url.search = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  return url.href
}

/** `invalid_grant`: HubSpot does not, or no longer, know this token or code. */
class TokenNotKnown extends CrmReconnectError {}

async function post(
  options: HubSpotOAuthOptions,
  below: '' | '/introspect' | '/revoke',
  attempt: Attempt,
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const send = options.fetch ?? globalThis.fetch
  const url = options.baseUrl.replace(/\/+$/, '') + hubSpotPaths(options.apiVersion).token + below
  let response: Response
  let text: string
  try {
    response = await send(url, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ ...form, client_id: options.clientId, client_secret: options.clientSecret }),
      redirect: 'manual',
      signal: AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS),
    })
    text = await response.text()
  } catch (error) {
    throw new CrmUnknownError(`Cannot ${attempt.does}: no complete answer from HubSpot`, { cause: error })
  }
  const body = text.length > ANSWER_MAX ? undefined : jsonObject(text)
  if (!response.ok) throw tokenFailure(attempt, response, body, options.nowMs())
  if (body === undefined && below !== '/revoke') {
    throw new CrmUnknownError(
      `Cannot ${attempt.does}: HubSpot answered ${response.status} with ${text.length} characters that are not a JSON ` +
        'object, as a proxy or a cut connection does',
      { status: response.status },
    )
  }
  return { status: response.status, body: body ?? {} }
}

function tokenFailure(
  { does, remedy, refusalNeedsPerson }: Attempt,
  response: Response,
  body: Record<string, unknown> | undefined,
  nowMs: number,
): Error {
  // RFC 6749 names with HubSpot's own beside them; only the codes go into the message, texts may quote the token.
  const code = textOf(body?.error) || textOf(body?.status) || `HTTP_${response.status}`
  const where = `Cannot ${does}: HubSpot answered ${response.status} ${code.slice(0, 60)}`
  const { status } = response
  if (code === 'invalid_grant' || body?.status === 'BAD_REFRESH_TOKEN' || body?.status === 'BAD_AUTH_CODE') {
    return new TokenNotKnown(where, remedy)
  }
  if (code === 'invalid_client' || status === 401) {
    return new CrmReconnectError(
      where,
      'Check the client id and client secret of the HubSpot app: HubSpot refuses them.',
    )
  }
  if (status === 429 || status === 423 || status === 477 || status === 503) {
    return new CrmBusyError(where, nowMs + (retryAfterMs(response.headers.get('retry-after'), nowMs) ?? 10_000))
  }
  // Without a readable body even a 400 says nothing about the grant; a 408 never does.
  if (status >= 400 && status < 500 && status !== 408 && body !== undefined) {
    return refusalNeedsPerson ? new CrmReconnectError(where, remedy) : new CrmRefusedError(where, code, status)
  }
  return new CrmUnknownError(where, { status })
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string').slice(0, 500) : []
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
