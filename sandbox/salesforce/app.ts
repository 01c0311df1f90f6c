import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OFFICE } from '../world/brightwater/cast.ts'
import type { Label, World } from '../world/records/world.ts'
import { OAuthEndpoints } from './login/oauth-endpoints.ts'
import { type OAuthClient, OAuthSessions } from './login/oauth-sessions.ts'
import { startClock } from './org/clock.ts'
import { createOrg, DEFAULT_SETTINGS, type Org, type Settings } from './org/org.ts'
import { PermissionBook } from './org/permissions.ts'
import { seedOrg } from './org/seed-org.ts'
import { seedPersonAccounts } from './org/seed-person-accounts.ts'
import { checkSelection } from './org/selected-entities.ts'
import { SandboxPage } from './page/page.ts'
import { ControlPath } from './server/control-path.ts'
import { HttpFront } from './server/http-front.ts'
import { RestApi } from './server/rest-api.ts'
import { buildEventSchemas } from './stream/avro-schemas.ts'
import { eventsOf } from './stream/change-events.ts'
import { EventBus } from './stream/event-bus.ts'
import { PubSubServer } from './stream/pubsub-server.ts'
import { SchemaChanges } from './stream/schema-changes.ts'
import { Faults } from './wire/faults.ts'
import { UsageMeter } from './wire/usage-meter.ts'

export type Credentials = {
  readonly orgId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly userClientId: string
  readonly userClientSecret: string
  /** A public client: no secret, PKCE required. */
  readonly pkceClientId: string
  readonly controlSecret: string
}

export type SandboxOptions = {
  readonly world: World
  /** 0 or absent: a free port. */
  readonly port?: number
  readonly pubsubPort?: number
  readonly settings?: Partial<Settings>
  readonly credentials?: Partial<Omit<Credentials, 'orgId'>>
  /** PEM of the key that signs JWT bearer assertions. Without it that flow is off. */
  readonly jwtPublicKey?: string
  /** The most change events that the bus keeps. */
  readonly retainMax?: number
}

export type SalesforceSandbox = {
  readonly url: string
  readonly pubsubAddress: string
  readonly credentials: Credentials
  /** For tests in the same process. */
  readonly org: Org
  close(): Promise<void>
}

export async function startSalesforceSandbox(options: SandboxOptions): Promise<SalesforceSandbox> {
  const { world } = options
  const settings: Settings = { ...DEFAULT_SETTINGS, ...options.settings }
  Object.assign(settings, checkSelection(settings))
  let url = ''
  const clock = startClock(world.nowMs, () => settings.clockOffsetMs)
  const org = createOrg(world.salesforce.orgId, clock, settings)
  seedOrg(org, world)
  if (settings.personAccounts) seedPersonAccounts(org, world)
  const credentials = makeCredentials(org.orgId, options.credentials ?? {})
  const clients = clientsOf(world, credentials)
  const sessions = new OAuthSessions(org, clients, () => url)
  for (const { id } of options.jwtPublicKey ? clients : []) sessions.setJwtPublicKey(id, options.jwtPublicKey)
  const bus = new EventBus(clock, world.seed, options.retainMax)
  const schemas = buildEventSchemas(org.catalog)
  const usage = new UsageMeter(org)
  const permissions = new PermissionBook()
  org.store.onCommit((commit) => bus.publish(eventsOf(org, schemas, commit)))
  const pubsub = new PubSubServer({ org, bus, schemas, sessions, usage, permissions })
  const faults = new Faults()
  const labels: Label[] = world.labels.filter((label) => label.crm === 'salesforce')
  const front = new HttpFront({
    org,
    sessions,
    faults,
    usage,
    rest: new RestApi(org, usage, permissions),
    oauth: new OAuthEndpoints(org, sessions, () => url),
    control: new ControlPath({
      org,
      bus,
      schemas,
      sessions,
      faults,
      usage,
      pubsub,
      permissions,
      schemaChanges: new SchemaChanges(org, schemas),
      labels,
      secret: credentials.controlSecret,
    }),
    page: new SandboxPage(org, randomBytes(16).toString('hex')),
  })
  // Above Salesforce's limit, so that the sandbox can answer 414 and 431 itself.
  const server = createServer({ maxHeaderSize: 128 * 1024 }, front.handle)
  url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`
  const pubsubAddress = await pubsub.listen(options.pubsubPort ?? 0)
  return {
    url,
    pubsubAddress,
    credentials,
    org,
    async close() {
      pubsub.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function makeCredentials(orgId: string, given: Partial<Omit<Credentials, 'orgId'>>): Credentials {
  const clientId = () => `3MVG9${randomBytes(36).toString('base64url')}`
  const secret = () => randomBytes(32).toString('hex').toUpperCase()
  return {
    orgId,
    clientId: given.clientId ?? clientId(),
    clientSecret: given.clientSecret ?? secret(),
    userClientId: given.userClientId ?? clientId(),
    userClientSecret: given.userClientSecret ?? secret(),
    pkceClientId: given.pkceClientId ?? clientId(),
    controlSecret: given.controlSecret ?? randomBytes(24).toString('base64url'),
  }
}

function clientsOf(world: World, credentials: Credentials): OAuthClient[] {
  const { integrationUserId, User } = world.salesforce
  const person =
    User.find((user) => user.Email === OFFICE.revopsAdmin) ??
    User.find((user) => user.IsActive && user.Id !== integrationUserId)
  if (!person) throw new Error('The world has no user besides the integration user')
  return [
    { id: credentials.clientId, secret: credentials.clientSecret, userId: integrationUserId },
    { id: credentials.userClientId, secret: credentials.userClientSecret, userId: person.Id },
    { id: credentials.pkceClientId, secret: null, userId: integrationUserId },
  ]
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
