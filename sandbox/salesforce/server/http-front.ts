import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OAuthEndpoints } from '../login/oauth-endpoints.ts'
import type { OAuthSessions } from '../login/oauth-sessions.ts'
import { ApiError, notFound } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import { ROW_FAULTS } from '../org/row-fault.ts'
import type { SandboxPage } from '../page/page.ts'
import type { ApiResponse } from '../wire/api-request.ts'
import type { Fault, Faults } from '../wire/faults.ts'
import { BodyTooLarge, type HttpAnswer, html, json, readBody, send } from '../wire/http-answer.ts'
import type { Session } from '../wire/session.ts'
import type { UsageMeter } from '../wire/usage-meter.ts'
import type { ControlPath } from './control-path.ts'
import { type RestApi, VERSIONS } from './rest-api.ts'

export type FrontDependencies = {
  readonly org: Org
  readonly sessions: OAuthSessions
  readonly faults: Faults
  readonly usage: UsageMeter
  readonly rest: RestApi
  readonly oauth: OAuthEndpoints
  readonly control: ControlPath
  readonly page: SandboxPage
}

type Call = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

const URI_MAX = 16_384 // bytes of the request line; together with the headers the same (vendor's request limits)

/** Parses HTTP requests, applies faults, and passes each request to the part that answers it. */
export class HttpFront {
  private readonly io: FrontDependencies

  constructor(io: FrontDependencies) {
    this.io = io
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.answer(request, response).catch((error: unknown) => {
      if (error instanceof BodyTooLarge)
        send(response, json(413, [{ message: 'Request is too large', errorCode: 'REQUEST_ENTITY_TOO_LARGE' }]))
      else if (!response.headersSent) {
        process.stderr.write(`salesforce sandbox: ${error instanceof Error ? error.stack : String(error)}\n`)
        send(response, unexpected())
      }
    })
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://sandbox.invalid')
    if (!url) return send(response, json(400, [{ message: 'Bad request', errorCode: 'INVALID_URL' }]))
    const headers = request.headers as Record<string, string | undefined>
    const call: Call = {
      request,
      response,
      method: request.method ?? 'GET',
      url,
      headers,
      body: await readBody(request),
    }
    const path = url.pathname
    if (path.startsWith('/__sandbox/'))
      return send(response, this.io.control.handle(call.method, url, headers, call.body))
    if (path.startsWith('/services/data')) return this.data(call)
    if (path.startsWith('/services/oauth2/') || path.startsWith('/id/')) return this.oauth(call)
    send(response, this.io.page.handle(call.method, url, call.body))
  }

  private async oauth(call: Call): Promise<void> {
    const fault = this.io.faults.take(call.method, call.url.pathname)
    const work = (): HttpAnswer => this.io.oauth.handle(call.method, call.url, call.headers, call.body)
    await this.respond(call, fault, work)
  }

  private async data(call: Call): Promise<void> {
    const { usage, faults } = this.io
    const path = call.url.pathname
    usage.countCall(`${call.method} ${routeOf(path)}`)
    const fault = faults.take(call.method, path)
    const work = (): HttpAnswer => this.rest(call, fault)
    await this.respond(call, fault, work)
  }

  /** Faults that fit any call; `rest` handles the others. */
  private async respond(call: Call, fault: Fault | null, work: () => HttpAnswer): Promise<void> {
    const { response } = call
    const counted = call.url.pathname.startsWith('/services/data')
    const limitInfo: Record<string, string> = counted ? { 'sforce-limit-info': this.io.usage.limitInfo() } : {}
    // The org's clock, which may be set wrong, also shows in the Date header.
    const date = new Date(this.io.org.clock.now()).toUTCString()
    const reply = (answer: HttpAnswer): void =>
      send(response, { ...answer, headers: { date, ...limitInfo, ...answer.headers } })
    switch (fault?.kind) {
      case '429':
      case 'daily-limit': {
        this.io.usage.rateLimited++
        const retry: Record<string, string> =
          fault.retryAfterS === null ? {} : { 'retry-after': String(fault.retryAfterS) }
        return reply(json(fault.kind === '429' ? 429 : 403, limitExceeded(), retry))
      }
      case '500':
        return reply(unexpected())
      case '502':
      case '503':
        return reply({ ...html(Number(fault.kind), '<html><body>Service unavailable</body></html>') })
      case 'html':
        return reply(
          html(200, '<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>'),
        )
      case 'truncated': {
        const answer = work()
        const text = answer.text ?? '{"truncated":'
        return reply({ ...answer, text: text.slice(0, Math.max(1, Math.floor(text.length / 2))) })
      }
      case 'hang':
        await this.wait(call, fault.delayMs)
        return reply(work())
      case 'commit-then-hang':
        work()
        return
      case 'commit-then-reset':
        work()
        call.request.socket.resetAndDestroy()
        return
      default:
        return reply(work())
    }
  }

