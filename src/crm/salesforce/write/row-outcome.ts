import type { ItemOutcome } from '../../crm-client.ts'

/** The outcome of one row, and what decides how its chunk goes on. */
export type RowOutcome = {
  readonly item: ItemOutcome
  readonly cause: 'locked' | 'over-the-limits' | null
  /** What Salesforce gave as the reason, where it refused the row. */
  readonly refusal: RefusedRow | null
}

export type RefusedRow = { readonly code: string; readonly message: string; readonly fields: readonly string[] }

export const LOCKED = 'UNABLE_TO_LOCK_ROW'

/** Errors that pass by themselves, with nothing written. */
const PASSING: ReadonlySet<string> = new Set([
  LOCKED,
  'SERVER_UNAVAILABLE',
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'REQUEST_LIMIT_EXCEEDED',
  'QUERY_TIMEOUT',
  'REQUEST_RUNNING_TOO_LONG',
])
/**
 * The transaction of a call was too large for the org's own triggers and flows: every row fails, and none is at fault.
 * Salesforce reports it under the code of any failing trigger, so only its words tell.
 */
const OVER_THE_LIMITS =
  /LimitException|governor|Too many (?:SOQL|DML|query rows|queueable|future)|CPU time limit|heap size/i
const ABSENT: ReadonlySet<string> = new Set(['ENTITY_IS_DELETED', 'NOT_FOUND', 'INVALID_CROSS_REFERENCE_KEY'])
const LOCK_RETRY_MS = 2_000

export function isPassing(code: string): boolean {
  return PASSING.has(code)
}

/** `status`: of the HTTP answer, where the call failed as a whole. */
export function unknownRow(key: string, why: string, status?: number | null): RowOutcome {
  const item = { key, outcome: 'unknown', why, ...(status !== undefined && { status }) } as const
  return { item, cause: null, refusal: null }
}

export function retryRow(key: string, why: string, retryAtMs: number | null): RowOutcome {
  return { item: { key, outcome: 'retry', why, retryAtMs }, cause: null, refusal: null }
}

/** What an error of Salesforce's means for one row. */
export function refusedRow(
  { key, id }: { readonly key: string; readonly id: string | null },
  refusal: RefusedRow,
  nowMs: number,
): RowOutcome {
  const { code, message, fields } = refusal
  const why = fields.length > 0 ? `${message} (${fields.join(', ')})` : message
  if (isPassing(code)) {
    const retryAtMs = nowMs + Math.round(LOCK_RETRY_MS * (0.5 + Math.random()))
    return { ...retryRow(key, `${code}: ${why}`, retryAtMs), cause: code === LOCKED ? 'locked' : null }
  }
  // Without a field it is the record itself that is gone; with one, the owner or the record that the field names.
  if (id !== null && ABSENT.has(code) && fields.length === 0) {
    return { item: { key, outcome: 'gone', why }, cause: null, refusal: null }
  }
  const cause = OVER_THE_LIMITS.test(message) ? 'over-the-limits' : null
  return { item: { key, outcome: 'refused', code, why }, cause, refusal }
}

/** Of an unknown field Salesforce fills only the message, "No such column 'Lanekeeper_Key__c'", so that is read too. */
export function isAboutField({ message, fields }: RefusedRow, field: string): boolean {
  return fields.includes(field) || message.includes(field)
}
