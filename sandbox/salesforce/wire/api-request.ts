import { ApiError } from '../org/api-error.ts'
import type { Writer } from '../org/dml.ts'
import type { Org } from '../org/org.ts'
import type { Session } from './session.ts'

/** One call of the REST API, whether it came over HTTP or as a part of a composite. */
export type ApiRequest = {
  readonly method: string
  /** Below `/services/data/vXX.X`, decoded, without empty parts. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
  readonly version: string
  readonly session: Session
  readonly rowFault: Writer['rowFault']
  /** Inside Composite or Collections, where `client=` may or may not reach changeOrigin. */
  readonly bundled: boolean
}

export type ApiResponse = {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export function writerOf(org: Org, request: ApiRequest, bundled = request.bundled): Writer {
  const client = /(?:^|[;,])\s*client=([^;,\s]+)/.exec(request.headers['sforce-call-options'] ?? '')?.[1]
  const shown = org.settings.clientInOrigin && (!bundled || org.settings.clientInOriginForCollections)
  const suffix = client && shown ? `;client=${client}` : ''
  return {
    userId: request.session.userId,
    origin: `com/salesforce/api/rest/${request.version}${suffix}`,
    autoAssign: (request.headers['sforce-auto-assign'] ?? 'TRUE').toUpperCase() !== 'FALSE',
    rowFault: request.rowFault,
  }
}

export function bodyObject(request: ApiRequest): Record<string, unknown> {
  const body = request.body
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ApiError(400, 'JSON_PARSER_ERROR', 'Unexpected end-of-input or no JSON object at [line:1, column:1]')
  }
  return body as Record<string, unknown>
}

export function methodNotAllowed(request: ApiRequest): ApiError {
  return new ApiError(
    405,
    'METHOD_NOT_ALLOWED',
    `HTTP Method '${request.method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE`,
  )
}