  private wait(call: Call, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      call.response.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  private rest(call: Call, fault: Fault | null): HttpAnswer {
    try {
      checkSize(call)
      const path = pathParts(call.url.pathname)
      const [, , versionPart] = path
      if (versionPart === undefined) {
        return json(
          200,
          VERSIONS.map(({ version, label }) => ({ label, url: `/services/data/v${version}`, version })),
        )
      }
      const version = versionPart.slice(1)
      if (!VERSIONS.some((known) => `v${known.version}` === versionPart)) throw notFound()
      const session = this.authenticate(call, fault)
      if (this.io.usage.overDailyLimit()) {
        this.io.usage.rateLimited++
        return json(403, limitExceeded())
      }
      if (fault?.kind === 'missing-scope') {
        throw new ApiError(403, 'INSUFFICIENT_ACCESS', 'insufficient access rights on cross-reference id')
      }
      if (call.method !== 'GET') this.io.usage.countWrite(session.clientId)
      const answer = this.io.rest.handle({
        method: call.method,
        path: path.slice(3),
        query: call.url.searchParams,
        headers: call.headers,
        body: parseJson(call),
        version,
        session,
        rowFault: ROW_FAULTS.find((kind) => kind === fault?.kind) ?? null,
        bundled: false,
      })
      return toHttp(answer)
    } catch (error) {
      if (error instanceof ApiError) return json(error.status, error.toBody())
      throw error
    }
  }

  private authenticate(call: Call, fault: Fault | null): Session {
    const token = /^(?:Bearer|OAuth) (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? ''
    if (token === '') throw new ApiError(401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE')
    // The token really expires, so only a new one helps.
    if (fault?.kind === 'expired-token') this.io.sessions.expire(token)
    return this.io.sessions.check(token)
  }
}

function toHttp(answer: ApiResponse): HttpAnswer {
  return json(answer.status, answer.body, answer.headers)
}

function limitExceeded(): object[] {
  return [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }]
}

function unexpected(): HttpAnswer {
  const message = 'An unexpected error occurred. Please include this ErrorId if you contact support: 1827364-55512 (-1)'
  return json(500, [{ message, errorCode: 'UNKNOWN_EXCEPTION' }])
}

function checkSize(call: Call): void {
  const uri = Buffer.byteLength(call.request.url ?? '')
  if (uri > URI_MAX) throw new ApiError(414, 'URI_TOO_LONG', 'The length of the URI exceeds the 16,384 byte limit.')
  const headers = call.request.rawHeaders.reduce((sum, part) => sum + Buffer.byteLength(part) + 2, 0)
  if (uri + headers > URI_MAX) {
    throw new ApiError(
      431,
      'REQUEST_HEADER_FIELDS_TOO_LARGE',
      'The combined length of the URI and headers exceeds the 16,384 byte limit.',
    )
  }
}

function pathParts(pathname: string): string[] {
  try {
    return pathname
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part))
  } catch {
    throw notFound()
  }
}

function parseJson(call: Call): unknown {
  if (call.body === '') return null
  try {
    return JSON.parse(call.body)
  } catch (error) {
    throw new ApiError(400, 'JSON_PARSER_ERROR', `Unexpected character: ${error instanceof Error ? error.message : ''}`)
  }
}

/** The path without ids, so that the statistics stay short. */
function routeOf(path: string): string {
  return path
    .replace(/\/v\d+\.\d/, '')
    .split('/')
    .map((part) => (/^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/.test(part) && /\d/.test(part) ? '{id}' : part))
    .map((part) => (part.startsWith('01g') ? '{cursor}' : part))
    .join('/')
}
