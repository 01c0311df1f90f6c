import {
  CrmBusyError,
  CrmReconnectError,
  CrmRefusedError,
  CrmScopeMissingError,
  CrmUnknownError,
} from '../crm/crm-client.ts'
import { NoAllowanceError } from '../store/connections/call-budget.ts'

/** What a failed call means for the people who look after the connection. */
export type FailureKind =
  /** No usable answer. The status is null where none came. */
  | { readonly kind: 'unanswered'; readonly status: number | null; readonly mayHaveWritten: boolean }
  | { readonly kind: 'rate-limited'; readonly untilMs: number; readonly isDay: boolean }
  | { readonly kind: 'access-revoked'; readonly remedy: string }
  | { readonly kind: 'permission-missing'; readonly remedy: string }
  | { readonly kind: 'refused'; readonly message: string }
  /** Our own pacing, or an error that did not come from the CRM. */
  | { readonly kind: 'none' }

/** A rate limit ends within seconds. A wait from here on is the day's quota, which a person should know about. */
const DAY_WAIT_MS = 300_000

/** A shorter wait for our own share of the calls is how we keep to it. */
const OWN_WAIT_MS = 60_000

export function failureKind(error: unknown, nowMs: number): FailureKind {
  if (error instanceof CrmBusyError) return waitKind(error, nowMs)
  if (error instanceof CrmScopeMissingError) return { kind: 'permission-missing', remedy: error.remedy }
  if (error instanceof CrmReconnectError) return { kind: 'access-revoked', remedy: error.remedy }
  if (error instanceof CrmRefusedError) return { kind: 'refused', message: error.message }
  if (error instanceof CrmUnknownError) return { kind: 'unanswered', status: error.status, mayHaveWritten: true }
  return { kind: 'none' }
}

function waitKind(error: CrmBusyError, nowMs: number): FailureKind {
  const status = pauseStatus(error)
  // A pause after a 5xx is the CRM's own failure and not a rate limit.
  if (isUnreachable(error) || (status !== null && status >= 500)) {
    return { kind: 'unanswered', status, mayHaveWritten: false }
  }
  const waitMs = error.retryAtMs - nowMs
  if (error.cause instanceof NoAllowanceError && waitMs < OWN_WAIT_MS) return { kind: 'none' }
  return { kind: 'rate-limited', untilMs: error.retryAtMs, isDay: waitMs >= DAY_WAIT_MS }
}

/** The answer after which everybody pauses. The pause is shared through the database, which keeps its reason as text. */
function pauseStatus({ message }: CrmBusyError): number | null {
  const status = /(?:answered|HTTP) (\d{3})\b/.exec(message)?.[1]
  return status === undefined ? null : Number(status)
}

/** No connection came about, so nothing was sent and the call is safe to repeat; adapters call that busy. */
function isUnreachable(error: CrmBusyError): boolean {
  for (let cause: unknown = error.cause, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'string' && UNREACHABLE.has(cause.code)) return true
  }
  return false
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])
