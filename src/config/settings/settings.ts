import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { slipOf } from '../nearest-name.ts'
import { PREFIX, SETTINGS, type SettingDescription } from './setting-table.ts'

type Table = typeof SETTINGS
type Name = keyof Table
type Given = { readonly [K in Name]?: z.output<Table[K]['schema']> }

export type HubSpotSettings = {
  readonly baseUrl: string
  readonly token: string
  /** Newest first. Each may have signed a webhook while they are being rotated. */
  readonly clientSecrets: readonly string[]
  readonly appId: string
  readonly apiVersion: string
  /** Null: the public URL, where HubSpot can reach that (pipeline/public-address.ts). */
  readonly webhookUrl: string | null
}

export type SalesforceSettings = {
  readonly loginUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly pubsubAddress: string
  readonly apiVersion: string
}

export type OidcSettings = { readonly issuer: string; readonly clientId: string; readonly clientSecret: string }

export type Settings = {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly dataDir: string
  /** Null: no folder was named, see `configFolder`. */
  readonly configDir: string | null
  /** Null: embedded. Children of `npm start` always get one. */
  readonly databaseUrl: string | null
  readonly redisUrl: string | null
  readonly logLevel: string
  /** Null: the key file in the data directory. */
  readonly keys: readonly { readonly version: string; readonly key: Buffer }[] | null
  readonly pollSeconds: number
  /** How long the gate's word is good, and the deadline of a CRM call, and how often a worker gives a sign of life. */
  readonly grantMs: number
  readonly callDeadlineMs: number
  readonly beatMs: number
  /** For tests: how far the machine's clock is ahead. */
  readonly clockSkewMs: number
  readonly sandbox: 'auto' | 'on' | 'off'
  /** Besides the vendors' own, see HostRule in src/crm/allowed-hosts.ts. */
  readonly crmHosts: readonly string[]
  /** The identity provider by which people sign in. */
  readonly oidc: OidcSettings | null
  /** Both or neither. */
  readonly smtpUrl: string | null
  readonly mailFrom: string | null
  readonly hubspot: HubSpotSettings | null
  readonly salesforce: SalesforceSettings | null
}

/** The files that come with Lanekeeper: workflows, territories and people of the sandbox's company. */
export const EXAMPLES = fileURLToPath(new URL('../../../config/examples', import.meta.url))

/**
 * The folder whose files count in this process. Null: a CRM of one's own is connected and nobody named a folder. The examples
 * are about another company, so there they are nobody's.
 */
export function configFolder({ configDir, sandbox }: Pick<Settings, 'configDir' | 'sandbox'>): string | null {
  return configDir ?? (sandbox === 'on' ? EXAMPLES : null)
}

export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly code = 'SETTINGS'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      `Cannot start with these settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n` +
        'npm start -- --help lists every setting',
    )
    this.problems = problems
  }
}

/** Reads the environment once and reports everything that is wrong with it together. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = []
  const given = parse(environment, problems)
  problems.push(...unknownNames(environment))
  const hubspot = hubspotSettings(given, problems)
  const salesforce = salesforceSettings(given, problems)
  const oidc = oidcSettings(given, problems)
  const mail = mailSettings(given, problems)
  if (problems.length > 0) throw new SettingsError(problems)
  const port = given.port ?? 4000
  return {
    host: given.host ?? '127.0.0.1',
    port,
    publicUrl: given.publicUrl ?? `http://localhost:${port}`,
    dataDir: resolve(given.dataDir ?? defaultDataDir(environment)),
    configDir: given.configDir === undefined ? null : resolve(given.configDir),
    databaseUrl: given.databaseUrl ?? null,
    redisUrl: given.redisUrl ?? null,
    logLevel: given.logLevel ?? 'info',
    keys: given.keys ?? null,
    pollSeconds: given.pollSeconds ?? 300,
    grantMs: given.grantMs ?? 2_000,
    callDeadlineMs: given.callDeadlineMs ?? 20_000,
    beatMs: given.beatMs ?? 2_000,
    clockSkewMs: (given.clockSkewSeconds ?? 0) * 1_000,
    sandbox: given.sandbox ?? 'auto',
    crmHosts: given.crmHosts ?? [],
    oidc,
    ...mail,
    hubspot,
    salesforce,
  }
}

/** Outside the checkout, so that a fresh clone finds its data again; for root where another account can reach it. */
function defaultDataDir(environment: Readonly<Record<string, string | undefined>>): string {
  if (process.getuid?.() === 0) return '/var/lib/lanekeeper'
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'lanekeeper')
  if (process.platform === 'win32') {
    return join(environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'lanekeeper')
  }
  return join(environment.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'lanekeeper')
}

