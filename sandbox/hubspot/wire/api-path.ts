type ApiFamily = 'objects' | 'associations' | 'owners' | 'properties' | 'account' | 'oauth' | 'install'

export type ApiPath = { readonly family: ApiFamily; readonly version: string; readonly rest: readonly string[] }

const DATE_VERSIONS = ['2026-03', '2026-09']

/** Date-based paths start with the family, numbered paths with the version. Both use the same store. */
const NUMBERED: Readonly<Record<string, ApiFamily>> = {
  'crm/v3/objects': 'objects',
  'crm/v4/objects': 'objects',
  'crm/v4/associations': 'associations',
  'crm/v3/owners': 'owners',
  'crm/v3/properties': 'properties',
  'account-info/v3/details': 'account',
}

const DATED: Readonly<Record<string, ApiFamily>> = {
  'crm/objects': 'objects',
  'crm/associations': 'associations',
  'crm/owners': 'owners',
  'crm/properties': 'properties',
}

export function parseApiPath(pathname: string): ApiPath | undefined {
  const segments = pathname.split('/').slice(1)
  // The vendor's client calls `/crm/v3/owners/`.
  if (segments.at(-1) === '') segments.pop()
  // An empty segment inside (`//crm/...`, from a base path with a slash at its end) matches nothing.
  if (segments.includes('')) return undefined
  let decoded: string[]
  try {
    decoded = segments.map(decodeURIComponent)
  } catch {
    return undefined
  }
  const [first = '', second = '', third = ''] = decoded
  if (first === 'oauth') {
    if (['v1', 'v3'].includes(second)) return { family: 'oauth', version: 'numbered', rest: decoded.slice(2) }
    return DATE_VERSIONS.includes(second) ? { family: 'oauth', version: second, rest: decoded.slice(2) } : undefined
  }
  const numbered = NUMBERED[`${first}/${second}/${third}`]
  if (numbered !== undefined) return { family: numbered, version: 'numbered', rest: decoded.slice(3) }
  if (first === 'account-info' && DATE_VERSIONS.includes(second) && third === 'details') {
    return { family: 'account', version: second, rest: [] }
  }
  if (first === 'appinstalls' && DATE_VERSIONS.includes(second) && third === 'external-install') {
    return { family: 'install', version: second, rest: [] }
  }
  const dated = DATED[`${first}/${second}`]
  if (dated !== undefined && DATE_VERSIONS.includes(third)) {
    return { family: dated, version: third, rest: decoded.slice(3) }
  }
  return undefined
}

/** The path without ids, for call counts: `/crm/objects/{v}/contacts/{id}`. */
export function routeName({ family, rest }: ApiPath): string {
  const named = rest.map((segment) => (/^\d+$/.test(segment) || segment.length > 24 ? '{id}' : segment))
  return `/${[family, ...named].join('/')}`
}
