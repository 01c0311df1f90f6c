import type { SaveResult } from 'jsforce'
import { CrmBusyError, CrmNotSentError, CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { GatedBody, WriteGate } from '../../write-gate.ts'
import { longId, sameId } from '../http/record-id.ts'
import { readVendorError } from '../http/vendor-error.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { SalesforceRefusal } from '../rest/failure.ts'
import { chunks } from '../rest/query.ts'
import type { ChunkSize } from './chunk-size.ts'
import { isPassing, LOCKED, type RowOutcome, refusedRow, retryRow, unknownRow } from './row-outcome.ts'

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
  readonly gate?: WriteGate | undefined
}

/** A bad trigger fails its whole chunk of 200; halving finds the rows at fault within this many more requests. */
const HALVINGS_MAX = 24

/**
 * Writes rows through sObject Collections in chunks of our own. jsforce's `create` and `update` send more than 200 rows as
 * one oversized call, or, asked to split, lose the successes before a failure. Never repeated here: a lost answer is `unknown`.
 */
export async function writeCollection(
  call: SalesforceCall,
  write: CollectionWrite,
  nowMs: () => number,
  size: ChunkSize,
): Promise<RowOutcome[]> {
  const outcomes: RowOutcome[] = []
  const waiting = chunks(write.rows, size.rows())
  let halvings = 0
  let stopped: Stopped | null = null
  for (let rows = waiting.shift(); rows !== undefined; rows = waiting.shift()) {
    if (stopped) {
      outcomes.push(...notSent(rows, stopped))
      continue
    }
    if (rows.length > size.rows()) {
      waiting.unshift(...chunks(rows, size.rows()))
      continue
    }
    const answer = await writeChunk(call, write, rows, nowMs)
    if ('stopped' in answer) {
      // With nothing written yet the caller gets the error itself, so it can stop or mark the connection.
      if (outcomes.length === 0) throw answer.stopped
      stopped = answer.stopped
      outcomes.push(...notSent(rows, stopped))
      continue
    }
    if (answer.locked) size.tooMany()
    if (answer.halve !== null && rows.length > 1 && halvings < HALVINGS_MAX) {
      // Nothing of it was written, so the halves may go at once.
      halvings++
      if (answer.halve === 'over-the-limits') size.tooMany()
      waiting.unshift(...chunks(rows, Math.ceil(rows.length / 2)))
    } else outcomes.push(...answer.rows)
  }
  return outcomes
}

type ChunkAnswer =
  | {
      readonly rows: readonly RowOutcome[]
      readonly locked: boolean
      /** Why halves may fare better, where nothing was written. */
      readonly halve: 'over-the-limits' | 'refused' | null
    }
  /** Nothing was written, and nothing more can be written now. */
  | { readonly stopped: Stopped }

type Stopped = CrmBusyError | CrmReconnectError | CrmNotSentError

/** The parts of a gated body, spelled out before the gate is asked. */
function rowParts(gate: WriteGate | undefined, rows: readonly RowWrite[]): GatedBody | undefined {
  if (!gate) return undefined
  const parts = rows.map(({ key, record }) => ({ key, json: JSON.stringify(record) }))
  return { gate, parts, before: '{"allOrNone":false,"records":[', after: ']}' }
}

/** The rows that were in the request, and the outcome of those that the gate kept back. */
function withoutWithheld(
  gate: WriteGate | undefined,
  rows: readonly RowWrite[],
): { readonly sent: readonly RowWrite[]; readonly kept: readonly RowOutcome[] } {
  if (!gate) return { sent: rows, kept: [] }
  const sent: RowWrite[] = []
  const kept: RowOutcome[] = []
  for (const row of rows) {
    const why = gate.withheld(row.key)
    if (why === null) sent.push(row)
    else kept.push({ item: { key: row.key, outcome: 'withheld', why }, cause: null, refusal: null })
  }
  return { sent, kept }
}

