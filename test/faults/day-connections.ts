import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { HubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { checkDraft } from '../../src/connections/draft/check.ts'
import { createDraft, createDraftTaskKey } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import type { AccessNeeds } from '../../src/crm/crm-setup.ts'
import type { CrmAddress, Grant } from '../../src/crm/grant.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import type { Database } from '../../src/store/database/database.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'
import type { ConnectedClient } from '../../workers/runtime/context.ts'

/** Both sandboxes as connections of this database: made as an admin makes them, opened as a worker opens them. */
export async function connectDay(
  db: Database,
  crms: { readonly hubspot: HubSpotSandbox; readonly salesforce: SalesforceSandbox },
  context: { readonly nowMs: () => number; readonly needsOf: (crm: Crm) => AccessNeeds },
): Promise<ConnectedClient[]> {
  const { hubspot, salesforce } = crms
  const deps: ConnectDeps = {
    db,
    box: createSecretBox([{ version: 'v1', key: randomBytes(32) }]),
    allowsLoopback: true,
    extraHosts: [],
    instance: 'day',
    ...context,
  }
  const connect = async (crm: Crm, grant: Grant, address: CrmAddress) => {
    // Where HubSpot is told to call; in the sandbox it is the day's own receiver.
    const webhookUrl = crm === 'hubspot' ? 'https://lanekeeper.example.com/webhooks/hubspot' : null
    const draft = { crm, grant, address, webhookUrl, madeBy: 'terminal', connectionId: null } as const
    const { draftId } = await createDraft(deps, draft)
    await checkDraft(deps, draftId)
    await createDraftTaskKey(deps, draftId)
    const { connectionId } = await startDraft(deps, draftId, { dayShare: 1, windowShare: 1 })
    await setWritePermission(db, connectionId, { allowed: true, by: 'test', nowMs: context.nowMs() })
    // Long ago, because a day sets back when intents were decided, and one from before this is decided anew.
    await sql`update connection set writes_since = now() - interval '1 day' where id = ${connectionId}`.execute(db)
    const opened = openConnection(deps, (await findConnection(db, connectionId))!)
    await opened.client.identify()
    return opened
  }
  const { token, clientSecret } = hubspot.credentials
  const { clientId, clientSecret: secret } = salesforce.credentials
  return Promise.all([
    connect(
      'hubspot',
      { kind: 'hubspot-token', token, clientSecrets: [clientSecret], appId: String(hubspot.appId) },
      { baseUrl: hubspot.url, apiVersion: '2026-03', pubsubAddress: null },
    ),
    connect(
      'salesforce',
      { kind: 'salesforce-client-credentials', clientId, clientSecret: secret },
      { baseUrl: salesforce.url, apiVersion: '67.0', pubsubAddress: salesforce.pubsubAddress },
    ),
  ])
}
