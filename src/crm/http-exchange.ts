import type { CallBudget } from './crm-client.ts'
import type { AnswerClock } from './crm-clock.ts'

/**
 * One HTTP request to a CRM or its login, and the whole answer. Both vendors send everything through here, so deadline,
 * byte cap, redirects, the CRM's clock and "was it sent?" mean the same everywhere.
 *
 *     const answer = await exchange({ method: 'GET', url, headers }, { deadlineMs: 10_000, clock, beforeBytes })
 *
 * - Every HTTP status is an answer, redirects too: what a status means is the vendor's to say. No redirect is followed,
 *   because the request carries a token and records.
 * - Without a whole answer it throws `NoAnswerError`, which says why and whether the request may have arrived.
 * - It never retries. Only the caller knows which requests may be repeated.
 */
export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type HttpAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The least that the CRM's clock showed when it began to work on the request. Null: no clock given, or no Date header. */
  readonly askedAtMs: number | null
}

export type ExchangeOptions = {
  /** From the first byte sent to the last byte read. It ends our waiting and not the CRM's work. */
  readonly deadlineMs: number
  /** Left out: ANSWER_BYTES_MAX. */
  readonly answerBytesMax?: number | undefined
  /** Notes the Date header of every answer. */
  readonly clock?: AnswerClock | undefined
  readonly beforeBytes?: BeforeBytes | undefined
  /** For tests. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * The gate, asked once per request, right before its bytes leave. It may wait, since the deadline has not begun. It returns
 * the request as it is to be sent: the same one, or one with a smaller body. Only the body counts, so a gate can shrink a
 * call but cannot turn it into another. To refuse, it throws: nothing was sent, and its error reaches the caller unchanged.
 */
export type BeforeBytes = (request: HttpRequest) => AllowedRequest | Promise<AllowedRequest>

export type AllowedRequest = HttpRequest & {
  /** Asked again when the connection stands and the body is about to leave. False: it does not, see `NotLeftError`. */
  readonly mayLeave?: (() => boolean) | undefined
  readonly onAnswer?: ((status: number, headers: Headers) => void) | undefined
}

/**
 * What was allowed had passed before the body left, because the process or its network stood still. Without its body a
 * request cannot be acted on.
 */
export class NotLeftError extends Error {
  override readonly name = 'NotLeftError'
  readonly code = 'NOT_LEFT'
}

/** The gate of a connection: its shared budget decides when a call may leave. */
export function budgetGate(budget: Pick<CallBudget, 'take'>, kind: Parameters<CallBudget['take']>[0]): BeforeBytes {
  return async (request) => {
    await budget.take(kind)
    return request
  }
}

/** There is no whole answer. `sent` decides what that means: false is safe to repeat, true leaves the outcome unknown. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly code = 'NO_ANSWER'
  /** `broken`: the connection ended before or within the answer. `too-long`: the answer exceeds the byte cap. */
  readonly reason: 'unreachable' | 'deadline' | 'broken' | 'too-long'
  /** True once bytes may have reached the CRM; false where no connection was ever made. */
  readonly sent: boolean
  /** Of the network, such as ECONNREFUSED; empty where there is none. */
  readonly networkCode: string
  /** What arrived before the answer stopped: its status and headers. */
  readonly head: { readonly status: number; readonly headers: Headers } | null

  constructor(
    message: string,
    facts: Pick<NoAnswerError, 'reason' | 'networkCode' | 'head'>,
    options?: { readonly cause: unknown },
  ) {
    super(message, options)
    this.reason = facts.reason
    this.sent = facts.reason !== 'unreachable'
    this.networkCode = facts.networkCode
    this.head = facts.head
  }
}

/**
 * The largest answers are a page of 2,000 Salesforce rows, or 100 HubSpot records with 100 properties and 20 history
 * entries each. Both stay far below; the cap protects the worker's memory.
 */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024

export async function exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpAnswer> {
  const allowed: AllowedRequest = options.beforeBytes ? await options.beforeBytes(request) : request
  const { body, mayLeave } = allowed
  const signal = AbortSignal.timeout(options.deadlineMs)
  const bytesMax = options.answerBytesMax ?? ANSWER_BYTES_MAX
  let head: NoAnswerError['head'] = null
  const sentAt = performance.now()
  try {
    const response = await (options.fetch ?? globalThis.fetch)(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(body !== undefined && mayLeave ? bodyWhile(body, mayLeave, request.headers) : { body: body ?? null }),
      redirect: 'manual',
      signal,
    })
    const { status, headers } = response
    head = { status, headers }
    allowed.onAnswer?.(status, headers)
    const askedAtMs = options.clock?.note(headers.get('date'), performance.now() - sentAt) ?? null
    return { status, headers, text: await readText(response, bytesMax), askedAtMs }
  } catch (cause) {
    const notLeft = [cause, cause instanceof Error ? cause.cause : null].find((error) => error instanceof NotLeftError)
    if (notLeft) throw notLeft
    throw noAnswer(cause, head, signal.aborted ? options.deadlineMs : null)
  }
}

/**
 * The body as a stream, because only that is asked for when the connection stands: a process that was stopped while it
 * connected asks once more. With its length named, no CRM takes a part of it for the whole.
 */
function bodyWhile(body: string, mayLeave: () => boolean, headers: HttpRequest['headers']) {
  const bytes = Buffer.from(body)
  async function* checked() {
    if (!mayLeave()) throw new NotLeftError('the permission to send had passed before the first byte')
    yield bytes
  }
  return {
    headers: { ...headers, 'content-length': String(bytes.length) },
    body: checked() as unknown as BodyInit,
    duplex: 'half' as const,
  }
}

/** The object in an answer's text. Null: it is not JSON, or JSON of another shape. */
export function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

class AnswerTooLongError extends Error {}

async function readText(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Leaving this loop early cancels the body, so an endless answer does not keep its socket.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new AnswerTooLongError(`the answer is longer than ${bytesMax} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Failures before a connection exists: not a byte of the request has left, so a write is as safe to repeat as a read. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function noAnswer(cause: unknown, head: NoAnswerError['head'], passedDeadlineMs: number | null): NoAnswerError {
  const networkCode = networkCodeOf(cause)
  const facts = { networkCode, head }
  if (cause instanceof AnswerTooLongError) return new NoAnswerError(cause.message, { ...facts, reason: 'too-long' })
  if (passedDeadlineMs !== null) {
    return new NoAnswerError(`no answer in ${passedDeadlineMs} ms`, { ...facts, reason: 'deadline' }, { cause })
  }
  if (head === null && NEVER_CONNECTED.has(networkCode)) {
    return new NoAnswerError(`could not connect (${networkCode})`, { ...facts, reason: 'unreachable' }, { cause })
  }
  return new NoAnswerError('the connection broke before a complete answer', { ...facts, reason: 'broken' }, { cause })
}

function networkCodeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  // Node tries each address of a host, and reports one error per address when none can be reached.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  return typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : ''
}
