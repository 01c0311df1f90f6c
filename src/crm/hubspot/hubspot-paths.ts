/** The dated versions are HubSpot's line; `v3` is the numbered line, which it stops supporting during 2027. */
export type HubSpotApiVersion = 'v3' | '2026-03' | '2026-09'

export type HubSpotPaths = {
  readonly account: string
  readonly owners: string
  objects(objectType: string): string
  properties(objectType: string): string
  /** Stem of the batch verbs between two object types. */
  associations(from: string, to: string): string
}

/** One setting moves every request from one version of the API to another; nothing else knows a path. */
export function hubSpotPaths(version: HubSpotApiVersion): HubSpotPaths {
  const segment = encodeURIComponent
  if (version === 'v3') {
    return {
      account: '/account-info/v3/details',
      owners: '/crm/v3/owners',
      objects: (type) => `/crm/v3/objects/${segment(type)}`,
      properties: (type) => `/crm/v3/properties/${segment(type)}`,
      // Associations are one number ahead of the rest of the numbered line.
      associations: (from, to) => `/crm/v4/associations/${segment(from)}/${segment(to)}/batch`,
    }
  }
  return {
    account: `/account-info/${version}/details`,
    owners: `/crm/owners/${version}`,
    objects: (type) => `/crm/objects/${version}/${segment(type)}`,
    properties: (type) => `/crm/properties/${version}/${segment(type)}`,
    associations: (from, to) => `/crm/associations/${version}/${segment(from)}/${segment(to)}/batch`,
  }
}
