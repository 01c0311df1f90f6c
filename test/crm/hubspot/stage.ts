import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { startHubSpotSandbox } from '../../../sandbox/hubspot/app.ts'
import { AT_ONCE, type SandboxSettings } from '../../../sandbox/hubspot/portal/settings.ts'
import type { HubSpotRecord, World } from '../../../sandbox/world/records/world.ts'
import type { CallBudget, CrmClient } from '../../../src/crm/crm-client.ts'
import { hubSpotClient } from '../../../src/crm/hubspot/client.ts'
import { openPortal, type Portal, type PortalOptions } from '../../../src/crm/hubspot/portal/portal.ts'
import type { ConnectionId } from '../../../src/model/record/change-event.ts'
import { webhooksFileOf } from '../../support/webhooks-file.ts'

export const nowMs = Date.parse('2026-11-20T09:00:00Z')
export const DAY = 86_400_000

/** What the policies of these tests look at: the portal tells of nothing else. */
const NEEDS = {
  objects: [
    {
      objectType: 'contacts',
      fields: [
        'firstname',
        'email',
        'phone',
        'city',
        'country',
        'hubspot_owner_id',
        'lifecyclestage',
        'associatedcompanyid',
      ],
      ownerField: 'hubspot_owner_id',
    },
    { objectType: 'companies', fields: ['name', 'domain', 'hs_parent_company_id'], ownerField: null },
    { objectType: 'deals', fields: ['amount', 'hs_primary_associated_company'], ownerField: null },
  ],
}

/** A portal of three owners, of whom one has left, with the given records. */
export function world(
  records: Partial<Pick<World['hubspot'], 'contacts' | 'companies' | 'deals' | 'associations'>>,
): World {
  return {
    seed: 1,
    nowMs,
    hubspot: {
      portalId: 4471001,
      appId: 9180042,
      owners: [
        { id: '501', userId: 9001, email: 'Ana@Example.com', firstName: 'Ana', lastName: 'Ruiz', archived: false },
        { id: '502', userId: 9002, email: 'bo@example.com', firstName: 'Bo', lastName: 'Lind', archived: false },
        { id: '503', userId: 9003, email: 'cy@example.com', firstName: '', lastName: '', archived: true },
      ],
      contacts: [],
      companies: [],
      deals: [],
      associations: [],
      ...records,
    },
    salesforce: {
      orgId: '00D000000000001EAA',
      integrationUserId: '005000000000001AAA',
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
    labels: [],
  }
}

export function contact(id: number, over: Partial<HubSpotRecord> = {}): HubSpotRecord {
  return {
    id: String(id),
    createdAtMs: nowMs - 90 * DAY,
    modifiedAtMs: nowMs - 30 * DAY + id,
    ...over,
    properties: { email: `p${id}@example.com`, hubspot_owner_id: '501', ...over.properties },
  }
}

export type Stage = {
  readonly client: CrmClient
  /** What `client` looks into. */
  readonly portal: Portal
  readonly baseUrl: string
  readonly credentials: {
    readonly clientId: string
    readonly clientSecret: string
    readonly token: string
    readonly userToken: string
  }
  readonly taken: string[]
  readonly pauses: number[]
  another(over: Partial<PortalOptions>): CrmClient
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, unknown>>
  change(...changes: object[]): Promise<string[]>
  tasks(): Promise<SandboxTask[]>
}

export type SandboxTask = {
  readonly id: string
  readonly key: string | null
  readonly subject: string
  readonly ownerEmail: string | null
  readonly status: string
  readonly about: readonly { readonly objectType: string; readonly id: string }[]
}

export async function setUp(
  t: TestContext,
  seed: World,
  settings: Partial<SandboxSettings> = {},
  over: Partial<PortalOptions> = {},
): Promise<Stage> {
  const sandbox = await startHubSpotSandbox({
    world: seed,
    webhooksFile: webhooksFileOf(NEEDS),
    // One call and its answer are tested here. The tests of lag and disorder turn them on.
    settings: { ...AT_ONCE, ...settings },
  })
  t.after(() => sandbox.close())
  const taken: string[] = []
  const pauses: number[] = []
  const budget: CallBudget = {
    take: async (kind) => void taken.push(kind),
    pauseUntil: async (atMs) => void pauses.push(atMs),
    observe: async () => {},
  }
  const portalWith = (extra: Partial<PortalOptions>) =>
    openPortal({
      connectionId: 'hs' as ConnectionId,
      baseUrl: sandbox.url,
      appId: sandbox.appId,
      token: async () => sandbox.credentials.token,
      budget,
      nowMs: Date.now,
      ...over,
      ...extra,
    })
  async function control(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
      method,
      headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const answer = (await response.json()) as Record<string, unknown>
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }
  const portal = portalWith({})
  return {
    client: hubSpotClient(portal),
    portal,
    baseUrl: sandbox.url,
    credentials: sandbox.credentials,
    taken,
    pauses,
    another: (extra) => hubSpotClient(portalWith(extra)),
    control,
    async change(...changes) {
      const { results } = await control('POST', 'changes', { changes })
      return (results as { ok: boolean; id: string; why?: string }[]).map((result) => {
        if (!result.ok) throw new Error(`The sandbox refused a change: ${result.why}`)
        return result.id
      })
    },
    async tasks() {
      return (await control('GET', 'tasks')).tasks as SandboxTask[]
    },
  }
}

export type Received = {
  readonly rawBody: Buffer
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Takes deliveries; `until` waits for what the test expects, with a deadline. */
export async function webhookInbox(t: TestContext) {
  const received: Received[] = []
  let arrived = () => {}
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ rawBody: Buffer.concat(chunks), headers: request.headers })
      response.writeHead(204).end()
      arrived()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hubspot/webhooks`
  async function until(enough: (received: readonly Received[]) => boolean): Promise<readonly Received[]> {
    const deadline = AbortSignal.timeout(10_000)
    while (!enough(received)) {
      await new Promise<void>((resolve, reject) => {
        arrived = resolve
        deadline.addEventListener('abort', () => reject(new Error(`Only ${received.length} deliveries came`)), {
          once: true,
        })
      })
    }
    return received
  }
  return { url, until }
}
