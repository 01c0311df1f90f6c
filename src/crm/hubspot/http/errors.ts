import {
  CrmBusyError,
  CrmReconnectError,
  CrmRefusedError,
  CrmScopeMissingError,
  CrmUnknownError,
} from '../../crm-client.ts'
import { nextMidnightMs } from './account-midnight.ts'

/** HubSpot's error body. Every field is optional in practice, whatever its description says. */
export type HubSpotErrorBody = {
  readonly status?: unknown
  readonly message?: unknown
  readonly category?: unknown
  readonly subCategory?: unknown
  readonly policyName?: unknown
  readonly errorType?: unknown
  readonly correlationId?: unknown
  readonly context?: unknown
  readonly errors?: unknown
}

/** A refusal that keeps HubSpot's own body, so that the verbs can see which input or property was meant. */
export class HubSpotRefusal extends CrmRefusedError {
  readonly body: HubSpotErrorBody
  constructor(message: string, code: string, status: number, body: HubSpotErrorBody) {
    super(message, code, status)
    this.body = body
  }
}

/** A 401. HubSpot says that one alone is no proof that the token is spent, so it is told apart from a lost scope. */
export class HubSpotTokenRefused extends CrmReconnectError {}

/** A 5xx: whether anything was done is not known. */
export class HubSpotOutage extends CrmUnknownError {
  /** Not before this instant, for everyone; null: HubSpot does not say. */
  readonly retryAtMs: number | null
  /** How long a request that may be repeated waits first. */
  readonly pauseMs: number
  constructor(message: string, status: number, retryAtMs: number | null, pauseMs: number) {
    super(message, { status })
    this.retryAtMs = retryAtMs
    this.pauseMs = pauseMs
  }
}

/** A 403 for want of scopes: the grant stands, the app may just not do this. */
export class HubSpotScopeMissing extends CrmScopeMissingError {
  /** HubSpot's own words. */
  readonly said: string
  constructor(message: string, remedy: string, scopes: readonly string[], said: string) {
    super(message, remedy, scopes)
    this.said = said
  }
}

export type FailedAnswer = {
  /** What was attempted, for the person who reads the error: "read contacts". */
  readonly attempt: string
  readonly status: number
  readonly retryAfter: string | null
  /** Undefined: the body was not JSON. */
  readonly body: HubSpotErrorBody | undefined
  readonly nowMs: number
  readonly timeZone: string | null
}

const SENTENCE_MAX = 500
// A wait that HubSpot names goes up to a day (477, account being moved); anything longer is a misreading.
const RETRY_AFTER_MAX_MS = 24 * 3_600_000

/**
 * What a failed answer means for the caller. Nothing was written on any 4xx; after a 5xx nobody knows, since HubSpot
 * answers those from its edge too, with the write done behind it.
 */
export function failureOf(answer: FailedAnswer): Error {
  const { attempt, status, body, nowMs } = answer
  const said = sentenceOf(body)
  // Their full stop would stand before ours.
  const where = `Cannot ${attempt}: HubSpot answered ${status}${said ? `, "${said.replace(/\.$/, '')}"` : ''}`
  const waitMs = retryAfterMs(answer.retryAfter, nowMs)

  if (status === 429) {
    if (isDailyLimit(body)) {
      // The quota is the account's, shared with its other apps, and returns at midnight in the account's zone.
      const until = waitMs === null ? nextMidnightMs(nowMs, answer.timeZone) : nowMs + waitMs
      return new CrmBusyError(`${where}. The account's calls of today are used up`, until)
    }
    return new CrmBusyError(where, nowMs + (waitMs ?? (isSecondly(body) ? 1_000 : 10_000)))
  }
  // 423: another request holds the record; the guide says to wait two seconds or more. 477: the account is moving.
  if (status === 423) return new CrmBusyError(where, nowMs + Math.max(waitMs ?? 0, 2_000))
  if (status === 477) return new CrmBusyError(where, nowMs + (waitMs ?? 3_600_000))
  if (status === 401) {
    return new HubSpotTokenRefused(
      where,
      'Give Lanekeeper a valid token: reconnect this HubSpot account in the console.',
    )
  }
  if (status === 403 && categoryOf(body) === 'MISSING_SCOPES') {
    const scopes = missingScopes(body)
    const named = scopes.length > 0 ? scopes.join(', ') : 'named in the message'
    return new HubSpotScopeMissing(
      `${where}. Missing scopes: ${named}`,
      `Add the missing scopes (${named}) to the HubSpot app and install it again.`,
      scopes,
      said,
    )
  }
  // Only a proxy answers 403 without HubSpot's body. It refuses the way, not the request, so the request may come again.
  if (status === 403 && body === undefined) return new CrmBusyError(where, nowMs + (waitMs ?? 60_000))
  if (status >= 400 && status < 500) return new HubSpotRefusal(where, codeOf(body, status), status, body ?? {})
  // Everyone pauses only where HubSpot says for how long: others' calls may be answered, and what is not answered is to be
  // seen as an outage, not as our own waiting.
  const retryAtMs = waitMs === null ? null : nowMs + waitMs
  // 502, 504, 524 took HubSpot too long; 503, 521, 523 it could not take. Its guide wants a pause of seconds after both.
  if ([502, 503, 504, 521, 523, 524].includes(status)) return new HubSpotOutage(where, status, retryAtMs, 1_000)
  // 500; 522, 525 and 526 of the network before HubSpot; an odd 3xx.
  return new HubSpotOutage(where, status, retryAtMs, 300)
}

