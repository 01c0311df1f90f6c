import { isInstant } from '../../../model/record/instant.ts'
import { CrmUnknownError } from '../../crm-client.ts'

/**
 * Reads JSON that HubSpot wrote. A wrong shape reads as empty and never crashes, except where an empty list would be
 * mistaken for "nothing there" (`resultsOf`): that is an unknown answer.
 */
export type JsonObject = Record<string, unknown>

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

/** The objects of a list; other items are left out. */
export function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value)
    ? value.flatMap((item: unknown): JsonObject[] => {
        const object = objectOf(item)
        return object === undefined ? [] : [object]
      })
    : []
}

/** The records of an answer that must hold a list, even an empty one. Throws `CrmUnknownError`, naming `attempt`, without it. */
export function resultsOf(body: JsonObject, attempt: string): JsonObject[] {
  if (Array.isArray(body.results)) return listOf(body.results)
  throw new CrmUnknownError(`Cannot ${attempt}: HubSpot answered 200 without a list of results`, {
    status: 200,
  })
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** HubSpot ids are digits, sent as text or as a number depending on the endpoint. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? value : undefined
}

export function instantMsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return isInstant(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const atMs = /^\d{1,16}$/.test(value) ? Number(value) : Date.parse(value)
  return isInstant(atMs) ? atMs : undefined
}

/** The `after` of the next page, or null on the last one. */
export function nextPageOf(body: JsonObject): string | null {
  const after = objectOf(objectOf(body.paging)?.next)?.after
  if (typeof after === 'number') return String(after)
  return typeof after === 'string' && after !== '' ? after : null
}
