import type { BatchResponseSimplePublicObjectWithErrors } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import {
  CrmBusyError,
  CrmReconnectError,
  CrmRefusedError,
  CrmScopeMissingError,
  CrmUnknownError,
  type ItemOutcome,
} from '../../crm-client.ts'
import {
  ACCOUNT_RULES,
  categoryOf,
  codeOf,
  contextTexts,
  type HubSpotErrorBody,
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

/**
 * Sends one batch and gives every item its own outcome. HubSpot refuses a whole batch for one bad input, so a refused
 * batch is halved until the bad ones stand alone: about 2 log2(100) calls more for one bad input among 100.
 * `CrmReconnectError` is thrown only when nothing was done yet, so that no finished write is forgotten.
 */
export async function writeBatch(
  items: readonly BatchItem[],
  send: (inputs: JsonObject[]) => Promise<JsonObject>,
  belongsTo: (record: HubSpotRecord, item: BatchItem) => boolean,
): Promise<BatchResult[]> {
  const results: BatchResult[] = []
  const waiting: (readonly BatchItem[])[] = items.length === 0 ? [] : [items]
  let sent = false
  let refusals = 0
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    const [only] = part
    try {
      const body = await send(part.map((item) => item.input))
      sent = true
      results.push(...matched(part, body, belongsTo))
    } catch (error) {
      if (error instanceof CrmRefusedError) refusals += 1
      if (error instanceof CrmRefusedError && part.length > 1 && refusals >= REFUSALS_MAX) {
        // HubSpot refused the whole part, so nothing of it was written. Which input it blames is not known yet.
        for (const item of [part, ...waiting.splice(0)].flat()) {
          results.push({ item, outcome: { key: item.key, outcome: 'retry', why: error.message, retryAtMs: null } })
        }
      } else if (error instanceof CrmRefusedError && part.length > 1) {
        const half = Math.ceil(part.length / 2)
        waiting.unshift(part.slice(0, half), part.slice(half))
      } else if (error instanceof CrmReconnectError && !sent) {
        throw error
      } else if (error instanceof CrmBusyError || error instanceof CrmReconnectError) {
        // Neither this part nor the ones still waiting were written.
        const retryAtMs = error instanceof CrmBusyError ? error.retryAtMs : null
        const missingScopes = error instanceof CrmScopeMissingError ? error.scopes : undefined
        for (const item of [part, ...waiting.splice(0)].flat()) {
          const outcome = { key: item.key, outcome: 'retry', why: error.message, retryAtMs, missingScopes } as const
          results.push({ item, outcome })
        }
      } else if (error instanceof CrmUnknownError) {
        sent = true
        for (const item of part)
          results.push({
            item,
            outcome: { key: item.key, outcome: 'unknown', why: error.message, status: error.status },
          })
      } else if (error instanceof CrmRefusedError && only !== undefined) {
        results.push({ item: only, outcome: refusal(only, error) })
      } else {
        throw error
      }
    }
  }
  return results
}

function refusal(item: BatchItem, error: CrmRefusedError): ItemOutcome {
  // For an update 404 means that the record is gone; for a create, something that the input points at.
  if (item.inputId !== null && (error.status === 404 || error.code === 'OBJECT_NOT_FOUND')) {
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

const REFUSALS = new Set([
  'VALIDATION_ERROR',
  'CONFLICT',
  'OBJECT_ALREADY_EXISTS',
  'MISSING_SCOPES',
  'FORBIDDEN',
  'BANNED',
])

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
  if (category === 'RATE_LIMITS' || category === 'RATE_LIMIT') return { key, outcome: 'retry', why, retryAtMs: null }
  return { key, outcome: 'unknown', why }
}