/** One line per setting that was given, secrets as a dot, and a hash by which two processes can be compared. */
export function describeSettings(environment: Readonly<Record<string, string | undefined>>): {
  readonly given: Readonly<Record<string, string>>
  readonly hash: string
} {
  const given: Record<string, string> = {}
  const digest = createHash('sha256')
  for (const { name, secret } of Object.values(SETTINGS)) {
    const value = environment[name]
    if (value === undefined || value === '') continue
    given[name] = secret ? '•' : value
    digest.update(`${name}\0${value.length}\0${value}`)
  }
  return { given, hash: digest.digest('hex').slice(0, 12) }
}

export function settingsHelp(environment: Readonly<Record<string, string | undefined>>): string {
  const descriptions: readonly SettingDescription[] = Object.values(SETTINGS)
  const width = Math.max(...descriptions.map(({ name }) => name.length)) + 2
  const lines = ['Settings, read from the environment:']
  let group = ''
  for (const description of descriptions) {
    if (description.group !== group) {
      group = description.group
      lines.push('', group)
    }
    lines.push(`  ${description.name.padEnd(width)}${description.says}`)
    lines.push(`  ${''.padEnd(width)}otherwise: ${description.otherwise}`)
  }
  return [...lines, '', `Data of this user: ${defaultDataDir(environment)}`].join('\n')
}

function parse(environment: Readonly<Record<string, string | undefined>>, problems: string[]): Given {
  const given: Record<string, unknown> = {}
  for (const [key, { name, schema, secret }] of Object.entries(SETTINGS) as [Name, SettingDescription][]) {
    const value = environment[name]?.trim()
    // An empty variable is what compose files and shells make of an absent one.
    if (value === undefined || value === '') continue
    const parsed = schema.safeParse(value)
    if (parsed.success) given[key] = parsed.data
    else problems.push(`${name}${secret ? '' : ` "${value}"`} ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
  }
  return given as Given
}

function unknownNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.values(SETTINGS).map(({ name }) => name)
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name as (typeof known)[number]))
    .map((name) => {
      const nearest = slipOf(
        name,
        known.filter((candidate) => candidate.startsWith(PREFIX)),
      )
      return `${name} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`
    })
}

function hubspotSettings(given: Given, problems: string[]): HubSpotSettings | null {
  const { hubspotToken, hubspotClientSecret, hubspotAppId } = given
  if (hubspotToken === undefined && hubspotClientSecret === undefined && hubspotAppId === undefined) return null
  if (hubspotToken === undefined || hubspotClientSecret === undefined || hubspotAppId === undefined) {
    problems.push(missing({ hubspotToken, hubspotClientSecret, hubspotAppId }, given))
    return null
  }
  return {
    baseUrl: given.hubspotBaseUrl ?? 'https://api.hubapi.com',
    token: hubspotToken,
    clientSecrets: hubspotClientSecret,
    appId: hubspotAppId,
    apiVersion: given.hubspotApiVersion ?? '2026-03',
    webhookUrl: given.hubspotWebhookUrl ?? null,
  }
}

function salesforceSettings(given: Given, problems: string[]): SalesforceSettings | null {
  const { salesforceLoginUrl, salesforceClientId, salesforceClientSecret } = given
  if (salesforceLoginUrl === undefined && salesforceClientId === undefined && salesforceClientSecret === undefined) {
    return null
  }
  if (salesforceLoginUrl === undefined || salesforceClientId === undefined || salesforceClientSecret === undefined) {
    problems.push(missing({ salesforceLoginUrl, salesforceClientId, salesforceClientSecret }, given))
    return null
  }
  return {
    loginUrl: salesforceLoginUrl,
    clientId: salesforceClientId,
    clientSecret: salesforceClientSecret,
    pubsubAddress: given.salesforcePubsubAddress ?? 'api.pubsub.salesforce.com:7443',
    apiVersion: given.salesforceApiVersion ?? '67.0',
  }
}

function oidcSettings(given: Given, problems: string[]): OidcSettings | null {
  const { oidcIssuer, oidcClientId, oidcClientSecret } = given
  if (oidcIssuer === undefined && oidcClientId === undefined && oidcClientSecret === undefined) return null
  if (oidcIssuer === undefined || oidcClientId === undefined || oidcClientSecret === undefined) {
    problems.push(missing({ oidcIssuer, oidcClientId, oidcClientSecret }, given))
    return null
  }
  return { issuer: oidcIssuer, clientId: oidcClientId, clientSecret: oidcClientSecret }
}

function mailSettings(given: Given, problems: string[]): Pick<Settings, 'smtpUrl' | 'mailFrom'> {
  const { smtpUrl, mailFrom } = given
  if ((smtpUrl === undefined) !== (mailFrom === undefined)) problems.push(missing({ smtpUrl, mailFrom }, given))
  return { smtpUrl: smtpUrl ?? null, mailFrom: mailFrom ?? null }
}

function missing(needed: Partial<Record<Name, unknown>>, given: Given): string {
  const names = Object.keys(needed) as Name[]
  const absent = names.filter((key) => given[key] === undefined).map((key) => SETTINGS[key].name)
  const present = names.filter((key) => given[key] !== undefined).map((key) => SETTINGS[key].name)
  return `${present.join(' and ')} also needs ${absent.join(' and ')}`
}
