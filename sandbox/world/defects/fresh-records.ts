import type { HubSpotDraft } from '../books/hubspot-draft.ts'
import type { SalesforceDraft } from '../books/salesforce-tables.ts'
import type { Territory } from '../brightwater/cast.ts'
import { TERRITORIES } from '../brightwater/cast.ts'
import type { Country } from '../geography/country.ts'
import type { Organisation } from '../market/organisation.ts'
import type { Person } from '../market/person.ts'
import {
  DAY_MS,
  type Draft,
  IN_SCOPE_STAGES,
  longAgo,
  MINUTE_MS,
  OPEN_LEAD_STATUSES,
  type Site,
} from '../population/draft.ts'
import { addSite } from '../population/sites.ts'
import type { Label } from '../records/world.ts'

/**
 * New records for defects and traps. Each defect gets people and accounts of its own, so that it never affects another
 * defect's records or the clean population.
 */

/** Defects affect ordinary records, customers, and accounts with much open pipeline: each has its own class. */
export type Weight = 'ordinary' | 'customer' | 'pipeline'

export function weightOf(i: number): Weight {
  return (['ordinary', 'customer', 'ordinary', 'pipeline'] as const)[i % 4]!
}

/** A new account of this weight, of a size where the rules and the territory table name the same owner. */
export function freshSite(
  draft: Draft,
  where: { hubspot: boolean; salesforce: boolean },
  weight: Weight,
  about: { country?: Country; parent?: Site; organisation?: Organisation } = {},
): Site {
  const { random, nowMs } = draft
  const { country, ...rest } = about
  const organisation =
    about.organisation ??
    draft.organisations.business({
      ...(country === undefined ? {} : { country }),
      employees: random.int(12, 480),
      customer: weight === 'customer',
    })
  const site = addSite(draft, where, { ...rest, organisation, quiet: true })
  site.taken = true
  if (weight === 'pipeline') {
    for (let i = random.int(1, 2); i > 0; i--) {
      const deal = {
        createdAtMs: nowMs - random.int(10, 90) * DAY_MS,
        closeAtMs: nowMs + random.int(10, 90) * DAY_MS,
        amount: random.int(60, 420) * 1000,
        owner: organisation.owner,
      }
      if (site.company !== null) draft.hubspot.deal(site.company, { ...deal, stage: 'contractsent' })
      if (site.account !== null) draft.salesforce.opportunity(site.account, { ...deal, stage: 'Negotiation/Review' })
    }
  }
  return site
}

/** A new contact without defects in the scope of contact routing. */
export function freshContact(
  draft: Draft,
  person: Person,
  about: { company?: HubSpotDraft | null; owner?: string; createdAtMs?: number; lifecycle?: string } = {},
): HubSpotDraft {
  const { random } = draft
  const createdAtMs = about.createdAtMs ?? longAgo(draft)
  return draft.hubspot.contact(person, {
    createdAtMs,
    lifecycle: about.lifecycle ?? random.pick(IN_SCOPE_STAGES),
    owner: about.owner ?? person.owner,
    company: about.company ?? null,
    status: { value: random.pick(['OPEN', 'IN_PROGRESS', 'CONNECTED']), setAtMs: Math.max(createdAtMs, lately(draft)) },
  })
}

/** A new lead without defects in the scope of lead routing. */
export function freshLead(
  draft: Draft,
  person: Person,
  about: { owner?: string; createdAtMs?: number; status?: string } = {},
): SalesforceDraft {
  const createdAtMs = about.createdAtMs ?? longAgo(draft)
  return draft.salesforce.lead(person, {
    createdAtMs,
    modifiedAtMs: Math.max(createdAtMs, lately(draft)),
    owner: about.owner ?? person.owner,
    status: about.status ?? draft.random.pick(OPEN_LEAD_STATUSES),
    converted: null,
  })
}

/** Within the last ten days. */
export function lately({ random, nowMs }: Draft): number {
  return nowMs - 5 * MINUTE_MS - Math.floor(random.next() * 10 * DAY_MS)
}

/** The other representative of the owner's territory, whom the territory table allows too. */
export function colleagueOf(owner: string): string {
  const territory = TERRITORIES.find((t) => t.enterpriseRep === owner || t.commercialRep === owner)!
  return territory.enterpriseRep === owner ? territory.commercialRep : territory.enterpriseRep
}

export function foreignTerritory({ random }: Draft, mine: Territory): Territory {
  return random.pick(TERRITORIES.filter((t) => t.id !== mine.id))
}

export function foreignRep(draft: Draft, mine: Territory): string {
  const territory = foreignTerritory(draft, mine)
  return draft.random.pick([territory.enterpriseRep, territory.commercialRep])
}

export type Subject = { readonly crm: 'hubspot' | 'salesforce'; readonly objectType: string; readonly recordId: string }

export const contactSubject = (record: HubSpotDraft): Subject => ({
  crm: 'hubspot',
  objectType: 'contacts',
  recordId: record.id,
})
export const companySubject = (record: HubSpotDraft): Subject => ({
  crm: 'hubspot',
  objectType: 'companies',
  recordId: record.id,
})
export const leadSubject = (record: SalesforceDraft): Subject => ({
  crm: 'salesforce',
  objectType: 'Lead',
  recordId: record.Id,
})
export const accountSubject = (record: SalesforceDraft): Subject => ({
  crm: 'salesforce',
  objectType: 'Account',
  recordId: record.Id,
})

export function label(draft: Draft, pattern: string, subject: Subject, why: string, detail = ''): void {
  const made: Label = { pattern, ...subject, detail, why }
  draft.labels.push(made)
}
