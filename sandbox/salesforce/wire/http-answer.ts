import type { IncomingMessage, ServerResponse } from 'node:http'

export type HttpAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** The body as sent. */
  readonly text?: string
}

const BODY_MAX = 50 * 1024 * 1024 // the vendor takes up to 50 MB in a REST body

export class BodyTooLarge extends Error {}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  if (body === undefined) return { status, headers }
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    text: JSON.stringify(body),
  }
}

export function html(status: number, text: string): HttpAnswer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, text }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_MAX) throw new BodyTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function send(response: ServerResponse, answer: HttpAnswer): void {
  if (response.destroyed) return
  const text = answer.text ?? ''
  const length = answer.status === 204 || answer.status === 304 ? {} : { 'content-length': Buffer.byteLength(text) }
  response.writeHead(answer.status, {
    'cache-control': 'no-cache,must-revalidate,max-age=0,no-store,private',
    ...answer.headers,
    ...length,
  })
  response.end(text)
}
