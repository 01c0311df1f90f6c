import { setTimeout as pause } from 'node:timers/promises'
import { type CallBudget, CrmBusyError, CrmUnknownError } from '../../crm-client.ts'
import type { AnswerClock } from '../../crm-clock.ts'
import { failureOf, type HubSpotErrorBody, HubSpotOutage, HubSpotTokenRefused } from './errors.ts'

export type HubSpotCall = {
  readonly kind: 'read' | 'write' | 'search'
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Finishes the sentence "Cannot ..." in errors. */
  readonly attempt: string
  /** A write whose repetition changes nothing (a link that already stands): treated like a read after a lost answer. */
  readonly repeatable?: boolean
}

export type HubSpotAnswer = { readonly status: number; readonly body: Record<string, unknown> }

export type HubSpotHttp = (call: HubSpotCall) => Promise<HubSpotAnswer>

export type HubSpotHttpOptions = {
  readonly baseUrl: string
  readonly token: () => Promise<string>
  /** Told of a token that HubSpot refused, so that its keeper can fetch another before the one repetition. */
  readonly tokenRejected?: ((token: string) => Promise<void>) | undefined
  readonly budget: CallBudget
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Overrides both deadlines, for tests. */
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
  readonly clock: AnswerClock
  /** IANA zone of the account once known: its midnight ends a spent day. */
  readonly timeZone: () => string | null
}

const READ_DEADLINE_MS = 10_000
// A batch of 100 writes with validation rules and workflows behind it takes HubSpot several seconds.
const WRITE_DEADLINE_MS = 20_000
const ATTEMPTS_MAX = 3
// A 429 with a wait up to this long is sat out here; a longer one goes back to the queue, which has other work.
const SHORT_WAIT_MS = 2_000
// 100 records with 100 properties and 20 history entries each stay far below; protects the worker's memory.
const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const OBSERVE_EVERY_MS = 5_000

/**
 * The one place that every request to HubSpot passes through: allowance first, then a deadline that covers the whole
 * answer, then one reading of what the answer means. Only requests that change nothing by being repeated are repeated.
 */
