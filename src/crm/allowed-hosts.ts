import { isIP } from 'node:net'

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

/** Which hosts belong to a vendor, and what is said of those that do not. */
export type VendorHosts = {
  /** What has these hosts, for a sentence: "Salesforce". */
  readonly owner: string
  /** Only the vendor hands out names that match. */
  readonly own: RegExp
  /** What to enter, one sentence. */
  readonly wanted: string
  /** About what people enter instead, because it stands in their browser; null: nothing special. */
  readonly hint: (hostname: string) => string | null
}

/** Null: allowed. Otherwise the sentence that says why not and what to enter. */
export function refuseHost(vendor: VendorHosts, url: string, rule: HostRule): string | null {
  const { wanted } = vendor
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
  if (rule.extra.some((pattern) => matchesHost(parsed, pattern))) return null
  if (parsed.port !== '') return `"${parsed.host}" names a port; ${vendor.owner} has none. ${wanted}`
  if (vendor.own.test(parsed.hostname)) return null
  return `${vendor.hint(parsed.hostname) ?? `"${parsed.hostname}" is not a host of ${vendor.owner}.`} ${wanted}`
}

/** Hosts of this machine, spelled as URL spells them. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIP(hostname) === 4 && hostname.startsWith('127.')
}

/** Whether the address is one that an operator has added. */
export function matchesHost(url: URL, pattern: string): boolean {
  const wanted = pattern.trim().toLowerCase()
  if (wanted.startsWith('*.')) return url.port === '' && url.hostname.endsWith(wanted.slice(1)) && wanted.length > 3
  return wanted !== '' && (wanted === url.host || wanted === `${url.hostname}:${url.port === '' ? '443' : url.port}`)
}
