import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@hubspot/api-client'
import { type HubSpotSandbox, startHubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import { AT_ONCE, type SandboxSettings } from '../../sandbox/hubspot/portal/settings.ts'
import type { World } from '../../sandbox/world/records/world.ts'
import { CLASSIC_SUBSCRIPTIONS } from './classic-subscriptions.ts'

const NOW_MS = Date.parse('2026-11-20T08:00:00Z')
const DAY_MS = 86_400_000

export const MAYA = { id: '7001', userId: 901, email: 'maya.torres@brightwater.example' }
export const BEN = { id: '7002', userId: 902, email: 'ben.walsh@brightwater.example' }
export const GREG_WHO_LEFT = { id: '7003', userId: 903, email: 'greg.dalton@brightwater.example' }

/** A world small enough to know by heart: three owners, four contacts, two companies, one deal. */
function tinyWorld(): World {
  const record = (id: string, daysOld: number, properties: Record<string, string>) => ({
    id,
    createdAtMs: NOW_MS - daysOld * DAY_MS,
    modifiedAtMs: NOW_MS - (daysOld - 1) * DAY_MS,
    properties,
  })
  return {
    seed: 1,
    nowMs: NOW_MS,
    hubspot: {
      portalId: 4471001,
      appId: 9180042,
      owners: [MAYA, BEN, GREG_WHO_LEFT].map((owner) => ({
        ...owner,
        firstName: owner.email.split('.')[0]!,
        lastName: 'Example',
        archived: owner === GREG_WHO_LEFT,
      })),
      contacts: [
        {
          ...record('101', 40, { email: 'zoe@unal.example', firstname: 'Zoë', hubspot_owner_id: BEN.id }),
          history: {
            hubspot_owner_id: [
              { value: MAYA.id, atMs: NOW_MS - 40 * DAY_MS, sourceType: 'IMPORT', sourceId: 'ImportId:1' },
              { value: BEN.id, atMs: NOW_MS - 2 * DAY_MS, sourceType: 'CRM_UI', sourceId: 'userId:901' },
            ],
          },
        },
        record('102', 30, { email: 'kenji@mori.example', lastname: '森', hubspot_owner_id: GREG_WHO_LEFT.id }),
        record('103', 20, { email: 'ana@souza.example', firstname: 'Ana', country: 'Brazil', territory: 'latam' }),
        record('104', 10, { firstname: 'Nameless', phone: '+49 30 1234567' }),
      ],
      companies: [
        record('201', 90, { name: 'Ünal Wasser GmbH', domain: 'unal.example', numberofemployees: '640' }),
        record('202', 80, { name: 'Mori', domain: 'mori.example', numberofemployees: '12' }),
      ],
      deals: [record('301', 15, { dealname: 'Sensors', dealstage: 'contractsent', amount: '90000' })],
      associations: [
        { from: { type: 'contacts', id: '101' }, to: { type: 'companies', id: '201' }, primary: true },
        { from: { type: 'deals', id: '301' }, to: { type: 'companies', id: '201' }, primary: true },
      ],
    },
    salesforce: {
      orgId: '',
      integrationUserId: '',
      User: [],
      Group: [],
      GroupMember: [],
      Territory2Model: [],
      Territory2: [],
      UserTerritory2Association: [],
      ObjectTerritory2Association: [],
      Lead: [],
      Account: [],
      Contact: [],
      Opportunity: [],
    },
    labels: [
      {
        pattern: 'orphaned-owner',
        crm: 'hubspot',
        objectType: 'contacts',
        recordId: '102',
        detail: '',
        why: 'Greg left',
      },
    ],
  }
}

export type Harness = {
  readonly sandbox: HubSpotSandbox
  readonly client: Client
  /** As a person at the screen would write. */
  readonly personClient: Client
  control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  fetch(path: string, init?: { method?: string; body?: unknown; token?: string }): Promise<Response>
  [Symbol.asyncDispose](): Promise<void>
}

/** A portal without delay and disorder, unless a test wants them. */
export async function startHarness(settings: Partial<SandboxSettings> = {}): Promise<Harness> {
  const sandbox = await startHubSpotSandbox({
    world: tinyWorld(),
    webhooksFile: CLASSIC_SUBSCRIPTIONS,
    // What the portal answers is tested here; what it does late or out of order, the tests of that turn on.
    settings: { ...AT_ONCE, webhookRetryBaseMs: 20, ...settings },
  })
  const { url, credentials } = sandbox
  return {
    sandbox,
    client: new Client({ accessToken: credentials.token, basePath: url }),
    personClient: new Client({ accessToken: credentials.userToken, basePath: url }),
    async control(method, path, body) {
      const response = await fetch(`${url}/__sandbox${path}`, {
        method,
        headers: { 'x-sandbox-control': credentials.controlSecret, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as Record<string, unknown>
    },
    fetch(path, init = {}) {
      return fetch(url + path, {
        method: init.method ?? 'GET',
        headers: { authorization: `Bearer ${init.token ?? credentials.token}`, 'content-type': 'application/json' },
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      })
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

/** The vendor's client throws these; the class is not exported. */
type ApiException = Error & { code: number; body: Record<string, unknown>; headers: Record<string, string> }

export async function refusal(call: Promise<unknown>): Promise<ApiException> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  )
  if (outcome === null) throw new Error('The call was expected to be refused')
  if (typeof (outcome as ApiException).code !== 'number') throw outcome
  return outcome as ApiException
}

type Delivery = {
  readonly headers: IncomingHttpHeaders
  readonly raw: Buffer
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly signed: boolean
}

export type Receiver = {
  readonly url: string
  readonly deliveries: Delivery[]
  /** Accepted events: those of deliveries that were answered 2xx. */
  readonly events: Readonly<Record<string, unknown>>[]
  answer: (delivery: Delivery) => number | 'never'
  until(what: string, holds: () => boolean): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A webhook target that checks signatures with its own code, written from the vendor's description. */
export async function startReceiver(clientSecret: () => string): Promise<Receiver> {
  const deliveries: Delivery[] = []
  const events: Readonly<Record<string, unknown>>[] = []
  let changed = (): void => {}
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const raw = Buffer.concat(chunks)
    const timestamp = String(request.headers['x-hubspot-request-timestamp'])
    const expected = createHmac('sha256', clientSecret())
      .update(`POST${receiver.url}${raw.toString('utf8')}${timestamp}`)
      .digest('base64')
    const delivery: Delivery = {
      headers: request.headers,
      raw,
      events: JSON.parse(raw.toString('utf8')) as Record<string, unknown>[],
      signed:
        expected === request.headers['x-hubspot-signature-v3'] && Math.abs(Date.now() - Number(timestamp)) < 300_000,
    }
    deliveries.push(delivery)
    const status = receiver.answer(delivery)
    if (status !== 'never') {
      if (status < 300) events.push(...delivery.events)
      response.writeHead(status).end()
    }
    changed()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hubspot/webhooks`,
    deliveries,
    events,
    answer: () => 204,
    async until(what, holds) {
      const deadline = AbortSignal.timeout(10_000)
      while (!holds()) {
        if (deadline.aborted) throw new Error(`Within 10 s it did not come true that ${what}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 50)
          changed = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
  return receiver
}
