import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pageRoute } from '../pages/page.ts'
import { ApiError, invalid } from '../portal/api-error.ts'
import { authorizePage, oauthRoute, revokedGrant } from '../routes/oauth-routes.ts'
import { type ApiPath, parseApiPath, routeName } from '../wire/api-path.ts'
import type { ApiReply } from '../wire/api-request.ts'
import type { Caller, CredentialStore } from '../wire/credentials.ts'
import { apiRoute, missingScope, neededScopes, unauthorized } from './api.ts'
import { controlRoute } from './control.ts'
import type { Fault } from './faults.ts'
import { RateLimits } from './rate-limit.ts'
import type { Sandbox } from './sandbox.ts'

/** Our own bound, larger than the largest batch of tasks with full bodies. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

type HttpFront = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Answers every HTTP request, with faults on command. */
export function httpFront(sandbox: Sandbox): HttpFront {
  const limits = new RateLimits()
  return async (request, response) => {
    // The portal's clock, which may be set wrong, also shows in the Date header.
    response.setHeader('date', new Date(sandbox.portal.now()).toUTCString())
    const method = request.method ?? 'GET'
    const url = new URL(`http://sandbox.invalid${request.url ?? '/'}`)
    let raw: Buffer
    try {
      raw = await readBody(request)
    } catch {
      response.destroy()
      return
    }
    const isControl = url.pathname.startsWith('/__sandbox/')
    const path = isControl ? undefined : parseApiPath(url.pathname)
    if (isControl || (path === undefined && !isApiLike(url.pathname))) {
      send(response, await besideTheApi(sandbox, method, url, raw, request))
      return
    }
    const fault = sandbox.faults.take(method, url.pathname)
    sandbox.stats.count(method, path === undefined ? url.pathname : routeName(path))
    await misbehave(response, fault, () => answer(sandbox, limits, { method, url, path, raw, request }, fault))
  }
}

/** Unknown API paths get the API's 404; everything else belongs to the pages. */
function isApiLike(pathname: string): boolean {
  return /^\/+(crm|oauth\/(v\d|20)|account-info|appinstalls|webhooks)/.test(pathname)
}

async function besideTheApi(
  sandbox: Sandbox,
  method: string,
  url: URL,
  raw: Buffer,
  request: IncomingMessage,
): Promise<ApiReply> {
  if (url.pathname.startsWith('/__sandbox/')) {
    return controlRoute(sandbox, method, url, raw, String(request.headers['x-sandbox-control'] ?? ''))
  }
  if (/^\/oauth\/(\d+\/)?authorize$/.test(url.pathname)) {
    return authorizePage(oauthContext(sandbox), url.searchParams, decisionOf(url.searchParams))
  }
  return pageRoute(sandbox, method, url, raw, {
    host: String(request.headers.host),
    origin: request.headers.origin,
  })
}

function decisionOf(query: URLSearchParams): 'yes' | 'no' | null {
  const decided = query.get('decided')
  return decided === 'yes' || decided === 'no' ? decided : null
}

type Call = {
  readonly method: string
  readonly url: URL
  readonly path: ApiPath | undefined
  readonly raw: Buffer
  readonly request: IncomingMessage
}

function answer(sandbox: Sandbox, limits: RateLimits, call: Call, fault: Fault | undefined): ApiReply {
  try {
    const { path, method, url, raw, request } = call
    if (path === undefined) throw new ApiError(404, 'OBJECT_NOT_FOUND', 'resource not found')
    if (path.family === 'oauth') {
      if (fault?.kind === 'revoked') return revokedGrant()
      const form = new URLSearchParams(raw.toString('utf8'))
      return oauthRoute(oauthContext(sandbox), method, path.version, path.rest, form)
    }
    if (fault?.kind === 'revoked') throw unauthorized(null)
    if (fault?.kind === 'expired-token') throw unauthorized({ refused: 'expired' })
    if (fault?.kind === 'missing-scope') throw missingScope(neededScopes(path, call)[0] ?? 'oauth')
    const caller = authenticate(sandbox.credentials, request.headers.authorization)
    const { portal } = sandbox
    const search = path.family === 'objects' && path.rest[1] === 'search'
    const verdict = limits.take({ ...caller, search }, portal.settings, Date.now())
    if (!verdict.allowed) {
      sandbox.stats.rateLimited += 1
      return rateLimitReply(verdict.policyName, verdict.message, verdict.headers)
    }
    const body = parseJson(raw)
    if (method !== 'GET' && !search && path.rest.at(-1) !== 'read') sandbox.stats.countWrite(caller.appKey)
    const reply = apiRoute(portal, sandbox.credentials, path, {
      method,
      version: path.version,
      rest: path.rest,
      query: url.searchParams,
      body,
      bodyLength: raw.toString('utf8').length,
      caller,
    })
    return { ...reply, headers: { ...verdict.headers, ...reply.headers } }
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, json: error.body() }
    throw error
  }
}

