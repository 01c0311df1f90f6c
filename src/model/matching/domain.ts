import { getDomain } from 'tldts'
import { isSharedDomain } from './mail-providers.ts'

/**
 * The registrable domain of a web address, host or mail domain, or null where it is nobody's in particular. Private
 * suffixes count: two customers of one hosting company (`a.github.io`, `b.github.io`) are two domains.
 */
export function companyDomain(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  const trimmed = text.trim().toLowerCase()
  if (trimmed === '') return null
  const domain = getDomain(trimmed, { allowPrivateDomains: true })
  return domain === null || isSharedDomain(domain) ? null : domain
}
