import { CrmBusyError, CrmUnknownError } from '../../crm-client.ts'
import type { NoAnswerError } from '../../http-exchange.ts'
import { nextMidnightMs } from './account-midnight.ts'
import {
  categoryOf,
  codeOf,
  type HubSpotErrorBody,
  isOfGateway,
  missingScopes,
  rateLimitOf,
  sentenceOf,
} from './error-body.ts'
import { HubSpotOutage, HubSpotRefusal, HubSpotScopeMissing, HubSpotTokenRefused } from './errors.ts'

export type FailedAnswer = {
  /** What was attempted, for the person who reads the error: "read contacts". */
  readonly attempt: string
  readonly kind: 'read' | 'write' | 'search'
  readonly status: number
  readonly retryAfter: string | null
  /** Null: the body was not a JSON object. */
  readonly body: HubSpotErrorBody | null
  readonly nowMs: number
  readonly timeZone: string | null
}

// A wait that HubSpot names goes up to a day (477, account being moved); anything longer is a misreading.
const RETRY_AFTER_MAX_MS = 24 * 3_600_000
const UNREACHABLE_PAUSE_MS = 5_000

/**
 * What a failed answer means for the caller. After a 4xx of HubSpot's own nothing was written. After a 5xx it may have been:
 * HubSpot's edge sends those too, and the write may have finished behind it. The same goes for a 408, and for a write's 4xx
 * without HubSpot's own body: whoever sent it cannot say what HubSpot did. Only 429 means the same from anyone.
 */
export function failureOf(answer: FailedAnswer): Error {
  const { attempt, status, body, nowMs } = answer
  const said = sentenceOf(body)
  // Their full stop would stand before ours.
  const where = `Cannot ${attempt}: HubSpot answered ${status}${said ? `, "${said.replace(/\.$/, '')}"` : ''}`
  const waitMs = retryAfterMs(answer.retryAfter, nowMs)
  // All workers pause only if HubSpot names a time. Otherwise other calls may succeed, and failures must show as an outage
  // rather than as our own pause.
  const retryAtMs = waitMs === null ? null : nowMs + waitMs

  const isOfAnyone = status >= 400 && status < 500 && status !== 429 && (body === null || isOfGateway(body, status))
  if (status === 408 || (answer.kind === 'write' && isOfAnyone)) {
    return new HubSpotOutage(where, status, retryAtMs, 300)
  }
  if (status === 429) {
    const limit = rateLimitOf(body)
    if (limit === 'daily') {
      // The quota is the account's, shared with its other apps, and returns at midnight in the account's zone.
      const until = waitMs === null ? nextMidnightMs(nowMs, answer.timeZone) : nowMs + waitMs
      return new CrmBusyError(`${where}. The account has used its daily API limit`, until)
    }
    return new CrmBusyError(where, nowMs + (waitMs ?? (limit === 'secondly' ? 1_000 : 10_000)))
  }
  // 423: another request holds the record; the guide says to wait two seconds or more. 477: the account is moving.
  if (status === 423) return new CrmBusyError(where, nowMs + Math.max(waitMs ?? 0, 2_000))
  if (status === 477) return new CrmBusyError(where, nowMs + (waitMs ?? 3_600_000))
  if (status === 401) {
    return new HubSpotTokenRefused(where, 'HubSpot rejected the token. Paste it again, or reconnect the account.')
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
  // Only a proxy answers 403 without HubSpot's body. It blocks the connection, not the request, so retry later.
  if (status === 403 && body === null) return new CrmBusyError(where, nowMs + (waitMs ?? 60_000))
  if (status >= 400 && status < 500) return new HubSpotRefusal(where, codeOf(body, status), status, body ?? {})
  // 502, 504, 524: HubSpot took too long. 503, 521, 523: it had no capacity. Its guide asks for a pause of seconds.
  if ([502, 503, 504, 521, 523, 524].includes(status)) return new HubSpotOutage(where, status, retryAtMs, 1_000)
  // 500; 522, 525 and 526 of the network before HubSpot; any 3xx.
  return new HubSpotOutage(where, status, retryAtMs, 300)
}

/** What it means that no whole answer came. */
export function failureWithoutAnswer(
  error: NoAnswerError,
  call: { readonly attempt: string; readonly deadlineMs: number; readonly nowMs: number },
): CrmBusyError | CrmUnknownError {
  const { attempt, deadlineMs, nowMs } = call
  switch (error.reason) {
    case 'unreachable': {
      const why = `Cannot ${attempt}: could not connect to HubSpot (${error.networkCode}); nothing was sent`
      return new CrmBusyError(why, nowMs + UNREACHABLE_PAUSE_MS, error)
    }
    case 'deadline':
      return new CrmUnknownError(`Cannot ${attempt}: no complete answer from HubSpot within ${deadlineMs} ms`, {
        cause: error,
      })
    case 'broken':
    case 'too-long':
      return new CrmUnknownError(`Cannot ${attempt}: ${error.message}`, { cause: error })
  }
}

/** Retry-After in seconds or as an HTTP date; null when there is none or it cannot be read. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS) : null
}