function authenticate(credentials: CredentialStore, header: string | undefined): Caller {
  const token = /^Bearer (.+)$/.exec(header ?? '')?.[1]
  if (token === undefined) throw unauthorized(null)
  const check = credentials.check(token, Date.now())
  if ('refused' in check) throw unauthorized(check)
  return check.caller
}

function rateLimitReply(policyName: string, message: string, headers: Readonly<Record<string, string>>): ApiReply {
  const json = {
    status: 'error',
    message,
    errorType: 'RATE_LIMIT',
    correlationId: randomUUID(),
    policyName,
    requestId: randomUUID(),
  }
  return { status: 429, json, headers }
}

/** Applies the fault instead of the answer, or around it. */
async function misbehave(response: ServerResponse, fault: Fault | undefined, run: () => ApiReply): Promise<void> {
  const retryAfter: Record<string, string> =
    fault?.retryAfterS == null ? {} : { 'retry-after': String(fault.retryAfterS) }
  switch (fault?.kind) {
    case '429':
      send(
        response,
        rateLimitReply('TEN_SECONDLY_ROLLING', 'You have reached your ten_secondly_rolling limit.', retryAfter),
      )
      return
    case 'daily-limit':
      send(response, rateLimitReply('DAILY', 'You have reached your daily limit.', retryAfter))
      return
    case 'commit-then-502':
      run()
      send(response, { status: 502, html: '<html><title>502 Bad Gateway</title></html>' })
      return
    case '423':
    case '477':
    case '500':
    case '502':
    case '503':
    case '504': {
      const json = { status: 'error', message: `internal error (${fault.kind})`, correlationId: randomUUID() }
      send(response, { status: Number(fault.kind), json, headers: retryAfter })
      return
    }
    case 'html':
      send(response, { status: 200, html: '<!doctype html><title>HubSpot</title><p>We will be back soon.</p>' })
      return
    case 'truncated': {
      const { json, ...reply } = run()
      const text = JSON.stringify(json ?? {})
      const headers = { ...reply.headers, 'content-type': 'application/json;charset=utf-8' }
      send(response, { status: reply.status, html: text.slice(0, Math.ceil(text.length / 2)), headers })
      return
    }
    case 'hang':
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, fault.delayMs)
        response.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
      })
      // HubSpot does the work even if the caller has given up.
      send(response, run())
      return
    case 'commit-then-hang':
      run()
      return
    case 'commit-then-reset':
      run()
      response.socket?.resetAndDestroy()
      return
    default:
      send(response, run())
  }
}

function send(response: ServerResponse, reply: ApiReply): void {
  if (response.destroyed) return
  const text = reply.html ?? (reply.json === undefined ? '' : JSON.stringify(reply.json))
  const body = Buffer.from(text)
  response.writeHead(reply.status, {
    ...(text === ''
      ? {}
      : { 'content-type': reply.html === undefined ? 'application/json;charset=utf-8' : 'text/html;charset=utf-8' }),
    ...(reply.status === 204 ? {} : { 'content-length': body.length }),
    'x-hubspot-correlation-id': randomUUID(),
    ...reply.headers,
  })
  response.end(body)
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new Error('body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(raw: Buffer): Readonly<Record<string, unknown>> {
  if (raw.length === 0) return {}
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'))
    // The association PUT sends a bare list, which becomes `items`.
    if (Array.isArray(value)) return { items: value }
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Falls through to the refusal.
  }
  throw invalid('Invalid input JSON: could not be parsed')
}

function oauthContext({ portal, credentials }: Sandbox) {
  return {
    credentials,
    portalId: portal.portalId,
    appId: portal.appId,
    rotateRefreshToken: portal.settings.rotateRefreshToken,
    accessTokenSeconds: portal.settings.accessTokenSeconds,
    missingScopes: portal.settings.missingScopes,
    nowMs: Date.now(),
  }
}