/** HubSpot's own words about what it did not like, short enough for a task or a ledger line. */
export function sentenceOf(body: HubSpotErrorBody | undefined): string {
  if (body === undefined) return ''
  const message = typeof body.message === 'string' ? body.message : ''
  const details = errorDetails(body)
    .map((detail) => detail.message)
    .filter((text) => text !== '' && !message.includes(text))
  return [message, ...details].join(' ').trim().slice(0, SENTENCE_MAX)
}

/** Rules that an admin of the account set, enforced on the API too since September 2026. */
export const ACCOUNT_RULES: ReadonlySet<string> = new Set([
  'MISSING_CONDITIONAL_REQUIRED_PROPERTY',
  'MISSING_REQUIRED_PROPERTY',
])

/**
 * Why a write was refused, in HubSpot's own words. Where it is not the value but a rule of the account, that is said
 * first: such a write worked yesterday, and only an admin can make it work again.
 */
export function refusalText(code: string, said: string): string {
  if (!ACCOUNT_RULES.has(code)) return said
  return `A rule that an admin set in this HubSpot account refuses it (${code}): ${said}`
}

/** The most specific code that HubSpot gives. */
export function codeOf(body: HubSpotErrorBody | undefined, status: number): string {
  const detail = body && errorDetails(body).find((candidate) => candidate.code !== '')
  return detail?.code || categoryOf(body) || `HTTP_${status}`
}

export function categoryOf(body: HubSpotErrorBody | undefined): string {
  return typeof body?.category === 'string' ? body.category : ''
}

export type ErrorDetail = { readonly code: string; readonly message: string; readonly context: unknown }

export function errorDetails(body: HubSpotErrorBody): ErrorDetail[] {
  if (!Array.isArray(body.errors)) return []
  const details: ErrorDetail[] = []
  for (const item of body.errors.slice(0, 200)) {
    if (typeof item !== 'object' || item === null) continue
    const { code, message, context } = item as Record<string, unknown>
    details.push({
      code: typeof code === 'string' ? code : '',
      message: typeof message === 'string' ? message : '',
      context,
    })
  }
  return details
}

/** The texts under one name of an error's `context`, which HubSpot sends as a list or as a single text. */
export function contextTexts(context: unknown, name: string): string[] {
  if (typeof context !== 'object' || context === null || !Object.hasOwn(context, name)) return []
  const value = (context as Record<string, unknown>)[name]
  const list = Array.isArray(value) ? value : [value]
  return list.filter((item) => typeof item === 'string' || typeof item === 'number').map(String)
}

function missingScopes(body: HubSpotErrorBody | undefined): string[] {
  if (body === undefined) return []
  const contexts = [body.context, ...errorDetails(body).map((detail) => detail.context)]
  const scopes = contexts.flatMap((context) => [
    ...contextTexts(context, 'requiredGranularScopes'),
    ...contextTexts(context, 'requiredScopes'),
  ])
  return [...new Set(scopes)].slice(0, 20)
}

function isDailyLimit(body: HubSpotErrorBody | undefined): boolean {
  return body?.policyName === 'DAILY' || /daily limit/i.test(sentenceOf(body))
}

function isSecondly(body: HubSpotErrorBody | undefined): boolean {
  return body?.policyName === 'SECONDLY' || /secondly limit/i.test(sentenceOf(body))
}

/** Retry-After in seconds or as an HTTP date; null when there is none or it cannot be read. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS) : null
}
