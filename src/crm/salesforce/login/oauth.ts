import { CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { Tokens } from '../../grant.ts'
import { longId } from '../http/record-id.ts'
import { fencedRequest, newAttempt } from '../http/transport.ts'

/** Requests to `/services/oauth2/*`. They are not counted against the org's API allowance. */
export type OAuthPlace = {
  readonly loginUrl: string
  /** Whether an address that Salesforce names may be given our tokens. */
  readonly allowsHost: (url: string) => boolean
  readonly nowMs: () => number
  readonly deadlineMs: number
}

/** The authorization server understood and said no. */
export class OAuthRefusedError extends Error {
  override readonly name = 'OAuthRefusedError'
  /** `invalid_grant` and the like. */
  readonly code: string
  /** What time the server had, when it said so. */
  readonly serverNowMs: number | null
  constructor(code: string, description: string, serverNowMs: number | null = null) {
    super(description)
    this.code = code
    this.serverNowMs = serverNowMs
  }
}

/** After a login that failed for a passing reason, how long callers wait before one of them tries again. */
const LOGIN_PAUSE_MS = 10_000
/** These parts of a request may be quoted back to us, and must not reach a log or a page. */
const SECRET_PARTS = ['client_secret', 'refresh_token', 'code', 'code_verifier', 'assertion', 'token']
const PASSING_CODES = new Set(['rate_limit_exceeded', 'server_error', 'temporarily_unavailable', 'unknown_error'])
/** Said with `invalid_grant` although the grant is fine: too many logins in an hour, or two refreshes at one moment. */
const PASSING_WORDS = /login rate exceeded|rate limit|already being processed|retry your request/i

/**
 * One token request. Throws `OAuthRefusedError`, `CrmBusyError` (not done, may be sent again), `CrmUnknownError` (sent, and
 * nobody knows what came of it) or `CrmReconnectError` (the answer names an address that we do not give tokens to).
 */
export async function requestTokens(place: OAuthPlace, form: Readonly<Record<string, string>>): Promise<Tokens> {
  const answer = await post(place, '/services/oauth2/token', form)
  const tokens = readTokens(answer)
  if (tokens === null) {
    throw new CrmUnknownError(`The token answer of ${place.loginUrl} lacks a token, an address or the identity`)
  }
  if (!place.allowsHost(tokens.instanceUrl)) {
    throw new CrmReconnectError(
      `The token answer of ${place.loginUrl} sends us to ${tokens.instanceUrl.slice(0, 200)}, which is not on the list of allowed hosts; nothing was sent there`,
      'Check the My Domain address of the connection. If the org really is reached at that host, add it to the allowed hosts in the settings, then reconnect.',
    )
  }
  return tokens
}

/** True: Salesforce ended it. False: it no longer knew the token, which is as good. */
export async function revokeToken(place: OAuthPlace, token: string): Promise<boolean> {
  try {
    await post(place, '/services/oauth2/revoke', { token })
    return true
  } catch (error) {
    if (error instanceof OAuthRefusedError) return false
    throw error
  }
}

export type UserInfo = { readonly username: string | null; readonly email: string | null; readonly name: string | null }

/** Null where the session has no right to ask. The token travels in the header: jsforce's `identity()` puts it into the URL. */
export async function readUserInfo(
  session: { readonly instanceUrl: string; readonly accessToken: string },
  deadlineMs: number,
): Promise<UserInfo | null> {
  const attempt = newAttempt()
  const response = await fencedRequest(
    {
      method: 'GET',
      url: `${session.instanceUrl}/services/oauth2/userinfo`,
      headers: { authorization: `Bearer ${session.accessToken}`, accept: 'application/json' },
    },
    deadlineMs,
    attempt,
  ).catch(() => null)
  const info = response?.statusCode === 200 ? readObject(response.body) : null
  if (info === null) return null
  const word = (value: unknown) => (typeof value === 'string' && value !== '' ? value.slice(0, 320) : null)
  return { username: word(info.preferred_username), email: word(info.email), name: word(info.name) }
}

async function post(place: OAuthPlace, path: string, form: Readonly<Record<string, string>>): Promise<unknown> {
  const attempt = newAttempt()
  const at = new URL(place.loginUrl).host
  let response: Awaited<ReturnType<typeof fencedRequest>>
  try {
    response = await fencedRequest(
      {
        method: 'POST',
        url: `${place.loginUrl}${path}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams(form).toString(),
      },
      place.deadlineMs,
      attempt,
    )
  } catch (error) {
    if (!attempt.sent) throw busy(place, `Could not connect to ${at}`)
    const why =
      error instanceof Error && error.name === 'TimeoutError'
        ? `no answer in ${place.deadlineMs} ms`
        : 'the answer was cut'
    throw new CrmUnknownError(`${at}${path}: ${why}`)
  }
  const { statusCode: status } = response
  const said = readObject(response.body)
  if (status === 200) return path.endsWith('/revoke') ? null : said
  const code = said && typeof said.error === 'string' ? said.error.slice(0, 100) : null
  const words = withoutSecrets(String(said?.error_description ?? code ?? 'no reason given'), form)
  const passing = code !== null && (PASSING_CODES.has(code) || PASSING_WORDS.test(words))
  // A 4xx that is not OAuth's own JSON comes from something in between, or from a host that is no org.
  const refusal = status >= 400 && status < 500 && ![408, 420, 429].includes(status) && code !== null && !passing
  if (refusal) {
    const serverNowMs = Date.parse(attempt.headers.date ?? '')
    throw new OAuthRefusedError(code, `${words} (${code})`, Number.isNaN(serverNowMs) ? null : serverNowMs)
  }
  throw busy(
    place,
    `${at}${path}: HTTP ${status}${code === null ? ', not an answer of a Salesforce org' : `, ${words}`}`,
  )
}

function busy(place: OAuthPlace, message: string): CrmBusyError {
  return new CrmBusyError(message, place.nowMs() + LOGIN_PAUSE_MS)
}

function withoutSecrets(said: string, form: Readonly<Record<string, string>>): string {
  let clean = said
  for (const part of SECRET_PARTS) {
    const secret = form[part]
    if (secret) clean = clean.replaceAll(secret, '…')
  }
  return clean.slice(0, 300)
}

function readObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

type ReadTokens = Tokens & { readonly instanceUrl: string }

/** `id` ends in org and user; the token's own text begins with the org id, which nobody promised. */
function readTokens(answer: unknown): ReadTokens | null {
  if (typeof answer !== 'object' || answer === null) return null
  const { access_token, refresh_token, instance_url, id, scope } = answer as Record<string, unknown>
  if (typeof access_token !== 'string' || typeof instance_url !== 'string' || typeof id !== 'string') return null
  const [org = '', user = ''] = id.split('/').slice(-2)
  const orgId = longId(org)
  const userId = longId(user)
  if (!orgId || !userId || !URL.canParse(instance_url)) return null
  return {
    accessToken: access_token,
    refreshToken: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : null,
    expiresAtMs: null, // Salesforce does not say: its 401 does.
    instanceUrl: instance_url.replace(/\/+$/, ''),
    accountId: orgId,
    userId,
    scopes: typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : [],
  }
}
