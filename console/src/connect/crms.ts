/** The CRMs that have a form here. */
export type Crm = 'hubspot' | 'salesforce'

/** The CRMs as people name them, and what the vendor calls an account. The one place outside the forms that knows them. */
const CRMS: Readonly<Record<Crm, { readonly name: string; readonly account: string }>> = {
  hubspot: { name: 'HubSpot', account: 'portal' },
  salesforce: { name: 'Salesforce', account: 'org' },
}

export function isCrm(value: unknown): value is Crm {
  return typeof value === 'string' && Object.hasOwn(CRMS, value)
}

export function crmName(crm: string): string {
  return isCrm(crm) ? CRMS[crm].name : crm
}

export function accountNoun(crm: string): string {
  return isCrm(crm) ? CRMS[crm].account : 'account'
}

/** Whether Lanekeeper can create the unique property by itself. Elsewhere an admin creates it in the CRM's setup. */
export function canCreateTaskKey(crm: string): boolean {
  return crm === 'hubspot'
}

/** A certificate stands in for a client secret. */
export function hasClientSecret(grantKind: string | null): boolean {
  return grantKind !== null && grantKind !== 'salesforce-jwt'
}
