/** The JSON object that docs/sandbox.md describes: what both programs print at start. */
export type SandboxAddresses = { readonly hubspot: HubSpotAddress; readonly salesforce: SalesforceAddress }

export type HubSpotAddress = {
  readonly baseUrl: string
  readonly pageUrl: string
  readonly portalId: number
  readonly appId: number
  readonly token: string
  readonly clientId: string
  readonly clientSecret: string
  readonly userToken: string
  readonly controlSecret: string
}

export type SalesforceAddress = {
  readonly loginUrl: string
  readonly instanceUrl: string
  readonly pubsubAddress: string
  readonly pageUrl: string
  readonly orgId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly userClientId: string
  readonly userClientSecret: string
  readonly pkceClientId: string
  readonly controlSecret: string
}
