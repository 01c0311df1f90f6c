import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod'
import { RefusedError } from '../../people/refused.ts'
import { databaseCode } from '../../store/database/connection-errors.ts'
import type { ProblemReply } from './problem-types.ts'

/** Stable names: clients and support may hold on to them. The sentence may be reworded, the name stays for ever. */
export type ProblemType =
  | 'bad-request'
  | 'not-signed-in'
  | 'not-allowed'
  | 'link-used-or-stale'
  | 'sign-in-refused'
  | 'sign-in-unavailable'
  | 'origin-refused'
  | 'bad-signature'
  | 'not-connected'
  | 'host-refused'
  | 'not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'too-many-requests'
  | 'database-unavailable'
  | 'out-of-date'
  | 'draft-held-up'
  | 'not-marked'
  | 'sandbox-runs'
  | 'not-ready'
  | 'crm-refused'
  | 'crm-busy'
  | 'crm-no-answer'
  | 'timeout'
  | 'internal'

const TITLES: Readonly<Record<ProblemType, string>> = {
  'bad-request': 'The request could not be read',
  'not-signed-in': 'Sign in first',
  'not-allowed': 'You cannot do this',
  'link-used-or-stale': 'This sign-in link no longer works',
  'sign-in-refused': 'You were not signed in',
  'sign-in-unavailable': 'This way to sign in does not work now',
  'origin-refused': 'The request came from another site',
  'not-connected': 'No such CRM is connected yet',
  'bad-signature': 'The signature does not fit',
  'host-refused': 'Unknown host name',
  'not-found': 'Not found',
  'method-not-allowed': 'Method not allowed',
  'body-too-large': 'The body is too large',
  'unsupported-media-type': 'Unsupported media type',
  'too-many-requests': 'Too many requests',
  'database-unavailable': 'The database does not answer',
  'out-of-date': 'Something newer is in force',
  'draft-held-up': 'This draft was not changed',
  'not-marked': 'No mark was changed',
  'sandbox-runs': 'The sandbox is running',
  'not-ready': 'Not yet',
  'crm-refused': 'The CRM refused',
  'crm-busy': 'The CRM asks us to wait',
  'crm-no-answer': 'The CRM gave no usable answer',
  timeout: 'The request took too long',
  internal: 'Something went wrong here',
}

/** Thrown by routes for an answer that the caller can act on. `detail` is shown to people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly type: ProblemType
  readonly status: number
  readonly retryable: boolean
  /** One sentence per wrong field. */
  readonly errors: ProblemReply['errors']
  constructor(
    type: ProblemType,
    status: number,
    detail: string,
    options: {
      retryable?: boolean
      cause?: unknown
      errors?: readonly { readonly field: string; readonly problem: string }[]
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.type = type
    this.status = status
    this.retryable = options.retryable ?? false
    this.errors = options.errors?.map((error) => ({ ...error }))
  }
}

/** Not ours to mend, and said to whoever asked. */
const EXPECTED: ReadonlySet<ProblemType> = new Set([
  'body-too-large',
  'database-unavailable',
  'not-connected',
  'sign-in-unavailable',
  'crm-busy',
  'crm-no-answer',
])

type Answer = Pick<ProblemReply, 'status' | 'detail' | 'retryable' | 'errors' | 'who_may' | 'wants'> & {
  readonly type: ProblemType
}

export function installProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = answerFor(error)
    // Only what we did not expect wakes someone up; a bad request is the sender's business.
    if (answer.status >= 500 && !EXPECTED.has(answer.type)) {
      request.log.error({ err: error, requestId: request.id }, 'request failed')
    } else if (answer.type === 'database-unavailable') {
      request.log.warn({ code: databaseCode(error), requestId: request.id }, 'database unavailable')
    }
    return sendProblem(reply, request, answer)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, request, { type: 'not-found', status: 404, detail: 'There is nothing here.', retryable: false }),
  )
}

