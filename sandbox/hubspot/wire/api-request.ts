import { ApiError, invalid } from '../portal/api-error.ts'
import { findObjectType, type ObjectType } from '../portal/object-type.ts'
import type { Caller } from './credentials.ts'

/** HubSpot's limit on every batch endpoint of objects. */
const BATCH_INPUTS_MAX = 100

export type ApiRequest = {
  readonly method: string
  /** `2026-03` and the like, or `numbered` for the v1, v3 and v4 paths. */
  readonly version: string
  /** Segments of the path after the family, decoded. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly bodyLength: number
  readonly caller: Caller
}

export type ApiReply = {
  readonly status: number
  readonly json?: unknown
  readonly html?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const NO_CONTENT: ApiReply = { status: 204 }

export function ok(json: unknown): ApiReply {
  return { status: 200, json }
}

export function noSuchPath(): ApiError {
  return new ApiError(404, 'OBJECT_NOT_FOUND', 'resource not found')
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'VALIDATION_ERROR', 'Method Not Allowed')
}

export function typeOf(name: string | undefined): ObjectType {
  const type = name === undefined ? undefined : findObjectType(name)
  if (type === undefined) throw new ApiError(400, 'VALIDATION_ERROR', `Unable to infer object type from: ${name}`)
  return type
}

/** A list parameter: repeated, or separated by commas. */
export function listParam(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

export function boolParam(query: URLSearchParams, name: string): boolean {
  return query.get(name) === 'true'
}

export function limitParam(query: URLSearchParams, { fallback, max }: { fallback: number; max: number }): number {
  const given = query.get('limit')
  if (given === null) return fallback
  const limit = Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw invalid(`Invalid limit ${given}: must be between 1 and ${max}`)
  }
  return limit
}

/** The position of a page cursor. Cursors are opaque to clients; invented ones are refused. */
export function afterParam(given: unknown): number {
  if (given === null || given === undefined || given === '') return 0
  const after = Number(given)
  if (!Number.isInteger(after) || after < 0) throw invalid(`Invalid paging cursor: ${String(given)}`)
  return after
}

export type BatchInput = Readonly<Record<string, unknown>>

export function batchInputs(body: Readonly<Record<string, unknown>>, max = BATCH_INPUTS_MAX): BatchInput[] {
  const { inputs } = body
  if (!Array.isArray(inputs)) throw invalid('Invalid input JSON: Some required fields were not set: [inputs]')
  if (inputs.length > max) {
    throw invalid(`The maximum number of inputs supported in a batch request for object operations is ${max}`)
  }
  return inputs.map((input) => {
    if (typeof input !== 'object' || input === null) throw invalid('Invalid input JSON: inputs must be objects')
    return input as BatchInput
  })
}

export function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