async function writeChunk(
  call: SalesforceCall,
  { method, path, gate }: CollectionWrite,
  rows: readonly RowWrite[],
  nowMs: () => number,
): Promise<ChunkAnswer> {
  const body = { allOrNone: false, records: rows.map((row) => row.record) }
  try {
    const answer = await call.write(
      (org) =>
        method === 'POST' ? org.requestPost<SaveResult[]>(path, body) : org.requestPatch<SaveResult[]>(path, body),
      rowParts(gate, rows),
    )
    const { sent, kept } = withoutWithheld(gate, rows)
    const answered = rowOutcomes(sent, answer, nowMs())
    return {
      rows: [...kept, ...answered],
      locked: answered.some(({ cause }) => cause === 'locked'),
      halve: kept.length === 0 && answered.every(({ cause }) => cause === 'over-the-limits') ? 'over-the-limits' : null,
    }
  } catch (error) {
    if (error instanceof CrmBusyError || error instanceof CrmReconnectError || error instanceof CrmNotSentError) {
      return { stopped: error }
    }
    const { sent, kept } = withoutWithheld(gate, rows)
    return failedChunk(sent, kept, error, nowMs())
  }
}

function failedChunk(
  rows: readonly RowWrite[],
  kept: readonly RowOutcome[],
  error: unknown,
  nowMs: number,
): ChunkAnswer {
  if (error instanceof SalesforceRefusal) {
    // What a whole request says of a record or a field is about one row only where it has no other row.
    // A 404 is about the path, and never proves that a record is gone.
    const isOne = rows.length === 1 && error.status !== 404
    const refusal = { code: error.code, message: error.message, fields: isOne ? error.fields : [] }
    return {
      rows: [...kept, ...rows.map(({ key, id }) => refusedRow({ key, id: isOne ? id : null }, refusal, nowMs))],
      locked: error.code === LOCKED,
      halve: error.status === 400 && !isPassing(error.code) && kept.length === 0 ? 'refused' : null,
    }
  }
  // No answer, or an error of our own that came when bytes may have left.
  const why = error instanceof Error ? error.message : String(error)
  const status = error instanceof CrmUnknownError ? error.status : null
  return { rows: [...kept, ...rows.map(({ key }) => unknownRow(key, why, status))], locked: false, halve: null }
}

function notSent(rows: readonly RowWrite[], error: Stopped): RowOutcome[] {
  const retryAtMs = error instanceof CrmBusyError ? error.retryAtMs : null
  return rows.map(({ key }) => retryRow(key, error.message, retryAtMs))
}

/** Answers come in the order of the rows; where a row names its id, that is checked. */
function rowOutcomes(rows: readonly RowWrite[], answer: unknown, nowMs: number): RowOutcome[] {
  if (!Array.isArray(answer) || answer.length !== rows.length) {
    const why = `Salesforce answered ${Array.isArray(answer) ? answer.length : 'no'} rows for ${rows.length}`
    return rows.map((row) => unknownRow(row.key, why))
  }
  return rows.map((row, at) => rowOutcome(row, answer[at], nowMs))
}

function rowOutcome(
  row: RowWrite,
  result: Partial<Record<keyof SaveResult, unknown>> | null,
  nowMs: number,
): RowOutcome {
  const { success, id, errors } = result ?? {}
  if (success === true) {
    const savedId = typeof id === 'string' ? longId(id) : null
    if (savedId === null) return unknownRow(row.key, 'Salesforce reported success without an id')
    if (row.id !== null && !sameId(row.id, savedId)) {
      return unknownRow(row.key, `Salesforce answered about ${savedId} instead of ${row.id}`)
    }
    return { item: { key: row.key, outcome: 'done', id: savedId }, cause: null, refusal: null }
  }
  const error = readVendorError(Array.isArray(errors) ? errors[0] : undefined)
  const message = error.message ?? 'no reason given'
  if (success !== false) return unknownRow(row.key, `an unreadable row: ${message}`)
  return refusedRow(row, { code: error.code ?? 'UNKNOWN', message, fields: error.fields }, nowMs)
}
