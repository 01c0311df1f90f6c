import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { exchange, type HttpAnswer, jsonObject, NoAnswerError } from '../../http-exchange.ts'
import { retryAfterMs } from '../http/failure.ts'
import { type JsonObject, textOf } from '../http/json-value.ts'
import { type HubSpotApiVersion, hubSpotPaths } from '../http/paths.ts'

/**
 * HubSpot's token endpoint, under the version of the API that everything else uses: OAuth v1 ends on 2027-02-16. Not
 * counted against the account's call limits.
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

export type TokenRequest = {
  readonly below: '' | '/introspect' | '/revoke'
  readonly form: Readonly<Record<string, string>>
  readonly attempt: Attempt
}

export type Attempt = {
  /** Finishes the sentence "Cannot ..." in errors. */
  readonly does: string
  readonly remedy: string
  /** Set for a renewal inside a call about records: its refusal must not count as a refusal of the record. */
  readonly refusalNeedsPerson?: true
}

/** `invalid_grant`: HubSpot does not know this token or code, or no longer. */
export class TokenNotKnown extends CrmReconnectError {}

const DEADLINE_MS = 10_000
/** Token answers are below 10 KB. */
const ANSWER_BYTES_MAX = 100_000
const BUSY_PAUSE_MS = 10_000

/** Sends one form and returns the JSON of a 2xx. Secrets travel in the body, because proxies log URLs. */
export async function askTokenEndpoint(
  options: HubSpotOAuthOptions,
  request: TokenRequest,
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const { below, attempt } = request
  const answer = await postForm(options, request)
  const { status, text } = answer
  const body = jsonObject(text)
  if (status < 200 || status >= 300) throw tokenFailure(attempt, answer, body, options.nowMs())
  if (body === null && below !== '/revoke') {
    throw new CrmUnknownError(
      `Cannot ${attempt.does}: HubSpot answered ${status} with ${text.length} characters that are not a JSON object, ` +
        'as a proxy or a cut connection does',
      { status },
    )
  }
  return { status, body: body ?? {} }
}

async function postForm(options: HubSpotOAuthOptions, { below, form, attempt }: TokenRequest): Promise<HttpAnswer> {
  const { clientId, clientSecret, fetch, deadlineMs = DEADLINE_MS } = options
  const url = options.baseUrl.replace(/\/+$/, '') + hubSpotPaths(options.apiVersion).token + below
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
  const body = new URLSearchParams({ ...form, client_id: clientId, client_secret: clientSecret }).toString()
  try {
    return await exchange(
      { method: 'POST', url, headers, body },
      { deadlineMs, answerBytesMax: ANSWER_BYTES_MAX, fetch },
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    throw new CrmUnknownError(`Cannot ${attempt.does}: no complete answer from HubSpot`, { cause: error })
  }
}

function tokenFailure(
  { does, remedy, refusalNeedsPerson }: Attempt,
  { status, headers }: HttpAnswer,
  body: JsonObject | null,
  nowMs: number,
): Error {
  // The codes of RFC 6749 and HubSpot's own. Descriptions may quote the token, so they stay out of the message.
  const code = textOf(body?.error) || textOf(body?.status) || `HTTP_${status}`
  const where = `Cannot ${does}: HubSpot answered ${status} ${code.slice(0, 60)}`
  if (code === 'invalid_grant' || body?.status === 'BAD_REFRESH_TOKEN' || body?.status === 'BAD_AUTH_CODE') {
    return new TokenNotKnown(where, remedy)
  }
  if (code === 'invalid_client' || status === 401) {
    return new CrmReconnectError(where, 'HubSpot rejected the app. Check the client id and client secret.')
  }
  if (status === 429 || status === 423 || status === 477 || status === 503) {
    return new CrmBusyError(where, nowMs + (retryAfterMs(headers.get('retry-after'), nowMs) ?? BUSY_PAUSE_MS))
  }
  // Without a readable body even a 400 says nothing about the grant; a 408 never does.
  if (status >= 400 && status < 500 && status !== 408 && body !== null) {
    return refusalNeedsPerson ? new CrmReconnectError(where, remedy) : new CrmRefusedError(where, code, status)
  }
  return new CrmUnknownError(where, { status })
}
