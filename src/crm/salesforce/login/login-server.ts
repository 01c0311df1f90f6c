import { type AuthorizationServer, allowInsecureRequests, customFetch } from 'oauth4webapi'
import { isLoopback } from '../../allowed-hosts.ts'
import { CrmBusyError, CrmUnknownError } from '../../crm-client.ts'
import { type BeforeBytes, exchange, type HttpAnswer, jsonObject, NoAnswerError } from '../../http-exchange.ts'

/** Where an org logs us in: `/services/oauth2/*` of its My Domain. Not counted against the org's API allowance. */
export type OAuthPlace = {
  readonly loginUrl: string
  /** Whether an address that Salesforce names may receive our tokens. */
  readonly allowsHost: (url: string) => boolean
  readonly nowMs: () => number
  readonly deadlineMs: number
  /** Left out: nothing is asked, as when a grant is revoked while the allowance is spent. */
  readonly beforeBytes?: BeforeBytes
}

/** The login server understood the request and refused it. */
export class OAuthRefusedError extends Error {
  override readonly name = 'OAuthRefusedError'
  /** `invalid_grant` and the like. */
  readonly code: string
  /** `audience`: an assertion may name another audience. */
  readonly reason: 'audience' | 'other'
  /** The server's time, when its answer has a Date. */
  readonly serverNowMs: number | null
  constructor(description: string, facts: Pick<OAuthRefusedError, 'code' | 'reason' | 'serverNowMs'>) {
    super(description)
    this.code = facts.code
    this.reason = facts.reason
    this.serverNowMs = facts.serverNowMs
  }
}

/** One form as oauth4webapi built it, sent through our own exchange. */
export type LoginOptions = {
  readonly [allowInsecureRequests]: boolean
  readonly [customFetch]: (
    url: string,
    init: { readonly headers: Record<string, string>; readonly body: URLSearchParams },
  ) => Promise<Response>
}

/** After a login that failed for a passing reason, how long callers wait before one of them tries again. */
const LOGIN_PAUSE_MS = 10_000
/** Token answers are below 10 KB. */
const ANSWER_BYTES_MAX = 1024 * 1024
/** Salesforce may quote these parts of a request, and they must not reach a log or a page. */
const SECRET_PARTS = ['client_secret', 'refresh_token', 'code', 'code_verifier', 'assertion', 'token']
const PASSING_CODES = new Set(['rate_limit_exceeded', 'server_error', 'temporarily_unavailable', 'unknown_error'])
/**
 * Salesforce answers `invalid_grant` to too many logins in an hour and to two refreshes at one moment, although the grant
 * is good; and to an assertion for another audience. Only the description tells, so its words are read here and nowhere else.
 */
const PASSING_WORDS = /login rate exceeded|rate limit|already being processed|retry your request/i
const AUDIENCE_WORDS = /audience/i

/** What oauth4webapi has to know of the org. Salesforce is not asked for its metadata: these paths are documented. */
export function loginServer({ loginUrl }: OAuthPlace): AuthorizationServer {
  return {
    issuer: loginUrl,
    token_endpoint: `${loginUrl}/services/oauth2/token`,
    revocation_endpoint: `${loginUrl}/services/oauth2/revoke`,
  }
}

/**
 * Has oauth4webapi build one request, sends it through our exchange, and returns the JSON of a 200; null where that has
 * none. Throws `OAuthRefusedError`, `CrmBusyError` (not done, may be sent again) or `CrmUnknownError` (sent, and its outcome
 * is unknown).
 */
export async function askLoginServer(
  place: OAuthPlace,
  request: (options: LoginOptions) => Promise<unknown>,
): Promise<Record<string, unknown> | null> {
  const { hostname, host } = new URL(place.loginUrl)
  const answered: AnsweredForm[] = []
  await request({
    // The sandbox on this machine has no certificate.
    [allowInsecureRequests]: isLoopback(hostname),
    async [customFetch](url, { headers, body }) {
      const at = `${host}${new URL(url).pathname}`
      const answer = await postForm(place, { url, headers, body: body.toString() }, at)
      answered.push({ answer, form: body, at })
      // oauth4webapi does not look into it. Its own reading of answers does not fit Salesforce (docs/decisions/0004).
      return new Response(null)
    },
  })
  const [form] = answered
  if (form === undefined) throw new TypeError('oauth4webapi sent no request')
  return readAnswer(place, form)
}

type AnsweredForm = { readonly answer: HttpAnswer; readonly form: URLSearchParams; readonly at: string }

async function postForm(
  place: OAuthPlace,
  request: { readonly url: string; readonly headers: Record<string, string>; readonly body: string },
  at: string,
): Promise<HttpAnswer> {
  const { deadlineMs, beforeBytes } = place
  try {
    return await exchange(
      { method: 'POST', ...request, headers: { ...request.headers, accept: 'application/json' } },
      { deadlineMs, beforeBytes, answerBytesMax: ANSWER_BYTES_MAX },
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error // the gate's own
    if (!error.sent) throw busy(place, `Could not connect to ${new URL(place.loginUrl).host}`)
    throw new CrmUnknownError(`${at}: ${error.message}`)
  }
}

function readAnswer(place: OAuthPlace, { answer, form, at }: AnsweredForm): Record<string, unknown> | null {
  const { status, headers } = answer
  const body = jsonObject(answer.text)
  if (status === 200) return body
  const code = typeof body?.error === 'string' ? body.error.slice(0, 100) : null
  const description = withoutSecrets(String(body?.error_description ?? code ?? 'no reason given'), form)
  const passing = code !== null && (PASSING_CODES.has(code) || PASSING_WORDS.test(description))
  // A 4xx without OAuth's JSON comes from a proxy or firewall, or from a host that is no org.
  if (status >= 400 && status < 500 && ![408, 420, 429].includes(status) && code !== null && !passing) {
    const serverNowMs = Date.parse(headers.get('date') ?? '')
    throw new OAuthRefusedError(`${description} (${code})`, {
      code,
      reason: AUDIENCE_WORDS.test(description) ? 'audience' : 'other',
      serverNowMs: Number.isNaN(serverNowMs) ? null : serverNowMs,
    })
  }
  throw busy(
    place,
    `${at}: HTTP ${status}${code === null ? ', not an answer of a Salesforce org' : `, ${description}`}`,
  )
}

function busy(place: OAuthPlace, message: string): CrmBusyError {
  return new CrmBusyError(message, place.nowMs() + LOGIN_PAUSE_MS)
}

function withoutSecrets(text: string, form: URLSearchParams): string {
  let clean = text
  for (const part of SECRET_PARTS) {
    const secret = form.get(part)
    if (secret) clean = clean.replaceAll(secret, '…')
  }
  return clean.slice(0, 300)
}
