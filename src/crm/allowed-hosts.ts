import { isIP } from 'node:net'
import type { Crm } from '../model/record/change-event.ts'

/**
 * Where we take tokens to. Addresses come from people (a typed base URL) and from CRM answers (`instance_url`), and an
 * address that is believed gets the next token: so both pass here. Suffixes that belong to the vendors alone, https, no
 * port, no path, no credentials. An operator may add hosts, for a proxy or a country cloud.
 */
export type HostRule = {
  /** The sandbox and tests only: http or https on this machine, any port. */
  readonly loopback: boolean
  /** `crm.example`, `crm.example:8443`, or `*.crm.example` for everything below it. Always https. */
  readonly extra: readonly string[]
}

/** Null: allowed. Otherwise the sentence that says why not and what to enter. */
export function refuseAddress(crm: Crm, url: string, rule: HostRule): string | null {
  const wanted = WANTED[crm]
  const shown = url.slice(0, 200)
  const parsed = URL.parse(url)
  if (parsed === null) return `"${shown}" is not an address. ${wanted}`
  // Never repeated: whoever typed it may have typed a password.
  if (parsed.username !== '' || parsed.password !== '')
    return `The address holds a user name or password. Leave it out. ${wanted}`
  if (parsed.search !== '' || parsed.hash !== '' || !['', '/'].includes(parsed.pathname)) {
    return `"${parsed.host}" is followed by more than an address: leave out everything after the host. ${wanted}`
  }
  if (isLoopback(parsed.hostname)) {
    if (rule.loopback && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return null
    return `"${shown}" is this machine itself, which is allowed for the sandbox only. ${wanted}`
  }
  if (parsed.protocol !== 'https:') return `"${shown}" does not begin with https://. ${wanted}`
  if (rule.extra.some((pattern) => matches(parsed, pattern))) return null
  if (parsed.port !== '') return `"${parsed.host}" names a port; ${VENDOR[crm]} has none. ${wanted}`
  if (OWN_HOST[crm]?.test(parsed.hostname)) return null
  return `${hint(crm, parsed.hostname) ?? `"${parsed.hostname}" is not a host of ${VENDOR[crm]}.`} ${wanted}`
}

/** The same for Salesforce's Pub/Sub API, which is `host:port` and is given the token too. */
export function refuseStreamAddress(address: string, rule: HostRule): string | null {
  const wanted = 'Enter api.pubsub.salesforce.com:7443.'
  const parsed = /^[A-Za-z0-9.[\]:-]+:\d{1,5}$/.test(address) ? URL.parse(`https://${address}`) : null
  if (parsed === null || parsed.pathname !== '/')
    return `"${address.slice(0, 200)}" is not a host with a port. ${wanted}`
  if (isLoopback(parsed.hostname)) {
    return rule.loopback
      ? null
      : `"${address}" is this machine itself, which is allowed for the sandbox only. ${wanted}`
  }
  if (rule.extra.some((pattern) => matches(parsed, pattern))) return null
  // 443 is the vendor's second port, for networks that block 7443; URL leaves it out.
  const port = parsed.port === '' || parsed.port === '7443'
  if (port && /^api(?:\.[a-z]{2,10})?\.pubsub\.salesforce\.com$/.test(parsed.hostname)) return null
  return `"${address}" is not an address of Salesforce's Pub/Sub API. ${wanted}`
}

/** Hosts of this machine, spelled as URL spells them. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIP(hostname) === 4 && hostname.startsWith('127.')
}

/**
 * My Domain and its partitions: `acme.my.salesforce.com`, `acme--qa.sandbox.my.salesforce.com`, `.scratch`, `.develop`,
 * `.trailblaze` and the like, and the same under `.mil`. Only Salesforce hands out names there.
 */
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const OWN_HOST: Readonly<Record<Crm, RegExp>> = {
  salesforce: new RegExp(`^${LABEL}(?:\\.${LABEL})?\\.my\\.salesforce\\.(?:com|mil)$`),
  // `api.hubapi.com`; portals in other data centres have `api-eu1.hubapi.com` and the like.
  hubspot: /^api(?:-[a-z0-9]{1,10})?\.hubapi\.com$/,
}

const VENDOR: Readonly<Record<Crm, string>> = { salesforce: 'Salesforce', hubspot: "HubSpot's API" }
const WANTED: Readonly<Record<Crm, string>> = {
  salesforce:
    'Enter the My Domain address of the org, such as https://acme.my.salesforce.com (Salesforce Setup > My Domain).',
  hubspot: 'Enter https://api.hubapi.com.',
}

/** What people enter instead, because it stands in their browser. */
function hint(crm: Crm, hostname: string): string | null {
  if (crm === 'hubspot') {
    return /\.hubspot\.com$/.test(hostname) ? `"${hostname}" is HubSpot's pages for people, not its API.` : null
  }
  if (/^(?:login|test)\.salesforce\.com$/.test(hostname)) {
    return `"${hostname}" serves every org and no longer knows External Client Apps: use My Domain.`
  }
  const page = /^(.+)\.(?:lightning\.force|my\.salesforce-setup)\.com$/.exec(hostname)
  if (page) return `"${hostname}" is the org's pages for people: use https://${page[1]}.my.salesforce.com instead.`
  return null
}

function matches(url: URL, pattern: string): boolean {
  const wanted = pattern.trim().toLowerCase()
  if (wanted.startsWith('*.')) return url.port === '' && url.hostname.endsWith(wanted.slice(1)) && wanted.length > 3
  return wanted !== '' && (wanted === url.host || wanted === `${url.hostname}:${url.port === '' ? '443' : url.port}`)
}
