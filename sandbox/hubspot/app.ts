import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { World } from '../world/records/world.ts'
import { SchemaChanges } from './people/schema-changes.ts'
import { Portal } from './portal/portal.ts'
import { seedFromWorld } from './portal/portal-seed.ts'
import { DEFAULT_SETTINGS, type SandboxSettings, withSettings } from './portal/settings.ts'
import { FaultPlan } from './server/faults.ts'
import { httpFront } from './server/http-front.ts'
import type { Sandbox } from './server/sandbox.ts'
import { CallStats } from './server/stats.ts'
import { SubscriptionList } from './webhooks/subscription-list.ts'
import { webhookEvents } from './webhooks/webhook-event.ts'
import { WebhookSender } from './webhooks/webhook-sender.ts'
import { CredentialStore, type HubSpotCredentials, randomCredentials } from './wire/credentials.ts'

export type HubSpotSandboxOptions = {
  readonly world: World
  /** 0 or absent: a free port. */
  readonly port?: number
  readonly credentials?: Partial<HubSpotCredentials>
  readonly settings?: Partial<SandboxSettings>
  /** The webhooks file of the app's project. Absent: the app has no subscription until one is uploaded. */
  readonly webhooksFile?: unknown
  /** In [0, 1), for delays, shuffling and loss. */
  readonly random?: () => number
}

export type HubSpotSandbox = {
  readonly url: string
  readonly portalId: number
  readonly appId: number
  readonly credentials: HubSpotCredentials
  close(): Promise<void>
}

export async function startHubSpotSandbox(options: HubSpotSandboxOptions): Promise<HubSpotSandbox> {
  const { world } = options
  const portal = new Portal(seedFromWorld(world), portalClock(world.nowMs))
  portal.settings = withSettings(DEFAULT_SETTINGS, options.settings ?? {})
  const credentials = randomCredentials(options.credentials)
  const firstActive = world.hubspot.owners.find((owner) => !owner.archived)
  const random = options.random ?? Math.random
  const store = new CredentialStore(credentials, portal.appId, firstActive?.userId ?? 1)
  const sender = new WebhookSender({
    clientSecret: () => store.given.clientSecret,
    settings: () => portal.settings,
    random,
  })
  const subscriptions = new SubscriptionList()
  if (options.webhooksFile !== undefined) subscriptions.upload(options.webhooksFile)
  let eventId = 3_816_279_000
  const maker = {
    portalId: portal.portalId,
    appId: portal.appId,
    subscriptions,
    catalog: portal.catalog,
    settings: () => portal.settings,
    nextEventId: () => {
      eventId += 1
      return eventId
    },
  }
  portal.onChange = (change) => {
    if (!store.installed) return
    for (const event of webhookEvents(change, maker)) sender.add(event)
  }
  const sandbox: Sandbox = {
    portal,
    credentials: store,
    faults: new FaultPlan(),
    stats: new CallStats(),
    sender,
    subscriptions,
    labels: world.labels.filter((label) => label.crm === 'hubspot'),
    schemaChanges: new SchemaChanges(portal),
  }
  const front = httpFront(sandbox)
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    front(request, response).catch((error: unknown) => {
      // A bug of the simulator itself: loud, and never in the vendor's words.
      process.stderr.write(`hubspot sandbox: ${error instanceof Error ? error.stack : String(error)}\n`)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'application/json' }).end('{"status":"error","message":"sandbox"}')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve())
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    portalId: portal.portalId,
    appId: portal.appId,
    credentials,
    async close() {
      sender.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * The portal's time is the wall clock, but never earlier than the generated data: a change is never older than what it
 * changes.
 */
function portalClock(worldNowMs: number): () => number {
  const startedMs = Date.now()
  return () => Math.max(Date.now(), worldNowMs + (Date.now() - startedMs))
}
