import { PassThrough } from 'node:stream'
import type { Connection } from 'jsforce'

type Transport = Connection['_transport']
type HttpRequest = Parameters<Transport['httpRequest']>[0]
type HttpResponse = Awaited<ReturnType<Transport['httpRequest']>>

/** What we know of one attempt, for whoever has to say what its failure means. */
export type Attempt = {
  status: number | null
  headers: Readonly<Record<string, string>>
  /** True once bytes may have reached the CRM; false when the connection was never made. */
  sent: boolean
  /** True once the whole answer was read. */
  complete: boolean
  /** From the first byte sent to the head of the answer. */
  tookMs: number
}

export function newAttempt(): Attempt {
  return { status: null, headers: {}, sent: true, complete: false, tookMs: 0 }
}

/** An answer larger than this is no answer to any question of ours: 2,000 rows are at most a few MB. */
const BODY_BYTES_MAX = 64 * 1024 * 1024

/** Errors before a connection exists: not a byte of the request left this machine. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * The transport that jsforce sends through, in place of its own. Its own one retries GETs up to five times behind our
 * budget's back, waits 30 minutes, keeps following redirects with the token in hand, ignores NO_PROXY, and lets the
 * process die of an unhandled stream error when an answer is cut in the middle. See docs/decisions/0004.
 */
export function fencedTransport(deadlineMs: number, attempt: Attempt): Transport {
  const httpRequest = (request: HttpRequest) => {
    const answer = fencedRequest(request, deadlineMs, attempt)
    // jsforce asks for the stream of every request although only its bulk API reads it.
    return Object.assign(answer, { stream: () => new PassThrough() })
  }
  return { httpRequest } as unknown as Transport
}

/** One request, one deadline from the first byte sent to the last byte read, no redirects. */
export async function fencedRequest(request: HttpRequest, deadlineMs: number, attempt: Attempt): Promise<HttpResponse> {
  const sentAt = performance.now()
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers ?? {},
      ...(typeof request.body === 'string' ? { body: request.body } : {}),
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    })
    attempt.tookMs = performance.now() - sentAt
    attempt.status = response.status
    const headers: Record<string, string> = {}
    response.headers.forEach((value, name) => {
      headers[name] = value
    })
    attempt.headers = headers
    const body = await readBody(response)
    attempt.complete = true
    return { statusCode: response.status, headers, body }
  } catch (error) {
    attempt.sent = !NEVER_CONNECTED.has(connectCode(error))
    throw error
  }
}

async function readBody(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > BODY_BYTES_MAX) throw new Error(`the answer is longer than ${BODY_BYTES_MAX} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function connectCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  // Happy eyeballs: one error per address tried; all of them failed to connect.
  const first = cause instanceof AggregateError ? cause.errors[0] : cause
  return typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : ''
}
