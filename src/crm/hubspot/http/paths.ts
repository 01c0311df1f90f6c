/** HubSpot publishes two dated versions a year. It stops supporting `v3`, the numbered line, during 2027. */
export type HubSpotApiVersion = 'v3' | `${number}-${'03' | '09'}`

/** The version that a setting or an address names. Throws `TypeError` for one that HubSpot never published. */
export function hubSpotApiVersion(text: string): HubSpotApiVersion {
  if (text === 'v3' || /^20\d\d-(03|09)$/.test(text)) return text as HubSpotApiVersion
  throw new TypeError(
    `"${text.slice(0, 40)}" is not a version of HubSpot's API. Use 2026-03, 2026-09, or v3 (until 2027)`,
  )
}

export type HubSpotPaths = {
  readonly account: string
  readonly owners: string
  /** Exchanges and refreshes OAuth tokens; `/introspect` and `/revoke` are below it. */
  readonly token: string
  objects(objectType: string): string
  properties(objectType: string): string
  /** Stem of the batch verbs between two object types. */
  associations(from: string, to: string): string
}

/** One setting moves every request to another version of the API. No other file knows a path. */
export function hubSpotPaths(version: HubSpotApiVersion): HubSpotPaths {
  const segment = encodeURIComponent
  if (version === 'v3') {
    return {
      account: '/account-info/v3/details',
      owners: '/crm/v3/owners',
      token: '/oauth/v3/token',
      objects: (type) => `/crm/v3/objects/${segment(type)}`,
      properties: (type) => `/crm/v3/properties/${segment(type)}`,
      // Associations are one number ahead of the rest of the numbered line.
      associations: (from, to) => `/crm/v4/associations/${segment(from)}/${segment(to)}/batch`,
    }
  }
  return {
    account: `/account-info/${version}/details`,
    owners: `/crm/owners/${version}`,
    token: `/oauth/${version}/token`,
    objects: (type) => `/crm/objects/${version}/${segment(type)}`,
    properties: (type) => `/crm/properties/${version}/${segment(type)}`,
    associations: (from, to) => `/crm/associations/${version}/${segment(from)}/${segment(to)}/batch`,
  }
}
