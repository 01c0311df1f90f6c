import type { BatchResponseSimplePublicObjectWithErrors } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import {
  CrmBusyError,
  CrmNotSentError,
  CrmReconnectError,
  CrmRefusedError,
  CrmScopeMissingError,
  CrmUnknownError,
  type ItemOutcome,
} from '../../crm-client.ts'
import type { GatedBody, WriteGate } from '../../write-gate.ts'
import {
  ACCOUNT_RULES,
  categoryOf,
  codeOf,
  contextTexts,
  type HubSpotErrorBody,
  missingScopes,
  refusalText,
  sentenceOf,
} from '../http/error-body.ts'
import { type JsonObject, listOf } from '../http/json-value.ts'
import type { AnswerOf } from '../http/wire.ts'
import type { HubSpotRecord } from '../read/record-event.ts'

/** One input of a batch call, and how to recognize its result: HubSpot shuffles results and leaves some out. */
export type BatchItem = {
  readonly key: string
  readonly input: JsonObject
  /** The id in `input`, where it has one: how results and errors of updates name it. */
  readonly inputId: string | null
}

export type BatchResult =
  | { readonly item: BatchItem; readonly record: HubSpotRecord }
  | { readonly item: BatchItem; readonly outcome: ItemOutcome }

// One bad input among 100 is found with fifteen refusals. Where a rule of the account refuses every input, halving would
// cost two calls per input: the rest waits for another time.
const REFUSALS_MAX = 24

type Batch = {
  readonly results: BatchResult[]
  /** Parts that are still to be sent, in their order. */
  readonly waiting: (readonly BatchItem[])[]
  /** Something may have been written. */
  sent: boolean
  refusals: number
}

/**
 * Sends one batch and gives every item its own outcome. HubSpot refuses a whole batch for one bad input, so a refused
 * batch is halved until the bad ones stand alone: about 2 log2(100) calls more for one bad input among 100.
 * It throws only `CrmReconnectError`, and only when nothing was done yet, so that no finished write is forgotten.
 */
export async function writeBatch(
  items: readonly BatchItem[],
  send: (inputs: JsonObject[], part: readonly BatchItem[]) => Promise<JsonObject>,
  belongsTo: (record: HubSpotRecord, item: BatchItem) => boolean,
  gate?: WriteGate,
): Promise<BatchResult[]> {
  const batch: Batch = { results: [], waiting: items.length === 0 ? [] : [items], sent: false, refusals: 0 }
  for (let part = batch.waiting.shift(); part !== undefined; part = batch.waiting.shift()) {
    try {
      const body = await send(
        part.map((item) => item.input),
        part,
      )
      batch.sent = true
      batch.results.push(...matched(takeWithheld(batch, part, gate), body, belongsTo))
    } catch (error) {
      noteFailure(batch, takeWithheld(batch, part, gate), error)
    }
  }
  return batch.results
}

/** Gives what the gate kept back its outcome, and returns the items that were in the request. */
function takeWithheld(batch: Batch, part: readonly BatchItem[], gate: WriteGate | undefined): readonly BatchItem[] {
  if (!gate) return part
  return part.filter((item) => {
    const why = gate.withheld(item.key)
    if (why !== null) batch.results.push({ item, outcome: { key: item.key, outcome: 'withheld', why } })
    return why === null
  })
}

/** The parts of a gated body, spelled out before the gate is asked. */
export function inputParts(gate: WriteGate | undefined, part: readonly BatchItem[]): GatedBody | undefined {
  if (!gate) return undefined
  const parts = part.map(({ key, input }) => ({ key, json: JSON.stringify(input) }))
  return { gate, parts, before: '{"inputs":[', after: ']}' }
}

/** What it means for its items that a part failed as a whole. */
function noteFailure(batch: Batch, part: readonly BatchItem[], error: unknown): void {
  const [only] = part
  if (only === undefined) return
  if (error instanceof CrmRefusedError) {
    batch.refusals += 1
    if (part.length === 1) batch.results.push({ item: only, outcome: refusal(only, error) })
    else if (batch.refusals < REFUSALS_MAX) {
      const half = Math.ceil(part.length / 2)
      batch.waiting.unshift(part.slice(0, half), part.slice(half))
    } else {
      // HubSpot refused the whole part, so nothing of it was written. Which input it blames is not known yet.
      leaveForLater(batch, part, error)
    }
  } else if (error instanceof CrmScopeMissingError) {
    leaveForLater(batch, part, error)
  } else if (error instanceof CrmReconnectError && !batch.sent) {
    throw error
  } else if (error instanceof CrmBusyError || error instanceof CrmReconnectError || error instanceof CrmNotSentError) {
    leaveForLater(batch, part, error)
  } else {
    // No answer, or an error of our own that came when bytes may have left.
    batch.sent = true
    const why = error instanceof Error ? error.message : String(error)
    const status = error instanceof CrmUnknownError ? error.status : null
    for (const item of part) batch.results.push({ item, outcome: { key: item.key, outcome: 'unknown', why, status } })
    if (!(error instanceof CrmUnknownError)) leaveForLater(batch, [], error)
  }
}

