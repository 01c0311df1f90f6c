import { setTimeout as wait } from 'node:timers/promises'
import { Connection } from 'jsforce'
import { type CallBudget, CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { AnswerClock } from '../../crm-clock.ts'
import { readError } from '../http/errors.ts'
import { type Attempt, fencedTransport, newAttempt } from '../http/transport.ts'
import type { SalesforceSession, SessionKeeper } from '../login/session.ts'

export type CallOptions = {
  readonly apiVersion: string
  readonly callOptionsClient: string
  readonly budget: CallBudget
  readonly sessions: SessionKeeper
  readonly nowMs: () => number
  readonly clock: AnswerClock
  /** Of one attempt, from the first byte sent to the last byte read. */
  readonly deadlineMs: number
}

export type SalesforceRequest = {
  readonly kind: 'read' | 'write'
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** Below `/services/data/vXX.X`. */
  readonly path: string
  readonly body?: unknown
  /** Told of each answer: when Salesforce began to work on it, by its own clock. Null: the answer says no time. */
  readonly onAnswer?: (askedAtMs: number | null) => void
}

/** Sends one request and answers with its JSON. The only way from this room to the CRM's REST API. */
export type SalesforceCall = (request: SalesforceRequest) => Promise<unknown>

/** Reads whose outcome is unknown are repeated this often; a fourth failure is an outage, not a hiccup. */
const READ_ATTEMPTS_MAX = 3
const READ_RETRY_BASE_MS = 250
/** "TotalRequests Limit exceeded" is a rolling 24 h: asking more often than this only burns what comes free. */
const DAILY_LIMIT_PAUSE_MS = 15 * 60_000
/** Nothing of Salesforce's is counted over more than a day; a header that says more is not believed. */
const PAUSE_MAX_MS = 24 * 60 * 60_000
/** Too many calls at once end by themselves, and so does most of what keeps a connection from being made. */
const BUSY_PAUSE_MS = 5_000

/** Lead assignment rules run on every API write unless told not to: our own correction would be re-routed at once. */
const WRITE_HEADERS = { 'Sforce-Auto-Assign': 'FALSE' } as const

const RECONNECT_CODES = new Set([
  'API_CURRENTLY_DISABLED',
  'API_DISABLED_FOR_ORG',
  'INVALID_SESSION_ID',
  'INVALID_AUTH_HEADER',
])

export function salesforceCall(options: CallOptions): SalesforceCall {
  const { sessions } = options

  async function once(request: SalesforceRequest, session: SalesforceSession): Promise<unknown> {
    await options.budget.take(request.kind)
    const attempt = newAttempt()
    try {
      // A connection per request costs nothing: sockets belong to fetch. Without `oauth2.clientId` and `refreshFn`
      // jsforce has no refresh of its own, which would repeat a 401 for as long as the server says 401.
      const connection = new Connection({
        instanceUrl: session.instanceUrl,
        accessToken: session.accessToken,
        version: options.apiVersion,
        callOptions: { client: options.callOptionsClient },
      })
      const answer = await connection.request(
        {
          method: request.method,
          url: request.path,
          headers: {
            accept: 'application/json',
            ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(request.kind === 'write' ? WRITE_HEADERS : {}),
          },
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        },
        { transport: fencedTransport(options.deadlineMs, attempt), noContentResponse: {} },
      )
      const askedAtMs = options.clock.note(attempt.headers.date, attempt.tookMs)
      request.onAnswer?.(askedAtMs)
      if (attempt.status !== null && attempt.status >= 300) throw new Error(`redirected with HTTP ${attempt.status}`)
      // HTML of a maintenance page and half a JSON document both arrive as a string with status 200.
      if (typeof answer !== 'object' || answer === null) throw new Error('the answer is not JSON')
      return answer
    } catch (error) {
      const meaning = classify(error, attempt, request, options)
      if (meaning instanceof CrmBusyError && attempt.status !== null) {
        await options.budget.pauseUntil(meaning.retryAtMs, meaning.message)
      }
      throw meaning
    } finally {
      await observeUsage(attempt, options.budget)
    }
  }

  async function withSession(request: SalesforceRequest): Promise<unknown> {
    const session = await sessions.current()
    try {
      return await once(request, session)
    } catch (error) {
      if (!isSessionRefused(error)) throw error
      // A 401 is answered before anything is done, so a write may be repeated too; but only once, because a server
      // that refuses a token of this second will refuse the next one.
      const next = await sessions.renew(session)
      try {
        return await once(request, next)
      } catch (again) {
        // What another process stored an hour ago may have expired as well; only our own login decides.
        if (!isSessionRefused(again) || sessions.justFetched(next)) throw again
        return await once(request, await sessions.renew(next))
      }
    }
  }

  return async (request) => {
    for (let attemptNumber = 1; ; attemptNumber++) {
      try {
        return await withSession(request)
      } catch (error) {
        const mayRepeat = request.kind === 'read' && error instanceof CrmUnknownError
        if (!mayRepeat || attemptNumber >= READ_ATTEMPTS_MAX) throw error
        await wait(READ_RETRY_BASE_MS * 2 ** (attemptNumber - 1) * (0.5 + Math.random()))
      }
    }
  }
}

const isSessionRefused = (error: unknown): boolean =>
  error instanceof CrmReconnectError && error.cause === SESSION_REFUSED
const SESSION_REFUSED = new Error('HTTP 401')

function classify(error: unknown, attempt: Attempt, request: SalesforceRequest, options: CallOptions): Error {
  if (error instanceof CrmBusyError) return error // the budget's own word
  const what = `${request.method} ${request.path.split('?')[0]}`
  const { status } = attempt
  const { code, message } = vendorError(error)

  if (status === null || (!attempt.complete && status !== 401)) {
    const reason =
      error instanceof Error && error.name === 'TimeoutError' ? `no answer in ${options.deadlineMs} ms` : message
    return attempt.sent
      ? new CrmUnknownError(`Salesforce ${what}: ${reason}`, { cause: error })
      : new CrmBusyError(`Salesforce ${what}: could not connect`, options.nowMs() + BUSY_PAUSE_MS, error)
  }
  if (status === 401) {
    return new CrmReconnectError(
      `Salesforce ${what}: the session was refused (${code})`,
      'Check in Salesforce Setup that the External Client App and its run-as user are active and may use the API, then reconnect.',
      SESSION_REFUSED,
    )
  }
  if (code === 'REQUEST_LIMIT_EXCEEDED' || status === 429) return busy(what, code, message, attempt, options)
  if (status === 503 && attempt.headers['retry-after'] !== undefined && request.kind === 'read') {
    return busy(what, code, message, attempt, options)
  }
  if (RECONNECT_CODES.has(code)) {
    return new CrmReconnectError(
      `Salesforce ${what}: ${message}`,
      'Give the run-as user of the External Client App the permission "API Enabled" and the scope "api", then reconnect.',
      error,
    )
  }
  // A 4xx that is not Salesforce's JSON comes from something in between, which speaks for nobody.
  if (status < 400 || status >= 500 || status === 420 || status === 408 || code.startsWith('ERROR_HTTP_')) {
    return new CrmUnknownError(`Salesforce ${what}: HTTP ${status}, ${message}`, { cause: error })
  }
  return new CrmRefusedError(message, code, status, error)
}

/** One code stands for the day's allowance and for too many calls at once; the usage in the same answer tells which. */
function busy(what: string, code: string, message: string, attempt: Attempt, options: CallOptions): CrmBusyError {
  const retryAfterS = Number(attempt.headers['retry-after'])
  const usage = usageOf(attempt)
  const someLeft = usage !== null && usage.usedToday < usage.limitToday
  const daySpent = code === 'REQUEST_LIMIT_EXCEEDED' && !someLeft && !/concurrent/i.test(message)
  const pauseMs = retryAfterS > 0 ? retryAfterS * 1_000 : daySpent ? DAILY_LIMIT_PAUSE_MS : BUSY_PAUSE_MS
  return new CrmBusyError(`Salesforce ${what}: ${message}`, options.nowMs() + Math.min(pauseMs, PAUSE_MAX_MS))
}

function usageOf(attempt: Attempt): { usedToday: number; limitToday: number } | null {
  const usage = /api-usage=(\d+)\/(\d+)/.exec(attempt.headers['sforce-limit-info'] ?? '')
  return usage && { usedToday: Number(usage[1]), limitToday: Number(usage[2]) }
}

/** jsforce names the error after the first element's `errorCode`; rows and some proxies say `statusCode` instead. */
function vendorError(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error).slice(0, 300) }
  const data = 'data' in error ? error.data : undefined
  const said = readError(Array.isArray(data) ? data[0] : data)
  const code = said.code ?? ('errorCode' in error ? error.errorCode : undefined) ?? error.name
  const message = said.message ?? error.message
  // A whole HTML page helps nobody.
  const short = /<html|<!doctype/i.test(message) ? 'an HTML page instead of JSON' : message
  return { code: String(code), message: short.slice(0, 500) }
}

async function observeUsage(attempt: Attempt, budget: CallBudget): Promise<void> {
  const usage = usageOf(attempt)
  if (!usage) return
  try {
    await budget.observe(usage)
  } catch {
    // The figure comes again with the next answer; throwing would hide that this one was a write that succeeded.
  }
}
