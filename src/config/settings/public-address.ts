import { isLoopback } from '../../crm/allowed-hosts.ts'

/** Whether a CRM can call it: CRMs call https addresses only, and nothing of a private network. */
export function isPublicAddress(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return (
    protocol === 'https:' &&
    hostname.includes('.') &&
    !/^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|\.(local|internal|localhost)$/.test(hostname)
  )
}

/**
 * Where a HubSpot of the environment calls us: what was set, else our own address where that HubSpot can reach it, one on
 * this machine (the sandbox) at any. Null: nowhere, so it is asked for changes instead of being waited for.
 */
export function webhookUrlOfEnvironment(hubspot: {
  readonly webhookUrl: string | null
  readonly baseUrl: string
  readonly publicUrl: string
}): string | null {
  if (hubspot.webhookUrl !== null) return hubspot.webhookUrl
  const own = new URL('/webhooks/hubspot', hubspot.publicUrl).href
  return isPublicAddress(own) || isLoopback(new URL(hubspot.baseUrl).hostname) ? own : null
}
