import { z } from 'zod'
import {
  baseUrl,
  hosts,
  keys,
  milliseconds,
  port,
  redisUrl,
  seconds,
  secrets,
  skewSeconds,
  text,
  url,
} from './setting-values.ts'

export type SettingGroup = 'Service' | 'HubSpot' | 'Salesforce'

export type SettingDescription = {
  readonly name: string
  readonly group: SettingGroup
  /** For people: what happens when it is not set. */
  readonly otherwise: string
  readonly says: string
  /** Never shown, not even in part. */
  readonly secret: boolean
  readonly schema: z.ZodType<unknown, string>
}

/** The one list of settings: what is read, what `--help` prints and what an unknown name is compared with. */
export const SETTINGS = {
  port: {
    name: 'PORT',
    group: 'Service',
    otherwise: '4000',
    says: 'port of the console, the API and the webhooks; 0 picks a free one',
    secret: false,
    schema: port,
  },
  host: {
    name: 'HOST',
    group: 'Service',
    otherwise: '127.0.0.1',
    says: 'address to listen on; anything else than loopback needs TLS in front',
    secret: false,
    schema: text,
  },
  dataDir: {
    name: 'DATA_DIR',
    group: 'Service',
    otherwise: 'a directory of the user, see the line below',
    says: 'where the embedded database, keys and checkpoints are kept',
    secret: false,
    schema: text,
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    group: 'Service',
    otherwise: 'an embedded Postgres',
    says: 'a Postgres of your own, version 15 or newer',
    secret: true,
    schema: url('postgres:', 'postgresql:'),
  },
  redisUrl: {
    name: 'REDIS_URL',
    group: 'Service',
    otherwise: 'queues are kept in Postgres',
    says: 'Redis or Valkey for the queues; several addresses separated by commas for a cluster',
    secret: true,
    schema: redisUrl,
  },
  logLevel: {
    name: 'LOG_LEVEL',
    group: 'Service',
    otherwise: 'info',
    says: 'trace, debug, info, warn, error or silent',
    secret: false,
    schema: z.enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      'is none of trace, debug, info, warn, error, silent',
    ),
  },
  publicUrl: {
    name: 'LANEKEEPER_PUBLIC_URL',
    group: 'Service',
    otherwise: 'http://localhost:PORT',
    says: 'how people reach the console',
    secret: false,
    schema: baseUrl,
  },
  configDir: {
    name: 'LANEKEEPER_CONFIG_DIR',
    group: 'Service',
    otherwise: 'config in this checkout',
    says: 'directory with workflows, territories and calendars',
    secret: false,
    schema: text,
  },
  keys: {
    name: 'LANEKEEPER_KEYS',
    group: 'Service',
    otherwise: 'a key file in DATA_DIR, made once',
    says: 'keys that CRM credentials are sealed with, newest first: v2:BASE64,v1:BASE64',
    secret: true,
    schema: keys,
  },
  pollSeconds: {
    name: 'LANEKEEPER_POLL_SECONDS',
    group: 'Service',
    otherwise: '300',
    says: 'how often the CRMs are asked for changes that no webhook told, 5 to 900',
    secret: false,
    schema: seconds(5, 900),
  },
  grantMs: {
    name: 'LANEKEEPER_GRANT_MS',
    group: 'Service',
    otherwise: '2000',
    says: 'how long a write may leave after the database allowed it, 100 to 10000',
    secret: false,
    schema: milliseconds(100, 10_000),
  },
  callDeadlineMs: {
    name: 'LANEKEEPER_CALL_DEADLINE_MS',
    group: 'Service',
    otherwise: '20000',
    says: 'how long a call to a CRM may take, 500 to 30000; the same for every worker',
    secret: false,
    schema: milliseconds(500, 30_000),
  },
  beatMs: {
    name: 'LANEKEEPER_BEAT_MS',
    group: 'Service',
    otherwise: '2000',
    says: 'how often a worker gives a sign of life, 100 to 2000; after four without one it is taken for dead',
    secret: false,
    schema: milliseconds(100, 2_000),
  },
  clockSkewSeconds: {
    name: 'LANEKEEPER_CLOCK_SKEW_SECONDS',
    group: 'Service',
    otherwise: '0',
    says: "for tests: how far this process takes the machine's clock to be ahead, -86400 to 86400",
    secret: false,
    schema: skewSeconds,
  },
  sandbox: {
    name: 'LANEKEEPER_SANDBOX',
    group: 'Service',
    otherwise: 'auto',
    says: 'sandbox CRMs: auto (when no CRM is configured), on, off',
    secret: false,
    schema: z.enum(['auto', 'on', 'off'], 'is none of auto, on, off'),
  },
  crmHosts: {
    name: 'LANEKEEPER_CRM_HOSTS',
    group: 'Service',
    otherwise: "the vendors' own",
    says: 'more hosts that may be given CRM credentials, separated by commas: crm.example, *.crm.example',
    secret: false,
    schema: hosts,
  },
  hubspotToken: {
    name: 'LANEKEEPER_HUBSPOT_TOKEN',
    group: 'HubSpot',
    otherwise: 'no HubSpot',
    says: 'access token of the static-auth app',
    secret: true,
    schema: text,
  },
  hubspotClientSecret: {
    name: 'LANEKEEPER_HUBSPOT_CLIENT_SECRET',
    group: 'HubSpot',
    otherwise: 'needed with the token',
    says: 'client secret that webhooks are signed with; several separated by commas while rotating',
    secret: true,
    schema: secrets,
  },
  hubspotAppId: {
    name: 'LANEKEEPER_HUBSPOT_APP_ID',
    group: 'HubSpot',
    otherwise: 'needed with the token',
    says: 'id of that app, by which our own writes are recognised',
    secret: false,
    schema: z.string().regex(/^\d+$/, 'is not a number'),
  },
  hubspotBaseUrl: {
    name: 'LANEKEEPER_HUBSPOT_BASE_URL',
    group: 'HubSpot',
    otherwise: 'https://api.hubapi.com',
    says: 'address of the API',
    secret: false,
    schema: baseUrl,
  },
  hubspotApiVersion: {
    name: 'LANEKEEPER_HUBSPOT_API_VERSION',
    group: 'HubSpot',
    otherwise: '2026-03',
    says: 'dated version of the API',
    secret: false,
    schema: z.string().regex(/^\d{4}-\d{2}$/, 'is not a dated version such as 2026-03'),
  },
  hubspotWebhookUrl: {
    name: 'LANEKEEPER_HUBSPOT_WEBHOOK_URL',
    group: 'HubSpot',
    otherwise: 'LANEKEEPER_PUBLIC_URL with the webhook path, where HubSpot can reach it; else changes are polled',
    says: 'the address that HubSpot was given, which its signature covers',
    secret: false,
    schema: url('http:', 'https:'),
  },
  salesforceLoginUrl: {
    name: 'LANEKEEPER_SALESFORCE_LOGIN_URL',
    group: 'Salesforce',
    otherwise: 'no Salesforce',
    says: 'My Domain address of the org, https://acme.my.salesforce.com',
    secret: false,
    schema: baseUrl,
  },
  salesforceClientId: {
    name: 'LANEKEEPER_SALESFORCE_CLIENT_ID',
    group: 'Salesforce',
    otherwise: 'needed with the login address',
    says: 'consumer key of the External Client App (client credentials flow)',
    secret: false,
    schema: text,
  },
  salesforceClientSecret: {
    name: 'LANEKEEPER_SALESFORCE_CLIENT_SECRET',
    group: 'Salesforce',
    otherwise: 'needed with the login address',
    says: 'consumer secret of that app',
    secret: true,
    schema: text,
  },
  salesforcePubsubAddress: {
    name: 'LANEKEEPER_SALESFORCE_PUBSUB_ADDRESS',
    group: 'Salesforce',
    otherwise: 'api.pubsub.salesforce.com:7443',
    says: 'host and port of the Pub/Sub API',
    secret: false,
    schema: z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'is not host:port'),
  },
  salesforceApiVersion: {
    name: 'LANEKEEPER_SALESFORCE_API_VERSION',
    group: 'Salesforce',
    otherwise: '67.0',
    says: 'version of the REST API',
    secret: false,
    schema: z.string().regex(/^\d{2,3}\.0$/, 'is not a version such as 67.0'),
  },
} as const satisfies Record<string, SettingDescription>

export const PREFIX = 'LANEKEEPER_'