function sendProblem(reply: FastifyReply, request: FastifyRequest, answer: Answer): FastifyReply {
  if (answer.status === 503) reply.header('retry-after', '5')
  const body: ProblemReply = {
    type: `urn:lanekeeper:problem:${answer.type}`,
    title: TITLES[answer.type],
    status: answer.status,
    detail: answer.detail,
    request_id: request.id,
    retryable: answer.retryable,
    ...(answer.errors ? { errors: answer.errors } : {}),
    ...(answer.who_may ? { who_may: answer.who_may } : {}),
    ...(answer.wants ? { wants: answer.wants } : {}),
  }
  // A string and our own content type, so that no route's reply schema can get in the way of an error.
  return reply
    .code(answer.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body)
}

function answerFor(error: FastifyError): Answer {
  if (error instanceof ProblemError) {
    const { type, status, message: detail, retryable, errors } = error
    return { type, status, detail, retryable, ...(errors ? { errors } : {}) }
  }
  if (error instanceof RefusedError) return refused(error)
  if (hasZodFastifySchemaValidationErrors(error)) {
    return {
      type: 'bad-request',
      status: 400,
      detail: 'Some values are not what this address takes.',
      retryable: false,
      errors: error.validation.map((v) => ({
        field: v.instancePath.replace(/^\//, '').replaceAll('/', '.') || (error.validationContext ?? 'request'),
        problem: v.message ?? 'not accepted',
      })),
    }
  }
  if (isResponseSerializationError(error)) return INTERNAL
  if (databaseCode(error) !== null) {
    const detail = 'The database does not answer right now. Nothing was changed; try again in a few seconds.'
    return { type: 'database-unavailable', status: 503, detail, retryable: true }
  }
  return byStatus(error)
}

function refused({ message: because, verdict: { wants }, whoMay }: RefusedError): Answer {
  const who = whoMay.length === 0 ? '' : ` Ask ${inWords(whoMay.map(({ name }) => name))}.`
  return {
    type: 'not-allowed',
    status: 403,
    // Somebody who only has to sign in again is not sent to others.
    detail: wants === undefined ? `${because}${who}` : because,
    retryable: false,
    who_may: [...whoMay],
    ...(wants === undefined ? {} : { wants }),
  }
}

/** "Anna, Ben or Chris"; of many the first three. */
function inWords(names: readonly string[]): string {
  const shown = names.slice(0, ASKED_MAX)
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} or ${last}`
}

const ASKED_MAX = 3

const INTERNAL: Answer = {
  type: 'internal',
  status: 500,
  detail: 'We could not do this. The log has more under the request id.',
  retryable: true,
}

/** What Fastify itself refuses, in our words: its own messages may quote the input. */
function byStatus(error: FastifyError): Answer {
  switch (error.statusCode) {
    case 400:
      return { type: 'bad-request', status: 400, detail: badRequestSays(error.code), retryable: false }
    case 404:
      return { type: 'not-found', status: 404, detail: 'There is nothing here.', retryable: false }
    case 405:
      return {
        type: 'method-not-allowed',
        status: 405,
        detail: 'This address does not take that method.',
        retryable: false,
      }
    case 413:
      return { type: 'body-too-large', status: 413, detail: 'A body may be at most 1 MB.', retryable: false }
    case 415:
      return { type: 'unsupported-media-type', status: 415, detail: 'Send JSON (application/json).', retryable: false }
    case 429:
      return { type: 'too-many-requests', status: 429, detail: 'Wait a minute, then try again.', retryable: true }
    case 503:
      return {
        type: 'timeout',
        status: 503,
        detail: 'We are too busy right now. Try again in a few seconds.',
        retryable: true,
      }
    default:
      return INTERNAL
  }
}

function badRequestSays(code: string | undefined): string {
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || code === undefined) return 'The body is not valid JSON.'
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return 'The body is empty, but JSON was announced.'
  return 'The request could not be read.'
}
