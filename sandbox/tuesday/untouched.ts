import type { HubSpotRow, SalesforceRow } from './snapshot.ts'
import { isoOf } from './snapshot.ts'
import type { Workplace } from './workplace.ts'

export type Untouched = { readonly id: string; readonly values: Readonly<Record<string, unknown>> }

const DAY_MS = 86_400_000
const given = new WeakMap<Workplace, Set<string>>()

/**
 * Records of this morning without a defect that no step has used today: old, with an active owner, in the scope of a
 * workflow, with every watched field filled.
 */
export function untouched(
  work: Workplace,
  object: 'contacts' | 'companies' | 'Lead' | 'Account',
  count: number,
  alsoSuits: (row: Untouched) => boolean = () => true,
): Untouched[] {
  const { before, paper } = work
  let taken = given.get(work)
  if (taken === undefined) {
    taken = new Set(before.labels.map((label) => label.recordId))
    given.set(work, taken)
  }
  const activeOwners = new Set([
    ...before.owners.filter((owner) => !owner.archived).map((owner) => owner.id),
    ...before.users.filter((user) => user.IsActive === true).map((user) => user.Id),
  ])
  const suits = (id: string, createdAt: string, v: Readonly<Record<string, unknown>>): boolean =>
    !taken.has(id) && Date.parse(createdAt) < paper.nowMs - DAY_MS && SUITS[object](v, activeOwners)
  const found =
    object === 'contacts' || object === 'companies'
      ? before[object].filter((row) => suits(row.id, row.createdAt, row.properties)).map(ofHubSpot)
      : before[object === 'Lead' ? 'leads' : 'accounts']
          .filter((row) => suits(row.Id, String(row.CreatedDate), row))
          .map(ofSalesforce)
  const chosen = paper.random.shuffled(found.filter(alsoSuits)).slice(0, count)
  for (const row of chosen) taken.add(row.id)
  return chosen
}

const ofHubSpot = (row: HubSpotRow): Untouched => ({ id: row.id, values: row.properties })
const ofSalesforce = (row: SalesforceRow): Untouched => ({ id: row.Id, values: row })

type Suits = (values: Readonly<Record<string, unknown>>, activeOwners: ReadonlySet<string>) => boolean

const SUITS: Readonly<Record<'contacts' | 'companies' | 'Lead' | 'Account', Suits>> = {
  contacts: (v, owners) =>
    ['lead', 'marketingqualifiedlead', 'salesqualifiedlead'].includes(String(v.lifecyclestage)) &&
    owners.has(String(v.hubspot_owner_id)) &&
    isoOf(v.country) !== null &&
    filled(v.company),
  companies: (v, owners) =>
    v.type !== 'PARTNER' &&
    owners.has(String(v.hubspot_owner_id)) &&
    filled(v.territory) &&
    isoOf(v.country) !== null &&
    filled(v.industry),
  Lead: (v, owners) =>
    v.IsConverted === false &&
    !['Closed', 'Unqualified'].includes(String(v.Status)) &&
    owners.has(String(v.OwnerId)) &&
    isoOf(v.Country) !== null &&
    filled(v.Email),
  Account: (v, owners) =>
    v.Type !== 'Partner' &&
    owners.has(String(v.OwnerId)) &&
    filled(v.Territory__c) &&
    isoOf(v.BillingCountry) !== null &&
    filled(v.Industry),
}

function filled(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}
