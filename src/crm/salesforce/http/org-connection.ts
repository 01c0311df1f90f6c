import { PassThrough } from 'node:stream'
import type { HttpRequest as JsforceRequest, StreamPromise } from 'jsforce'
// The core without bulk, metadata, SOAP and streaming, which we do not use: a third less work at every start.
import { Connection } from 'jsforce/lib/core.js'
import type { HttpRequest } from '../../http-exchange.ts'

export type OrgAddress = {
  readonly instanceUrl: string
  /** '67.0'. jsforce's own default is 50.0. */
  readonly version: string
}

/** Sends one request and answers with its parsed JSON. Adds the token, so jsforce never holds it. */
export type SendToOrg = (request: HttpRequest) => Promise<unknown>

/**
 * jsforce builds and types the calls; our transport sends them. `Connection.request` is jsforce's documented way to the
 * network, and every verb of it that we use (describe, limits, deleted, requestGet, requestPatch) goes through it. Its own
 * `request` would retry, follow redirects and refresh sessions behind our budget's back: see docs/decisions/0004.
 */
export class OrgConnection extends Connection {
  readonly #send: SendToOrg

  constructor(address: OrgAddress, send: SendToOrg) {
    super(address)
    this.#send = send
  }

  override request<R = unknown>(request: string | JsforceRequest): StreamPromise<R> {
    const answer = this.#send(this.#plainRequest(request)) as Promise<R>
    // Only jsforce's bulk API reads the stream, and we do not use that.
    return Object.assign(answer, { stream: () => new PassThrough() })
  }

  #plainRequest(request: string | JsforceRequest): HttpRequest {
    const { url, method, headers, body }: JsforceRequest =
      typeof request === 'string' ? { url: request, method: 'GET' } : request
    if (method === 'HEAD' || method === 'OPTIONS') throw new TypeError(`jsforce sent ${method}, which we never ask for`)
    if (body != null && typeof body !== 'string') throw new TypeError('jsforce sent a body that is not text')
    return { method, url: this.#absoluteUrl(url), ...(headers ? { headers } : {}), ...(body == null ? {} : { body }) }
  }

  /** The token goes to this org's data API and nowhere else, whatever address an answer may have brought along. */
  #absoluteUrl(url: string): string {
    const dataUrl = `${this.instanceUrl}/services/data/v${this.version}`
    if (url.startsWith('/')) return `${dataUrl}${url}`
    if (url.startsWith(`${dataUrl}/`)) return url
    throw new TypeError('a request must stay below the data API of its org')
  }
}
