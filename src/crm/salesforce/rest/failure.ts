import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { HttpAnswer, NoAnswerError } from '../../http-exchange.ts'
import { readVendorError, type VendorError } from '../http/vendor-error.ts'

/** Salesforce understood the request and refused it. */
export class SalesforceRefusal extends CrmRefusedError {
  /** Fields that Salesforce names in its error; often none. */
  readonly fields: readonly string[]
  constructor(error: VendorError, message: string, status: number) {
    super(message, error.code ?? 'UNKNOWN', status)
    this.fields = error.fields
  }
}

/** The outcome is unknown. */
export class SalesforceOutage extends CrmUnknownError {
  /** `not-salesforce`: a proxy or a page answered in Salesforce's place. */
  readonly reason: 'deadline' | 'broken' | 'too-long' | 'server-error' | 'not-salesforce'
  constructor(message: string, facts: Pick<SalesforceOutage, 'status' | 'reason'>, cause?: unknown) {
    super(message, { cause, status: facts.status })
    this.reason = facts.reason
  }
}

/** A 401: the session has expired or was ended. One new login may help, before a person is asked. */
export class SessionRefusedError extends CrmReconnectError {
  constructor(call: string, code: string) {
    super(
      `Salesforce ${call}: the session was refused (${code})`,
      'Check in Salesforce Setup that the External Client App and its run-as user are active and may use the API, then reconnect.',
    )
  }
}

export type FailedCall = {
  /** For the person who reads the error: `GET /query`. */
  readonly call: string
  readonly kind: 'read' | 'write'
  readonly nowMs: number
}

/** "TotalRequests Limit exceeded" is a rolling 24 h: asking more often than this only burns what becomes free. */
const DAILY_LIMIT_PAUSE_MS = 15 * 60_000
/** Salesforce counts nothing over more than a day, so a header that says more is a mistake. */
const PAUSE_MAX_MS = 24 * 60 * 60_000
/** Too many calls at once end by themselves, and so does most of what prevents a connection. */
const BUSY_PAUSE_MS = 5_000

/** The access of the whole user or org ended; one more login does not help. */
const RECONNECT_CODES: ReadonlySet<string> = new Set([
  'API_CURRENTLY_DISABLED',
  'API_DISABLED_FOR_ORG',
  'INVALID_SESSION_ID',
  'INVALID_AUTH_HEADER',
])

export function failureWithoutAnswer(error: NoAnswerError, { call, kind, nowMs }: FailedCall): Error {
  if (!error.sent) return new CrmBusyError(`Salesforce ${call}: could not connect`, nowMs + BUSY_PAUSE_MS, error)
  // Salesforce refuses a session before it does anything, so the rest of that answer does not matter.
  if (error.head?.status === 401 && kind === 'read') return new SessionRefusedError(call, 'HTTP 401')
  const reason = error.reason === 'unreachable' ? 'broken' : error.reason
  const facts = { status: error.head?.status ?? null, reason }
  return new SalesforceOutage(`Salesforce ${call}: ${error.message}`, facts, error)
}

/**
 * What an answer other than success means. A status from 400 to 499 with Salesforce's own JSON promises that nothing was
 * written. A write's 4xx without it comes from a proxy or firewall, which cannot speak for Salesforce.
 */
export function failureOf(answer: HttpAnswer, failed: FailedCall): Error {
  const { call, kind, nowMs } = failed
  const { status } = answer
  const error = errorIn(answer.text)
  const code = error?.code ?? `HTTP_${status}`
  const message = readable(error?.message ?? answer.text)
  const retryAfter = answer.headers.get('retry-after')

  if (kind === 'write' && error === null && status >= 400 && status < 500 && status !== 429) {
    return new SalesforceOutage(`Salesforce ${call}: HTTP ${status}, ${message}`, { status, reason: 'not-salesforce' })
  }
  if (status === 401) return new SessionRefusedError(call, code)
  if (
    code === 'REQUEST_LIMIT_EXCEEDED' ||
    status === 429 ||
    (status === 503 && retryAfter !== null && kind === 'read')
  ) {
    const pauseMs = Number(retryAfter) > 0 ? Number(retryAfter) * 1_000 : limitPauseMs(code, message, answer.headers)
    const what = status === 503 ? 'Salesforce is unavailable' : 'Salesforce rate-limited us'
    return new CrmBusyError(`${what}: ${message} (${call})`, nowMs + Math.min(pauseMs, PAUSE_MAX_MS))
  }
  if (RECONNECT_CODES.has(code)) {
    return new CrmReconnectError(
      `Salesforce ${call}: ${message}`,
      'Give the run-as user of the External Client App the permission "API Enabled" and the scope "api", then reconnect.',
    )
  }
  // A 4xx without Salesforce's JSON comes from a proxy or firewall, which cannot speak for Salesforce.
  if (error === null || status < 400 || status >= 500 || status === 420 || status === 408) {
    const facts = { status, reason: error === null ? 'not-salesforce' : 'server-error' } as const
    return new SalesforceOutage(`Salesforce ${call}: HTTP ${status}, ${message}`, facts)
  }
  return new SalesforceRefusal(error, message, status)
}

/** `Sforce-Limit-Info: api-usage=18/5000`, on every answer of the data API. */
export function usageIn(headers: Headers): { usedToday: number; limitToday: number } | null {
  const usage = /api-usage=(\d+)\/(\d+)/.exec(headers.get('sforce-limit-info') ?? '')
  return usage && { usedToday: Number(usage[1]), limitToday: Number(usage[2]) }
}

/**
 * One code stands for two limits: the day's allowance, and calls at the same moment. The usage in the same answer tells
 * which. Where it shows a spent day, only the message can still name the other limit, so its words are read here.
 */
function limitPauseMs(code: string, message: string, headers: Headers): number {
  const usage = usageIn(headers)
  const callsLeft = usage !== null && usage.usedToday < usage.limitToday
  const daySpent = code === 'REQUEST_LIMIT_EXCEEDED' && !callsLeft && !/concurrent/i.test(message)
  return daySpent ? DAILY_LIMIT_PAUSE_MS : BUSY_PAUSE_MS
}

/** The first error of an answer. Null: none of Salesforce's, because gateways and proxies answer a message without a code. */
function errorIn(text: string): VendorError | null {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return null
  }
  const error = readVendorError(Array.isArray(raw) ? raw[0] : raw)
  return error.message === null || error.code === null ? null : error
}

function readable(message: string): string {
  if (/<html|<!doctype/i.test(message)) return 'an HTML page instead of JSON'
  return message.slice(0, 500) || 'no reason given'
}
