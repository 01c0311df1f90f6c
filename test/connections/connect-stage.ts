import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type HubSpotSandbox, startHubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import { AT_ONCE } from '../../sandbox/hubspot/portal/settings.ts'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { checkDraft } from '../../src/connections/draft/check.ts'
import { createDraft, readDraft } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import type { AccessNeeds } from '../../src/crm/crm-setup.ts'
import type { CrmAddress, Grant } from '../../src/crm/grant.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import type { DraftView } from '../../src/store/connections/drafts.ts'
import { createSecretBox, type SecretKey } from '../../src/store/secrets/secret-box.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { webhooksFileOf } from '../support/webhooks-file.ts'

export const SHARES = { dayShare: 0.2, windowShare: 0.8 }
export const WEBHOOK_URL = 'https://lanes.acme.example/webhooks/hubspot'

const NEEDS: Readonly<Record<Crm, AccessNeeds>> = {
  hubspot: {
    objects: [
      { objectType: 'contacts', fields: ['email', 'company', 'hubspot_owner_id'], ownerField: 'hubspot_owner_id' },
      { objectType: 'companies', fields: ['name', 'domain'], ownerField: null },
      { objectType: 'deals', fields: ['amount'], ownerField: null },
    ],
  },
  salesforce: {
    objects: [
      { objectType: 'Lead', fields: ['Email', 'Company', 'OwnerId'], ownerField: 'OwnerId' },
      { objectType: 'Account', fields: ['Name'], ownerField: null },
      { objectType: 'Contact', fields: ['Email'], ownerField: null },
      { objectType: 'Opportunity', fields: ['Amount'], ownerField: null },
    ],
  },
}

export type ConnectStage = {
  readonly database: TestDatabase
  readonly hubspot: HubSpotSandbox
  readonly salesforce: SalesforceSandbox
  readonly salesforceUsername: string
  readonly deps: ConnectDeps
  /** Newest first, as the box reads them at each use. */
  keys: readonly SecretKey[]
  hubSpotGrant(over?: { readonly clientSecrets?: readonly string[]; readonly token?: string }): Grant
  salesforceGrant(over?: { readonly clientSecret?: string }): Grant
  address(crm: Crm): CrmAddress
  control(crm: Crm, method: string, path: string, body?: object): Promise<Record<string, unknown>>
  draft(crm: Crm, grant: Grant, over?: Partial<Parameters<typeof createDraft>[1]>): Promise<string>
  checked(draftId: string): Promise<DraftView>
  /** All three steps with a grant that needs no login. */
  connect(crm: Crm, grant: Grant, over?: Partial<Parameters<typeof createDraft>[1]>): Promise<string>
  close(): Promise<void>
}

/** A database, both sandbox CRMs over HTTP, and what everything around connecting is given. */
export async function connectStage({ seed = 11, portal = 4471001 } = {}): Promise<ConnectStage> {
  const made = generateWorld({ seed, nowMs: Date.parse('2026-11-22T15:00:00Z'), scale: 0.02 })
  const world = { ...made, hubspot: { ...made.hubspot, portalId: portal } }
  const [database, hubspot, salesforce] = await Promise.all([
    testDatabase(),
    // Connecting waits for no change of a record, and deliveries are timed by their test.
    startHubSpotSandbox({ world, webhooksFile: webhooksFileOf(NEEDS.hubspot!), settings: AT_ONCE }),
    startSalesforceSandbox({ world }),
  ])
  const integration = world.salesforce.User.find(({ Id }) => Id === world.salesforce.integrationUserId)
  let keys: readonly SecretKey[] = [newKey('v1')]
  const stage: ConnectStage = {
    database,
    hubspot,
    salesforce,
    salesforceUsername: String(integration?.Username),
    get keys() {
      return keys
    },
    set keys(next) {
      keys = next
    },
    deps: {
      db: database.db,
      box: createSecretBox(() => keys),
      needsOf: (crm) => NEEDS[crm]!,
      allowsLoopback: true,
      extraHosts: [],
      nowMs: Date.now,
      instance: 'test',
    },
    hubSpotGrant: (over = {}) => ({
      kind: 'hubspot-token',
      token: hubspot.credentials.token,
      clientSecrets: [hubspot.credentials.clientSecret],
      appId: String(hubspot.appId),
      ...over,
    }),
    salesforceGrant: (over = {}) => ({
      kind: 'salesforce-client-credentials',
      clientId: salesforce.credentials.clientId,
      clientSecret: salesforce.credentials.clientSecret,
      ...over,
    }),
    address: (crm) =>
      crm === 'hubspot'
        ? { baseUrl: hubspot.url, apiVersion: '2026-03', pubsubAddress: null }
        : { baseUrl: salesforce.url, apiVersion: '67.0', pubsubAddress: salesforce.pubsubAddress },
    async control(crm, method, path, body) {
      const { url, credentials } = crm === 'hubspot' ? hubspot : salesforce
      const response = await fetch(`${url}/__sandbox/${path}`, {
        method,
        headers: { 'x-sandbox-control': credentials.controlSecret, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text || '{}') as Record<string, unknown>
    },
    async draft(crm, grant, over = {}) {
      const { draftId } = await createDraft(stage.deps, {
        crm,
        grant,
        address: stage.address(crm),
        webhookUrl: WEBHOOK_URL,
        madeBy: 'console',
        connectionId: null,
        ...over,
      })
      return draftId
    },
    async checked(draftId) {
      await checkDraft(stage.deps, draftId)
      const draft = await readDraft(database.db, draftId)
      assert.ok(draft)
      return draft
    },
    async connect(crm, grant, over) {
      const draftId = await stage.draft(crm, grant, over)
      const draft = await stage.checked(draftId)
      assert.equal(draft.status, 'checked', draft.problem ?? '')
      return (await startDraft(stage.deps, draftId, SHARES)).connectionId
    },
    async close() {
      await Promise.all([hubspot.close(), salesforce.close()])
      await database.drop()
    },
  }
  return stage
}

export function newKey(version: string): SecretKey {
  return { version, key: randomBytes(32) }
}
