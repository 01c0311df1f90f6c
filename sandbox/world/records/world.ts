/** The generated data of both sandbox CRMs. Each CRM fills its own store from it. */

export type HubSpotRecord = {
  readonly id: string // digits
  readonly createdAtMs: number
  /** Every property as text, as on HubSpot's wire, without the computed createdate, lastmodified and hs_object_id. */
  readonly properties: Readonly<Record<string, string>>
  /** A property's values, oldest first. Absent: its value dates from creation. */
  readonly history?: Readonly<
    Record<
      string,
      readonly {
        readonly value: string
        readonly atMs: number
        readonly sourceType: string
        readonly sourceId: string
      }[]
    >
  >
  readonly modifiedAtMs: number
}

export type HubSpotOwner = {
  readonly id: string // owner id, what hubspot_owner_id holds
  readonly userId: number
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly archived: boolean
}

export type HubSpotAssociation = {
  readonly from: { readonly type: string; readonly id: string }
  readonly to: { readonly type: string; readonly id: string }
  readonly primary: boolean
}

export type SalesforceRecord = {
  readonly Id: string // 18 characters
  readonly [field: string]: string | number | boolean | null
}

export type World = {
  readonly seed: number
  readonly nowMs: number
  readonly hubspot: {
    readonly portalId: number
    readonly appId: number
    readonly owners: readonly HubSpotOwner[]
    readonly contacts: readonly HubSpotRecord[]
    readonly companies: readonly HubSpotRecord[]
    readonly deals: readonly HubSpotRecord[]
    readonly associations: readonly HubSpotAssociation[]
  }
  readonly salesforce: {
    readonly orgId: string // 18 characters
    /** The user that Lanekeeper's client id runs as. */
    readonly integrationUserId: string
    readonly User: readonly SalesforceRecord[]
    readonly Group: readonly SalesforceRecord[]
    readonly GroupMember: readonly SalesforceRecord[]
    readonly Territory2Model: readonly SalesforceRecord[]
    readonly Territory2: readonly SalesforceRecord[]
    readonly UserTerritory2Association: readonly SalesforceRecord[]
    readonly ObjectTerritory2Association: readonly SalesforceRecord[]
    readonly Lead: readonly SalesforceRecord[]
    readonly Account: readonly SalesforceRecord[]
    readonly Contact: readonly SalesforceRecord[]
    readonly Opportunity: readonly SalesforceRecord[]
  }
  readonly labels: readonly Label[]
  /** Additional plain records in both CRMs, see crowd.ts. Absent or 0: none. */
  readonly crowd?: number
}

/**
 * The truth about one injected defect: what a perfect reader of `docs/patterns.md` reports about this record. Only the
 * sandbox and the tests can read labels, never the service.
 */
export type Label = {
  readonly pattern: string
  readonly crm: 'hubspot' | 'salesforce'
  readonly objectType: string
  readonly recordId: string
  /** The field, if the pattern is about one. */
  readonly detail: string
  readonly why: string
}
