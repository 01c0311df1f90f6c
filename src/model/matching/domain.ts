import { parse } from 'tldts'
import { bodyOf } from './public-bodies.ts'
import { domainUse } from './shared-domains.ts'
import { type WrittenHost, writtenHosts } from './written-host.ts'

/**
 * The domain that stands for a company in a web address, however it was typed, or null where it is nobody's in particular.
 * Private suffixes count: two customers of one hosting company (`a.github.io`, `b.github.io`) are two domains.
 */
export function companyDomain(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  for (const written of writtenHosts(text)) {
    const domain = domainOf(written)
    if (domain !== null) return domain
  }
  return null
}

/** The same of the domain of an e-mail address: jane@mail.apple.com works for Apple. */
export function mailDomain(host: string): string | null {
  return domainOf({ host, hasPath: false }, 'mail')
}

function domainOf({ host, hasPath }: WrittenHost, from: 'site' | 'mail' = 'site'): string | null {
  const { domain, domainWithoutSuffix: name, publicSuffix: suffix, isIcann, isPrivate } = parse(host, PARSING)
  // Under a suffix that nobody has registered (.invalid of a sandbox, .local, a slip) the last two labels are no company.
  if (domain === null || name === null || suffix === null || !(isIcann || isPrivate)) return null
  const use = domainUse(domain, name, suffix)
  if (use === 'nobodys') return null
  const isPage = hasPath || host !== domain
  return use === 'site' && isPage && from === 'site' ? null : bodyOf(host, domain, suffix)
}

const PARSING = { allowPrivateDomains: true }
