import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CallBudget } from '../../../src/crm/crm-client.ts'
import type { CrmSetup } from '../../../src/crm/crm-setup.ts'
import type { SalesforceGrant, TokenStore, Tokens } from '../../../src/crm/grant.ts'
import type { SalesforceClient } from '../../../src/crm/salesforce/client/client.ts'
import { openSalesforce, type SalesforceOpenOptions } from '../../../src/crm/salesforce/open.ts'
import type { ConnectionId } from '../../../src/model/record/change-event.ts'

/** An org of a few lines that answers exactly what a test scripts, including what no well-behaved server would. */
export type ScriptedOrg = {
  readonly url: string
  readonly requests: SeenRequest[]
  /** Answers in turn to requests whose path (below the version) starts with this; the last one repeats. */
  on(method: string, path: string, ...answers: Answer[]): void
  client(options?: ScriptedOptions): SalesforceClient & { readonly budget: SeenBudget }
  open(options?: ScriptedOptions): {
    readonly client: SalesforceClient
    readonly setup: CrmSetup
    readonly budget: SeenBudget
    readonly tokens: SeenTokens
  }
  close(): Promise<void>
}

export type ScriptedOptions = Partial<Omit<SalesforceOpenOptions, 'address' | 'tokens'>> & {
  readonly apiVersion?: string
  readonly pubsubAddress?: string | null
  readonly tokens?: SeenTokens
}

/** A token store of one process, that notes what was committed. */
export type SeenTokens = TokenStore & { readonly committed: Tokens[] }

export function seenTokens(initial: Tokens | null = null, log?: string[]): SeenTokens {
  let held = { tokens: initial, version: initial === null ? 0 : 1 }
  let turn: Promise<unknown> = Promise.resolve()
  const committed: Tokens[] = []
  return {
    committed,
    read: async () => held,
    renew(seenVersion, fetchNew) {
      const next = turn.then(async () => {
        if (held.tokens !== null && held.version > seenVersion) return { tokens: held.tokens, version: held.version }
        const tokens = await fetchNew(held.tokens)
        log?.push(`commit ${tokens.accessToken.slice(-6)} ${tokens.refreshToken ?? ''}`.trim())
        committed.push(tokens)
        held = { tokens, version: held.version + 1 }
        return { tokens, version: held.version }
      })
      turn = next.catch(() => {})
      return next
    },
  }
}

export const GRANT: SalesforceGrant = {
  kind: 'salesforce-client-credentials',
  clientId: 'lane-client',
  clientSecret: 'lane-secret',
}

export type SeenRequest = {
  readonly method: string
  readonly path: string
  readonly soql: string | null
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export type Answer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | { readonly status?: number; readonly html: string }
  | ((request: SeenRequest, response: ServerResponse) => void)

export type SeenBudget = CallBudget & {
  readonly taken: string[]
  readonly paused: { readonly atMs: number; readonly why: string }[]
  readonly observed: { readonly usedToday: number; readonly limitToday: number }[]
}

export const ORG_ID = '00D5f000000abcDEAQ'
export const USER_ID = '0055f000005mc66AAA'
export const CONNECTION = 'sf' as ConnectionId

export function seenBudget(): SeenBudget {
  const taken: string[] = []
  const paused: { atMs: number; why: string }[] = []
  const observed: { usedToday: number; limitToday: number }[] = []
  return {
    taken,
    paused,
    observed,
    take: async (kind) => void taken.push(kind),
    pauseUntil: async (atMs, why) => void paused.push({ atMs, why }),
    observe: async (usage) => void observed.push(usage),
  }
}

/** Cuts the connection in the middle of an answer that promised more. */
export const truncated: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('[{"id":"00T', () => response.destroy())
}

/** Never answers. The client's deadline has to. */
export const silence: Answer = () => {}

export const reset: Answer = (_request, response) => {
  response.socket?.destroy()
}

export async function startScriptedOrg(): Promise<ScriptedOrg> {
  const requests: SeenRequest[] = []
  const scripts: { method: string; path: string; answers: Answer[] }[] = []
  let logins = 0
  const server: Server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    const text = Buffer.concat(parts).toString()
    const path = url.pathname.replace(/^\/services\/data\/v[\d.]+/, '')
    const json = incoming.headers['content-type']?.startsWith('application/json') && text !== ''
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path,
      soql: url.searchParams.get('q'),
      headers: incoming.headers,
      body: json ? JSON.parse(text) : text,
    }
    requests.push(request)
    const script = scripts.findLast(
      (candidate) => candidate.method === request.method && path.startsWith(candidate.path),
    )
    const answer = script && (script.answers.length > 1 ? script.answers.shift() : script.answers[0])
    if (!answer) {
      const missing = {
        json: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
        status: 404,
      }
      return send(response, missing)
    }
    if (typeof answer === 'function') answer(request, response)
    else send(response, answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const org: ScriptedOrg = {
    url,
    requests,
    on(method, path, ...answers) {
      scripts.push({ method, path, answers })
    },
    client(options = {}) {
      const { client, budget } = org.open(options)
      return { ...client, budget }
    },
    open({ apiVersion = '67.0', pubsubAddress = null, tokens = seenTokens(), ...options } = {}) {
      const budget = seenBudget()
      const opened = openSalesforce({
        connectionId: CONNECTION,
        grant: GRANT,
        address: { baseUrl: url, apiVersion, pubsubAddress },
        tokens,
        budget,
        taskKey: undefined,
        accountId: undefined,
        pagesUrl: undefined,
        nowMs: Date.now,
        deadlineMs: 2_000,
        ...options,
      })
      return { ...opened, budget, tokens }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  org.on('POST', '/services/oauth2/token', (_request, response) => {
    logins++
    const id = `${url}/id/${ORG_ID.slice(0, 15)}/${USER_ID.slice(0, 15)}`
    send(response, {
      json: { access_token: `${ORG_ID.slice(0, 15)}!token${logins}`, instance_url: url, id, token_type: 'Bearer' },
    })
  })
  org.on('GET', '/services/oauth2/userinfo', { json: { preferred_username: 'lane@brightwater.example' } })
  return org
}

/** Tokens as a token answer of the scripted org would have given them. */
export function tokensAt(url: string, more: Partial<Tokens> = {}): Tokens {
  return {
    accessToken: 'old',
    refreshToken: null,
    expiresAtMs: null,
    instanceUrl: url,
    accountId: ORG_ID,
    userId: USER_ID,
    scopes: [],
    ...more,
  }
}

function send(response: ServerResponse, answer: Exclude<Answer, (...args: never) => void>): void {
  if ('html' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/html' }).end(answer.html)
    return
  }
  response
    .writeHead(answer.status ?? 200, { 'content-type': 'application/json;charset=UTF-8', ...answer.headers })
    .end(JSON.stringify(answer.json))
}

export function field(name: string, type: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    label: name,
    type,
    updateable: true,
    createable: true,
    picklistValues: [],
    externalId: false,
    unique: false,
    ...more,
  }
}

export const SYSTEM_FIELDS = [
  field('Id', 'id', { updateable: false }),
  field('CreatedDate', 'datetime'),
  field('LastModifiedDate', 'datetime'),
  field('LastModifiedById', 'reference'),
  field('SystemModstamp', 'datetime'),
]

export function rows(...records: Record<string, unknown>[]): Answer {
  return { json: { totalSize: records.length, done: true, records } }
}