export function createHubSpotHttp(options: HubSpotHttpOptions): HubSpotHttp {
  const { budget, nowMs } = options
  const send = options.fetch ?? globalThis.fetch
  // A trailing slash would give paths with two of them, which HubSpot answers 404.
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  let observedAtMs = Number.NEGATIVE_INFINITY

  return async function call(request) {
    let tokenRetried = false
    for (let attempt = 1; ; attempt += 1) {
      await budget.take(request.kind)
      const token = await options.token()
      try {
        return await once(request, token)
      } catch (error) {
        if (error instanceof HubSpotTokenRefused && !tokenRetried) {
          // HubSpot says that a 401 alone proves nothing about the token; nothing was done, so ask once more.
          tokenRetried = true
          await options.tokenRejected?.(token)
          await pause(backoffMs(1))
          continue
        }
        if (error instanceof CrmBusyError) {
          await budget.pauseUntil(error.retryAtMs, error.message)
          const waitMs = error.retryAtMs - nowMs()
          if (attempt >= ATTEMPTS_MAX || waitMs > SHORT_WAIT_MS) throw error
          await pause(Math.max(waitMs, 0) + Math.random() * 100)
          continue
        }
        if (!(error instanceof CrmUnknownError)) throw error
        const outage = error instanceof HubSpotOutage ? error : null
        if (outage?.retryAtMs) await budget.pauseUntil(outage.retryAtMs, outage.message)
        const repeatable = request.kind !== 'write' || request.repeatable === true
        const waitMs = Math.max((outage?.retryAtMs ?? 0) - nowMs(), outage?.pauseMs ?? 0)
        if (!repeatable || attempt >= ATTEMPTS_MAX || waitMs > SHORT_WAIT_MS) throw error
        await pause(Math.max(backoffMs(attempt), waitMs))
      }
    }
  }

  async function once(request: HubSpotCall, token: string): Promise<HubSpotAnswer> {
    const url = new URL(baseUrl + request.path)
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value)
    const deadlineMs = options.deadlineMs ?? (request.kind === 'write' ? WRITE_DEADLINE_MS : READ_DEADLINE_MS)
    // Ends our waiting, not HubSpot's work: an aborted write counts as unknown.
    const signal = AbortSignal.timeout(deadlineMs)
    let response: Response
    let text: string
    const sentAt = performance.now()
    try {
      response = await send(url, {
        method: request.method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        // HubSpot's API does not redirect; whoever does shall not get our token or our records.
        redirect: 'manual',
        signal,
      })
      options.clock.note(response.headers.get('date'), performance.now() - sentAt)
      text = await readText(response)
    } catch (error) {
      throw connectionFailure(request.attempt, error, signal.aborted ? deadlineMs : null, nowMs())
    }
    await observe(response.headers)
    const parsed = parseObject(text)
    if (response.status < 200 || response.status >= 300) {
      throw failureOf({
        attempt: request.attempt,
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: parsed as HubSpotErrorBody | undefined,
        nowMs: nowMs(),
        timeZone: options.timeZone(),
      })
    }
    // Any 2xx is success: versions of the API differ in which one they use for the same thing.
    if (text.trim() === '') return { status: response.status, body: {} }
    if (parsed === undefined) {
      throw new CrmUnknownError(
        `Cannot ${request.attempt}: HubSpot answered ${response.status} with ${text.length} characters that are not ` +
          'a JSON object, as a proxy or a cut connection does',
        { status: response.status },
      )
    }
    return { status: response.status, body: parsed }
  }

  async function observe(headers: Headers): Promise<void> {
    const limitToday = count(headers, 'x-hubspot-ratelimit-daily')
    const leftToday = count(headers, 'x-hubspot-ratelimit-daily-remaining')
    const atMs = nowMs()
    if (limitToday !== null && leftToday !== null && limitToday > 0 && atMs - observedAtMs >= OBSERVE_EVERY_MS) {
      observedAtMs = atMs
      const limit = count(headers, 'x-hubspot-ratelimit-max')
      const ms = count(headers, 'x-hubspot-ratelimit-interval-milliseconds')
      await budget.observe({
        usedToday: Math.max(limitToday - leftToday, 0),
        limitToday,
        ...(limit !== null && ms !== null && ms > 0 ? { window: { ms, limit } } : {}),
      })
    }
    const windowMs = count(headers, 'x-hubspot-ratelimit-interval-milliseconds')
    if (windowMs !== null && count(headers, 'x-hubspot-ratelimit-remaining') === 0) {
      // The window rolls, so a tenth of it frees calls again; the next answer says whether it was enough.
      await budget.pauseUntil(atMs + Math.min(windowMs, 60_000) / 10, 'HubSpot says that no call is left in its window')
    }
  }
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`The answer is larger than ${ANSWER_BYTES_MAX} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

// Failures before a connection stands: the request never left, so a write is as safe to repeat as a read.
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function connectionFailure(attempt: string, error: unknown, deadlineMs: number | null, atMs: number): Error {
  if (deadlineMs !== null) {
    return new CrmUnknownError(`Cannot ${attempt}: no complete answer from HubSpot within ${deadlineMs} ms`, {
      cause: error,
    })
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (NEVER_SENT.has(code)) {
    return new CrmBusyError(
      `Cannot ${attempt}: HubSpot cannot be reached (${code}); nothing was sent`,
      atMs + 5_000,
      error,
    )
  }
  return new CrmUnknownError(`Cannot ${attempt}: the connection to HubSpot broke before a complete answer`, {
    cause: error,
  })
}

function backoffMs(attempt: number): number {
  return 150 * 2 ** attempt * (0.5 + Math.random())
}

function count(headers: Headers, name: string): number | null {
  const text = headers.get(name)
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null
}
