import { type HostRule, isLoopback, matchesHost, refuseHost, type VendorHosts } from '../allowed-hosts.ts'
import type { CrmAddress, EntryProblem } from '../grant.ts'

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'

const HOSTS: VendorHosts = {
  owner: 'Salesforce',
  /**
   * My Domain and its partitions: `acme.my.salesforce.com`, `acme--qa.sandbox.my.salesforce.com`, `.scratch`, `.develop`,
   * `.trailblaze` and the like, and the same under `.mil`. Only Salesforce hands out names there.
   */
  own: new RegExp(`^${LABEL}(?:\\.${LABEL})?\\.my\\.salesforce\\.(?:com|mil)$`),
  wanted:
    'Enter the My Domain address of the org, such as https://acme.my.salesforce.com (Salesforce Setup > My Domain).',
  hint,
}

export function addressProblems({ baseUrl, pubsubAddress }: CrmAddress, rule: HostRule): EntryProblem[] {
  const problems: EntryProblem[] = []
  const base = refuseSalesforceHost(baseUrl, rule)
  if (base !== null) problems.push({ field: 'baseUrl', message: base })
  const stream = refuseStreamAddress(pubsubAddress ?? '', rule)
  if (stream !== null) problems.push({ field: 'pubsubAddress', message: stream })
  return problems
}

/** Also for addresses that Salesforce names in its answers. Null: allowed. */
export function refuseSalesforceHost(url: string, rule: HostRule): string | null {
  return refuseHost(HOSTS, url, rule)
}

/**
 * Whether an address that Salesforce names may be given our tokens: one that an admin may enter, or the very host that
 * was entered, which has them already. Only an org on this machine (the sandbox) may send us to this machine.
 */
export function hostsFor({ loopback, extra }: HostRule, { baseUrl }: CrmAddress): (url: string) => boolean {
  const { origin: own, hostname } = new URL(baseUrl)
  const rule = { loopback: loopback && isLoopback(hostname), extra }
  return (url) => (URL.canParse(url) && new URL(url).origin === own) || refuseSalesforceHost(url, rule) === null
}

/** What people enter instead, because it stands in their browser. */
function hint(hostname: string): string | null {
  if (/^(?:login|test)\.salesforce\.com$/.test(hostname)) {
    return `"${hostname}" serves every org and no longer knows External Client Apps: use My Domain.`
  }
  const page = /^(.+)\.(?:lightning\.force|my\.salesforce-setup)\.com$/.exec(hostname)
  if (page) return `"${hostname}" is the org's pages for people: use https://${page[1]}.my.salesforce.com instead.`
  return null
}

/** The same for the Pub/Sub API, which is `host:port` and is given the token too. */
function refuseStreamAddress(address: string, rule: HostRule): string | null {
  const wanted = 'Enter api.pubsub.salesforce.com:7443.'
  const parsed = /^[A-Za-z0-9.[\]:-]+:\d{1,5}$/.test(address) ? URL.parse(`https://${address}`) : null
  if (parsed === null || parsed.pathname !== '/')
    return `"${address.slice(0, 200)}" is not a host with a port. ${wanted}`
  if (isLoopback(parsed.hostname)) {
    return rule.loopback
      ? null
      : `"${address}" is this machine itself, which is allowed for the sandbox only. ${wanted}`
  }
  if (rule.extra.some((pattern) => matchesHost(parsed, pattern))) return null
  // 443 is the vendor's second port, for networks that block 7443; URL leaves it out.
  const port = parsed.port === '' || parsed.port === '7443'
  if (port && /^api(?:\.[a-z]{2,10})?\.pubsub\.salesforce\.com$/.test(parsed.hostname)) return null
  return `"${address}" is not an address of Salesforce's Pub/Sub API. ${wanted}`
}