/** Neither this part nor the ones still waiting were written, and none is sent now. */
function leaveForLater(batch: Batch, part: readonly BatchItem[], error: unknown): void {
  for (const item of [part, ...batch.waiting.splice(0)].flat()) {
    batch.results.push({ item, outcome: notWritten(item.key, error) })
  }
}

/** The outcome of an item whose call failed before anything could be written. */
export function notWritten(key: string, error: unknown): ItemOutcome {
  const why = error instanceof Error ? error.message : String(error)
  const retryAtMs = error instanceof CrmBusyError ? error.retryAtMs : null
  const scopes = error instanceof CrmScopeMissingError ? error.scopes : undefined
  return { key, outcome: 'retry', why, retryAtMs, missingScopes: scopes }
}

function refusal(item: BatchItem, error: CrmRefusedError): ItemOutcome {
  // For an update it means that the record is gone; for a create, something that the input points at. A 404 that does not
  // say so is about the path.
  if (item.inputId !== null && error.code === 'OBJECT_NOT_FOUND') {
    return { key: item.key, outcome: 'gone', why: error.message }
  }
  return { key: item.key, outcome: 'refused', code: error.code, why: refusalText(error.code, error.message) }
}

function matched(
  part: readonly BatchItem[],
  body: AnswerOf<BatchResponseSimplePublicObjectWithErrors>,
  belongsTo: (record: HubSpotRecord, item: BatchItem) => boolean,
): BatchResult[] {
  const results: BatchResult[] = []
  const open = new Set(part)
  for (const record of listOf(body.results)) {
    for (const item of open) {
      if (!belongsTo(record, item)) continue
      open.delete(item)
      results.push({ item, record })
      break
    }
  }
  const errors: HubSpotErrorBody[] = listOf(body.errors)
  const nameless: HubSpotErrorBody[] = []
  for (const error of errors) {
    const named = [...open].filter((item) => errorNames(error, item))
    if (named.length === 0) nameless.push(error)
    for (const item of named) {
      open.delete(item)
      results.push({ item, outcome: itemFailure(item, error) })
    }
  }
  const [only] = open
  const [about] = nameless
  if (open.size === 1 && nameless.length === 1 && only !== undefined && about !== undefined) {
    open.delete(only)
    results.push({ item: only, outcome: itemFailure(only, about) })
  }
  for (const item of open) {
    const why = about === undefined ? 'HubSpot did not mention this item in its answer' : sentenceOf(about)
    results.push({ item, outcome: { key: item.key, outcome: 'unknown', why } })
  }
  return results
}

/** Which context key holds the input is not documented for every endpoint; these are the ones seen. */
function errorNames(error: HubSpotErrorBody, item: BatchItem): boolean {
  const traces = contextTexts(error.context, 'objectWriteTraceId')
  if (traces.length > 0) return traces.includes(item.key)
  const ids = [...contextTexts(error.context, 'id'), ...contextTexts(error.context, 'ids')]
  return ids.includes(item.inputId ?? item.key)
}

const REFUSALS = new Set(['VALIDATION_ERROR', 'CONFLICT', 'OBJECT_ALREADY_EXISTS', 'FORBIDDEN', 'BANNED'])

function itemFailure(item: BatchItem, error: HubSpotErrorBody): ItemOutcome {
  const { key } = item
  const why = sentenceOf(error) || 'HubSpot gave no reason'
  const category = categoryOf(error)
  if (category === 'OBJECT_NOT_FOUND') {
    return item.inputId === null ? { key, outcome: 'refused', code: category, why } : { key, outcome: 'gone', why }
  }
  const code = codeOf(error, 400)
  if (REFUSALS.has(category) || ACCOUNT_RULES.has(code)) {
    return { key, outcome: 'refused', code, why: refusalText(code, why) }
  }
  // As of a whole call: it passes with the scope, and is no refusal of this record.
  if (category === 'MISSING_SCOPES') {
    return { key, outcome: 'retry', why, retryAtMs: null, missingScopes: missingScopes(error) }
  }
  if (category === 'RATE_LIMITS' || category === 'RATE_LIMIT') return { key, outcome: 'retry', why, retryAtMs: null }
  return { key, outcome: 'unknown', why }
}
