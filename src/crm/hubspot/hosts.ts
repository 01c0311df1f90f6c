import { type HostRule, refuseHost, type VendorHosts } from '../allowed-hosts.ts'
import type { CrmAddress, EntryProblem } from '../grant.ts'

const HOSTS: VendorHosts = {
  owner: "HubSpot's API",
  // `api.hubapi.com`; portals in other data centres have `api-eu1.hubapi.com` and the like.
  own: /^api(?:-[a-z0-9]{1,10})?\.hubapi\.com$/,
  wanted: 'Enter https://api.hubapi.com.',
  hint: (hostname) =>
    /\.hubspot\.com$/.test(hostname) ? `"${hostname}" is HubSpot's pages for people, not its API.` : null,
}

export function addressProblems({ baseUrl }: CrmAddress, rule: HostRule): EntryProblem[] {
  const message = refuseHost(HOSTS, baseUrl, rule)
  return message === null ? [] : [{ field: 'baseUrl', message }]
}
