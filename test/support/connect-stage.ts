import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type HubSpotSandbox, startHubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import { AT_ONCE } from '../../sandbox/hubspot/portal/settings.ts'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'
import { connecting } from '../../src/api/connections/build-connection-service.ts'
import type { ConnectSetUp } from '../../src/api/connections/connect-options.ts'
import { DraftChecks } from '../../src/api/connections/draft-checks.ts'
import { loadPolicies } from '../../src/config/policies/policy-files.ts'
import { accessNeeds } from '../../src/connections/access/required-access.ts'
import { policiesOf } from '../../src/pipeline/decide/publish-policies.ts'
import type { Database } from '../../src/store/database/database.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'

const CONFIG = fileURLToPath(new URL('../../config/examples', import.meta.url))

/** Connecting as the service has it, for a database of a test. CRMs may be on this machine. */
export function testSetUp(db: Database, publicUrl: string, over: Partial<ConnectSetUp> = {}): ConnectSetUp {
  const policies = policiesOf(loadPolicies(CONFIG))
  const needsOf: ConnectSetUp['needsOf'] = (crm) => accessNeeds(policies, crm)
  const bound = connecting({
    db,
    box: createSecretBox([{ version: 'v1', key: randomBytes(32) }]),
    needsOf,
    allowsLoopback: true,
    extraHosts: [],
    nowMs: Date.now,
    instance: 'test',
  })
  return {
    connecting: bound,
    checks: new DraftChecks(bound),
    needsOf,
    publicUrl,
    webhookUrlOf: (crm) => new URL(`/webhooks/${crm}`, publicUrl).href,
    sandbox: false,
    pollSeconds: 60,
    ...over,
  }
}

/** Both sandbox CRMs in this process. */
export type ConnectStage = {
  readonly hubspot: HubSpotSandbox
  readonly salesforce: SalesforceSandbox
  /** As `testSetUp`; its checks are waited for by `close`. */
  setUp(db: Database, publicUrl: string, over?: Partial<ConnectSetUp>): ConnectSetUp
  close(): Promise<void>
}

export async function connectStage(): Promise<ConnectStage> {
  const world = generateWorld({ seed: 1, nowMs: Date.now(), scale: 0.1 })
  const [hubspot, salesforce] = await Promise.all([
    // Connecting waits for no change of a record.
    startHubSpotSandbox({ world, settings: AT_ONCE }),
    startSalesforceSandbox({ world }),
  ])
  const setUps: ConnectSetUp[] = []
  return {
    hubspot,
    salesforce,
    setUp(db, publicUrl, over) {
      const setUp = testSetUp(db, publicUrl, over)
      setUps.push(setUp)
      return setUp
    },
    async close() {
      await Promise.all(setUps.map(({ checks }) => checks.settled()))
      await Promise.all([hubspot.close(), salesforce.close()])
    },
  }
}
