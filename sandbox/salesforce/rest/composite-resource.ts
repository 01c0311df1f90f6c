import { ApiError } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import { type ApiRequest, type ApiResponse, bodyObject, writerOf } from '../wire/api-request.ts'

const PARTS_MAX = 25 // subrequests of one composite or batch call

type Part = {
  readonly method: string
  readonly url: string
  readonly referenceId: string
  readonly body: unknown
  readonly headers: Record<string, string>
}

type Again = (part: ApiRequest) => ApiResponse

type Answer = {
  readonly body: unknown
  readonly httpHeaders: object
  readonly httpStatusCode: number
  readonly referenceId: string
}

class RolledBack extends Error {}

/** `/composite`: parts run in order and may use `@{reference.field}` of earlier answers. Always HTTP 200. */
export function compositeResource(org: Org, request: ApiRequest, again: Again): ApiResponse {
  const body = bodyObject(request)
  const parts = readParts(body.compositeRequest, 'compositeRequest')
  const allOrNone = body.allOrNone === true
  const answers: Answer[] = []
  const run = (): void => {
    const byReference = new Map<string, unknown>()
    for (const part of parts) {
      const answer = runPart(request, part, byReference, again)
      answers.push(answer)
      byReference.set(part.referenceId, answer.body)
      if (allOrNone && answer.httpStatusCode >= 400) throw new RolledBack()
    }
  }
  if (!allOrNone) {
    run()
    return { status: 200, body: { compositeResponse: answers } }
  }
  try {
    org.store.transaction(writerOf(org, request, true), run)
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
    return { status: 200, body: { compositeResponse: halted(parts, answers) } }
  }
  return { status: 200, body: { compositeResponse: answers } }
}

function halted(parts: readonly Part[], answers: readonly Answer[]): Answer[] {
  const failed = answers.length - 1
  return parts.map((part, i) => {
    if (i === failed) return answers[i]!
    const message =
      i < failed
        ? 'The transaction was rolled back since another operation in the same transaction failed.'
        : 'The request was not executed since an earlier operation in the same transaction failed.'
    return {
      body: [{ errorCode: 'PROCESSING_HALTED', message }],
      httpHeaders: {},
      httpStatusCode: 400,
      referenceId: part.referenceId,
    }
  })
}

function readParts(raw: unknown, name: string): Part[] {
  if (!Array.isArray(raw) || raw.length === 0) throw new ApiError(400, 'INVALID_INPUT', `${name} is a required field`)
  if (raw.length > PARTS_MAX) {
    throw new ApiError(400, 'LIMIT_EXCEEDED', `The number of subrequests exceeds the limit of ${PARTS_MAX}`)
  }
  return raw.map((part: Record<string, unknown>) => ({
    method: String(part?.method ?? '').toUpperCase(),
    url: String(part?.url ?? ''),
    referenceId: String(part?.referenceId ?? ''),
    body: part?.body ?? part?.richInput ?? null,
    headers: (part?.httpHeaders ?? {}) as Record<string, string>,
  }))
}

function runPart(request: ApiRequest, part: Part, byReference: ReadonlyMap<string, unknown>, again: Again): Answer {
  let answer: ApiResponse
  try {
    const url = replaceReferences(part.url, byReference)
    const body: unknown =
      part.body === null ? null : JSON.parse(replaceReferences(JSON.stringify(part.body), byReference))
    answer = again(partRequest(request, { ...part, url, body }))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    answer = { status: error.status, body: error.toBody() }
  }
  const httpHeaders = answer.headers?.location ? { Location: answer.headers.location } : {}
  return { body: answer.body ?? null, httpHeaders, httpStatusCode: answer.status, referenceId: part.referenceId }
}

function replaceReferences(text: string, byReference: ReadonlyMap<string, unknown>): string {
  return text.replace(/@\{([^}.[]+)([^}]*)\}/g, (whole, reference: string, rest: string) => {
    let value = byReference.get(reference)
    for (const step of rest.matchAll(/\.(\w+)|\[(\d+)\]/g)) {
      value = (value as Record<string, unknown> | undefined)?.[step[1] ?? step[2]!]
    }
    if (value === undefined || value === null || typeof value === 'object') {
      throw new ApiError(400, 'PROCESSING_HALTED', `Invalid reference specified. No value for ${whole} found`)
    }
    return String(value)
  })
}

function partRequest(request: ApiRequest, part: Part): ApiRequest {
  const match = /^(?:\/services\/data)?\/v(\d+\.\d)(\/.*)$/.exec(part.url)
  if (!match) throw new ApiError(400, 'INVALID_INPUT', `The url ${part.url} is not below /services/data`)
  const [, version, rest] = match
  const url = new URL(rest!, 'http://part.invalid')
  const headers: Record<string, string | undefined> = { ...request.headers }
  for (const [name, value] of Object.entries(part.headers)) headers[name.toLowerCase()] = String(value)
  const path = url.pathname
    .split('/')
    .filter((piece) => piece !== '')
    .map((piece) => decodeURIComponent(piece))
  if (path[0] === 'composite' && path[1] !== 'sobjects') {
    throw new ApiError(400, 'INVALID_INPUT', 'Composite calls cannot contain composite calls')
  }
  return {
    ...request,
    method: part.method,
    path,
    query: url.searchParams,
    headers,
    body: part.body,
    version: version!,
    bundled: true,
  }
}

/** `/composite/batch`: independent parts, urls below `/services/data/`. */
export function batchResource(request: ApiRequest, again: Again): ApiResponse {
  const parts = readParts(bodyObject(request).batchRequests, 'batchRequests')
  const results = parts.map((part) => {
    const url = part.url.startsWith('/') ? part.url : `/${part.url}`
    const answer = runPart(request, { ...part, url }, new Map(), again)
    return { statusCode: answer.httpStatusCode, result: answer.body }
  })
  return { status: 200, body: { hasErrors: results.some((result) => result.statusCode >= 400), results } }
}
