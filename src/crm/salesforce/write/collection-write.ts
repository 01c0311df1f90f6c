import {
  CrmBusyError,
  CrmReconnectError,
  CrmRefusedError,
  CrmUnknownError,
  type ItemOutcome,
} from '../../crm-client.ts'
import { readError } from '../http/errors.ts'
import { longId, sameId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks } from '../rest/query.ts'
import type { ChunkSize } from './chunk-size.ts'

export type RowWrite = {
  readonly key: string
  /** The record that is updated; null when the row creates one, by key or without. */
  readonly id: string | null
  readonly record: Readonly<Record<string, unknown>>
}

export type CollectionWrite = {
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly rows: readonly RowWrite[]
}

/** A bad trigger fails its whole chunk of 200; halving finds the guilty rows, within this many more requests. */
const HALVINGS_MAX = 24

/** Row errors that pass by themselves, with nothing written. */
const PASSING = new Set([
  'UNABLE_TO_LOCK_ROW',
  'SERVER_UNAVAILABLE',
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'REQUEST_LIMIT_EXCEEDED',
  'QUERY_TIMEOUT',
  'REQUEST_RUNNING_TOO_LONG',
])
/** The transaction of a call was too large for the org's own triggers and flows: all rows fail, and none is at fault. */
const GOVERNOR = /LimitException|governor|Too many (?:SOQL|DML|query rows|queueable|future)|CPU time limit|heap size/i
const ABSENT = new Set(['NOT_FOUND', 'INVALID_CROSS_REFERENCE_KEY'])
const LOCKED = 'UNABLE_TO_LOCK_ROW'
const LOCK_RETRY_MS = 2_000

const isLocked = (item: ItemOutcome) => item.outcome === 'retry' && item.why.startsWith(LOCKED)
const isOverTheLimits = (item: ItemOutcome) => item.outcome === 'refused' && GOVERNOR.test(item.why)

/**
 * Writes rows through sObject Collections in chunks of our own: jsforce sends more than 200 rows as one oversized call,
 * or, asked to split, loses the successes before a failure. Never repeated here: a lost answer is `unknown`.
 */
export async function writeCollection(
  call: SalesforceCall,
  write: CollectionWrite,
  nowMs: () => number,
  size: ChunkSize,
): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = []
  const waiting = chunks(write.rows, size.rows())
  let halvings = 0
  let stopped: CrmBusyError | CrmReconnectError | null = null
  for (let rows = waiting.shift(); rows !== undefined; rows = waiting.shift()) {
    if (stopped) {
      outcomes.push(...rows.map((row) => notSent(row, stopped!)))
      continue
    }
    if (rows.length > size.rows()) {
      waiting.unshift(...chunks(rows, size.rows()))
      continue
    }
    try {
      const body = { allOrNone: false, records: rows.map((row) => row.record) }
      const answer = await call({ kind: 'write', method: write.method, path: write.path, body })
      const answered = rowOutcomes(rows, answer, nowMs())
      if (answered.some(isLocked)) size.tooMany()
      if (rows.length > 1 && halvings < HALVINGS_MAX && answered.every(isOverTheLimits)) {
        // Nothing of it was written, so the halves may go at once.
        halvings++
        size.tooMany()
        waiting.unshift(...chunks(rows, Math.ceil(rows.length / 2)))
      } else outcomes.push(...answered)
    } catch (error) {
      if (error instanceof CrmUnknownError) {
        outcomes.push(...rows.map((row) => ({ key: row.key, outcome: 'unknown' as const, why: error.message })))
      } else if (error instanceof CrmRefusedError) {
        if (error.code === LOCKED) size.tooMany()
        if (rows.length > 1 && halvings < HALVINGS_MAX && error.status === 400 && !PASSING.has(error.code)) {
          halvings++
          waiting.unshift(...chunks(rows, Math.ceil(rows.length / 2)))
        } else outcomes.push(...rows.map((row) => refusal(row, error.code, error.message, nowMs())))
      } else if (error instanceof CrmBusyError || error instanceof CrmReconnectError) {
        // With nothing written yet the caller gets the error itself, so that it can stop or mark the connection.
        if (outcomes.length === 0) throw error
        stopped = error
        outcomes.push(...rows.map((row) => notSent(row, error)))
      } else throw error
    }
  }
  return outcomes
}

function notSent(row: { readonly key: string }, error: CrmBusyError | CrmReconnectError): ItemOutcome {
  const retryAtMs = error instanceof CrmBusyError ? error.retryAtMs : null
  return { key: row.key, outcome: 'retry', why: error.message, retryAtMs }
}

/** Answers come in the order of the rows; where a row says its id, that is checked. */
function rowOutcomes(rows: readonly RowWrite[], answer: unknown, nowMs: number): ItemOutcome[] {
  if (!Array.isArray(answer) || answer.length !== rows.length) {
    const why = `Salesforce answered ${Array.isArray(answer) ? answer.length : 'no'} rows for ${rows.length}`
    return rows.map((row) => ({ key: row.key, outcome: 'unknown', why }))
  }
  return rows.map((row, at) => rowOutcome(row, answer[at], nowMs))
}

function rowOutcome(row: RowWrite, result: unknown, nowMs: number): ItemOutcome {
  const { success, id, errors } = (typeof result === 'object' && result !== null ? result : {}) as Record<
    string,
    unknown
  >
  const saidId = typeof id === 'string' ? longId(id) : null
  if (success === true) {
    if (saidId === null) return { key: row.key, outcome: 'unknown', why: 'Salesforce said success without an id' }
    if (row.id !== null && !sameId(row.id, saidId)) {
      return { key: row.key, outcome: 'unknown', why: `Salesforce answered about ${saidId} instead of ${row.id}` }
    }
    return { key: row.key, outcome: 'done', id: saidId }
  }
  const said = readError(Array.isArray(errors) ? errors[0] : undefined)
  const message = said.message ?? 'no reason given'
  if (success !== false) return { key: row.key, outcome: 'unknown', why: `an unreadable row: ${message}` }
  return refusal(row, said.code ?? 'UNKNOWN', message, nowMs, said.fields)
}

function refusal(
  row: RowWrite,
  code: string,
  message: string,
  nowMs: number,
  fields: readonly string[] = [],
): ItemOutcome {
  const why = fields.length > 0 ? `${message} (${fields.join(', ')})` : message
  if (PASSING.has(code)) {
    const retryAtMs = nowMs + Math.round(LOCK_RETRY_MS * (0.5 + Math.random()))
    return { key: row.key, outcome: 'retry', why: `${code}: ${why}`, retryAtMs }
  }
  // A cross reference without a field names the record itself; with a field, it is the owner or parent that is wrong.
  const recordAbsent = row.id !== null && ABSENT.has(code) && fields.length === 0
  if (code === 'ENTITY_IS_DELETED' || recordAbsent) return { key: row.key, outcome: 'gone', why }
  return { key: row.key, outcome: 'refused', code, why }
}
