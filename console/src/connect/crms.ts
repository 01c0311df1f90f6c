export type Crm = 'hubspot' | 'salesforce'

/** The CRMs as people name them. The one place outside the forms of this folder that knows them. */
export const CRM_NAMES: Readonly<Record<Crm, string>> = { hubspot: 'HubSpot', salesforce: 'Salesforce' }

/** What the vendor calls an account of its own. */
export const ACCOUNT_NOUNS: Readonly<Record<Crm, string>> = { hubspot: 'portal', salesforce: 'org' }

export function isCrm(value: unknown): value is Crm {
  return typeof value === 'string' && Object.hasOwn(CRM_NAMES, value)
}

/** Whether Lanekeeper can create the unique property by itself. Elsewhere an admin creates it in the CRM's setup. */
export function canCreateTaskKey(crm: Crm): boolean {
  return crm === 'hubspot'
}

/** A certificate stands in for a client secret. */
export function hasClientSecret(grantKind: string | null): boolean {
  return grantKind !== null && grantKind !== 'salesforce-jwt'
}
