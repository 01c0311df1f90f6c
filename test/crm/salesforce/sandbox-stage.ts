import assert from 'node:assert/strict'
import { after, afterEach, before } from 'node:test'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../../sandbox/world/generate.ts'
import type { World } from '../../../sandbox/world/records/world.ts'
import type { ChangedSince } from '../../../src/crm/crm-client.ts'
import type { CrmSetup } from '../../../src/crm/crm-setup.ts'
import type { SalesforceClient } from '../../../src/crm/salesforce/client/client.ts'
import { openSalesforce } from '../../../src/crm/salesforce/open.ts'
import type { ChangeEvent } from '../../../src/model/record/change-event.ts'
import { CONNECTION, seenBudget, seenTokens } from './scripted-org.ts'

/** Large enough that the leads take two pages of 2,000. */
const TWO_PAGES = 0.45
export const LEAD_FIELDS = [
  'FirstName',
  'LastName',
  'Email',
  'Company',
  'Country',
  'City',
  'OwnerId',
  'CreatedDate',
  'IsConverted',
  'AnnualRevenue',
]

export let world: World
export let sandbox: SalesforceSandbox

/** Starts one sandbox org for the file that calls this, and resets it after each test. */
export function withSandboxOrg(scale = TWO_PAGES): void {
  before(async () => {
    world = generateWorld({ seed: 5, nowMs: Date.parse('2026-11-22T15:00:00Z'), scale })
    sandbox = await startSalesforceSandbox({ world })
  })
  after(() => sandbox.close())
  afterEach(async () => {
    await control('DELETE', 'faults')
    await control('POST', 'settings', { taskExternalId: true, clientInOriginForCollections: true })
  })
}

export async function control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
    method,
    headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer
}

export type Connected = SalesforceClient & { readonly budget: ReturnType<typeof seenBudget>; readonly setup: CrmSetup }

export function connect(who: 'us' | 'person' = 'us', deadlineMs = 5_000): Connected {
  const { clientId, clientSecret, userClientId, userClientSecret } = sandbox.credentials
  const budget = seenBudget()
  const { client, setup } = openSalesforce({
    connectionId: CONNECTION,
    grant: {
      kind: 'salesforce-client-credentials',
      clientId: who === 'us' ? clientId : userClientId,
      clientSecret: who === 'us' ? clientSecret : userClientSecret,
    },
    address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress: sandbox.pubsubAddress },
    tokens: seenTokens(),
    budget,
    taskKey: undefined,
    accountId: undefined,
    pagesUrl: undefined,
    callOptionsClient: who === 'us' ? 'lanekeeper' : 'someone-else',
    nowMs: Date.now,
    deadlineMs,
  })
  return { ...client, budget, setup }
}

export const active = () => world.salesforce.User.filter((user) => user.IsActive === true)
export const leads = () => world.salesforce.Lead.map((lead) => lead.Id)
/** Salesforce refuses every change of a converted lead. */
export const openLeads = () => world.salesforce.Lead.flatMap((lead) => (lead.IsConverted === true ? [] : [lead.Id]))

export async function readAll(
  client: SalesforceClient,
  wanted: Omit<ChangedSince, 'cursor'>,
): Promise<{ events: ChangeEvent[]; pages: number; total: number | null }> {
  const events: ChangeEvent[] = []
  let cursor: string | null = null
  let pages = 0
  let total: number | null = null
  do {
    const page = await client.changedSince({ ...wanted, cursor })
    events.push(...page.events)
    cursor = page.cursor
    total ??= page.total
    pages++
    assert.ok(pages < 50, 'the pages never end')
  } while (cursor !== null)
  return { events, pages, total }
}
