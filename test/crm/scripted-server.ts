import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CallBudget } from '../../src/crm/crm-client.ts'

/** For tests: a HubSpot that answers what the test says, the ugly answers included, over real HTTP on loopback. */
export type ScriptedRequest = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies that our own code wrote
  readonly body: any
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export type ScriptedAnswer =
  | {
      readonly status: number
      readonly json?: unknown
      readonly text?: string
      readonly headers?: Record<string, string>
    }
  /** Takes the request and never answers. */
  | 'hang'
  /** Takes the request and cuts the connection. */
  | 'cut'

export type ScriptedServer = {
  readonly baseUrl: string
  readonly requests: ScriptedRequest[]
  close(): Promise<void>
}

export async function startScriptedServer(
  answer: (request: ScriptedRequest, index: number) => ScriptedAnswer,
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://scripted')
      const text = Buffer.concat(chunks).toString()
      const request: ScriptedRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        body: text.startsWith('{') ? JSON.parse(text) : undefined,
        text,
        headers: incoming.headers,
      }
      requests.push(request)
      reply(response, answer(request, requests.length - 1))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function reply(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === 'hang') return
  if (answer === 'cut') {
    response.destroy()
    return
  }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
  response.end(answer.text ?? (answer.json === undefined ? '' : JSON.stringify(answer.json)))
}

export type RecordingBudget = CallBudget & {
  readonly taken: string[]
  readonly pauses: { readonly atMs: number; readonly why: string }[]
  readonly usage: { readonly usedToday: number; readonly limitToday: number }[]
}

export function recordingBudget(): RecordingBudget {
  const taken: string[] = []
  const pauses: { atMs: number; why: string }[] = []
  const usage: { usedToday: number; limitToday: number }[] = []
  return {
    taken,
    pauses,
    usage,
    take: async (kind) => void taken.push(kind),
    pauseUntil: async (atMs, why) => void pauses.push({ atMs, why }),
    observe: async (seen) => void usage.push(seen),
  }
}
