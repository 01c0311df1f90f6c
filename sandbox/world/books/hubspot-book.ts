import { allPeople } from '../brightwater/cast.ts'
import { territoryOf } from '../brightwater/territory.ts'
import type { Organisation } from '../market/organisation.ts'
import type { Person } from '../market/person.ts'
import { writePhone } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import type { HubSpotAssociation, HubSpotOwner } from '../records/world.ts'
import type { HubSpotDraft, PropertyVersion } from './hubspot-draft.ts'
import { phoneStyle } from './phone-style.ts'

/** HubSpot's side of the world while it is being generated. Each call adds one record. */
export type HubSpotBook = {
  readonly owners: readonly HubSpotOwner[]
  readonly contacts: HubSpotDraft[]
  readonly companies: HubSpotDraft[]
  readonly deals: HubSpotDraft[]
  readonly associations: HubSpotAssociation[]
  ownerId(email: string): string
  /** The source of that person's changes, `userId:123`. */
  byUser(email: string): { sourceType: string; sourceId: string }
  company(organisation: Organisation, details: CompanyDetails): HubSpotDraft
  contact(person: Person, details: ContactDetails): HubSpotDraft
  deal(company: HubSpotDraft, details: DealDetails): HubSpotDraft
  /** Changes a property at a later time and keeps the older value in the history. */
  set(record: HubSpotDraft, property: string, value: string, atMs: number, by: string): void
}

type CompanyDetails = { readonly createdAtMs: number; readonly owner: string; readonly parent: HubSpotDraft | null }

type ContactDetails = {
  readonly createdAtMs: number
  readonly lifecycle: string
  /** E-mail of the owner. Empty: unassigned. */
  readonly owner: string
  readonly company: HubSpotDraft | null
  readonly status: { readonly value: string; readonly setAtMs: number } | null
}

type DealDetails = {
  readonly createdAtMs: number
  readonly closeAtMs: number
  readonly amount: number
  readonly stage: string
  readonly owner: string
}

export function hubspotBook(random: Random, nowMs: number): HubSpotBook {
  const owners = ownersOfBrightwater()
  const ledger: Ledger = {
    random,
    nowMs,
    owners,
    byEmail: new Map(owners.map((owner) => [owner.email, owner])),
    contacts: [],
    companies: [],
    deals: [],
    associations: [],
  }
  const { contacts, companies, deals, associations } = ledger
  return {
    owners,
    contacts,
    companies,
    deals,
    associations,
    ownerId: (email) => ownerId(ledger, email),
    byUser: (email) => byUser(ledger, email),
    company: (organisation, details) => addCompany(ledger, organisation, details),
    contact: (person, details) => addContact(ledger, person, details),
    deal: (company, details) => addDeal(ledger, company, details),
    set: (...change) => setProperty(ledger, ...change),
  }
}

type Ledger = Pick<HubSpotBook, 'owners' | 'contacts' | 'companies' | 'deals' | 'associations'> & {
  readonly random: Random
  readonly nowMs: number
  readonly byEmail: ReadonlyMap<string, HubSpotOwner>
}

function ownersOfBrightwater(): HubSpotOwner[] {
  return allPeople()
    .filter((person) => !person.email.includes('.integration@'))
    .map((person, i) => ({
      id: String(76_400_011 + i * 37),
      userId: 51_200_003 + i * 11,
      email: person.email,
      firstName: person.first,
      lastName: person.last,
      archived: !person.active,
    }))
}

function ownerId({ byEmail }: Ledger, email: string): string {
  if (email === '') return ''
  const owner = byEmail.get(email)
  if (owner === undefined) throw new Error(`No HubSpot owner for ${email}`)
  return owner.id
}

function byUser({ byEmail }: Ledger, email: string) {
  return { sourceType: 'CRM_UI', sourceId: `userId:${byEmail.get(email)?.userId ?? 0}` }
}

function addCompany(ledger: Ledger, organisation: Organisation, details: CompanyDetails): HubSpotDraft {
  const { random, companies } = ledger
  const { createdAtMs, owner, parent } = details
  const record = draft(ledger, String(18_200_000_101 + companies.length * 13), createdAtMs, {
    name: organisation.name,
    domain: organisation.domain,
    website: `https://www.${organisation.domain}`,
    phone: writePhone(organisation.switchboard, phoneStyle(random, PHONE_STYLES)),
    country: random.pick(organisation.country.spellings),
    city: organisation.city,
    industry: organisation.industry.hubspot,
    numberofemployees: String(organisation.employees),
    lifecyclestage: organisation.customer ? 'customer' : random.pick(['lead', 'opportunity', 'marketingqualifiedlead']),
    type: organisation.customer ? random.pick(['PROSPECT', 'OTHER']) : 'PROSPECT',
    hs_parent_company_id: parent?.id ?? '',
    territory: organisation.territory?.id ?? '',
    hubspot_owner_id: ownerId(ledger, owner),
  })
  companies.push(record)
  if (parent !== null) link(ledger, 'companies', record.id, 'companies', parent.id)
  return record
}

function addContact(ledger: Ledger, person: Person, details: ContactDetails): HubSpotDraft {
  const { random, contacts } = ledger
  const { createdAtMs, lifecycle, owner, company, status } = details
  const record = draft(ledger, String(29_400_000_151 + contacts.length * 17), createdAtMs, {
    email: person.email,
    firstname: person.first,
    lastname: person.last,
    phone: writePhone(person.phone, phoneStyle(random, PHONE_STYLES)),
    mobilephone: person.mobile === null ? '' : writePhone(person.mobile, 'spaced'),
    company: person.companyName,
    jobtitle: person.title,
    country: random.pick(person.country.spellings),
    city: person.city,
    numemployees: String(person.employees),
    lifecyclestage: lifecycle,
    // Filled together with the owner, so it is blank while the contact is unassigned.
    territory: owner === '' ? '' : (territoryOf(person.country)?.id ?? ''),
    associatedcompanyid: company?.id ?? '',
    hubspot_owner_id: ownerId(ledger, owner),
  })
  if (status !== null) {
    record.properties.hs_lead_status = status.value
    const first: PropertyVersion[] =
      status.setAtMs - createdAtMs > 86_400_000
        ? [{ value: 'NEW', atMs: createdAtMs, sourceType: 'FORM', sourceId: 'contact-us' }]
        : []
    record.history.hs_lead_status = [...first, { value: status.value, atMs: status.setAtMs, ...byUser(ledger, owner) }]
    record.modifiedAtMs = Math.max(record.modifiedAtMs, status.setAtMs)
  }
  contacts.push(record)
  if (company !== null) link(ledger, 'contacts', record.id, 'companies', company.id)
  return record
}

function addDeal(ledger: Ledger, company: HubSpotDraft, details: DealDetails): HubSpotDraft {
  const { random, deals } = ledger
  const { createdAtMs, closeAtMs, amount, stage, owner } = details
  const closed = CLOSED[stage]
  const record = draft(ledger, String(7_300_000_077 + deals.length * 19), createdAtMs, {
    dealname: `${company.properties.name} - ${random.pick(['sensor pilot', 'plant roll-out', 'renewal', 'lab kit', 'monitoring'])}`,
    pipeline: 'default',
    dealstage: stage,
    amount: String(amount),
    closedate: new Date(closeAtMs).toISOString(),
    hubspot_owner_id: ownerId(ledger, owner),
    hs_primary_associated_company: company.id,
    hs_is_closed: String(closed !== undefined),
    hs_is_closed_won: String(closed?.won ?? false),
  })
  deals.push(record)
  link(ledger, 'deals', record.id, 'companies', company.id)
  return record
}

const PHONE_STYLES = { spaced: 5, e164: 3, national: 2 } as const
const CLOSED: Readonly<Record<string, { won: boolean }>> = { closedwon: { won: true }, closedlost: { won: false } }

function draft(
  { random, nowMs }: Ledger,
  id: string,
  createdAtMs: number,
  properties: Record<string, string>,
): HubSpotDraft {
  const modifiedAtMs = Math.min(nowMs - 60_000, createdAtMs + Math.floor(random.next() * (nowMs - createdAtMs)))
  // HubSpot leaves out properties that never had a value.
  const set = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''))
  return { id, createdAtMs, modifiedAtMs: Math.max(modifiedAtMs, createdAtMs), properties: set, history: {} }
}

function setProperty(
  ledger: Ledger,
  record: HubSpotDraft,
  property: string,
  value: string,
  atMs: number,
  by: string,
): void {
  record.history[property] ??= [
    { value: record.properties[property] ?? '', atMs: record.createdAtMs, sourceType: 'CRM', sourceId: 'CRM' },
  ]
  record.history[property].push({ value, atMs, ...byUser(ledger, by) })
  if (value === '') delete record.properties[property]
  else record.properties[property] = value
  record.modifiedAtMs = Math.max(record.modifiedAtMs, atMs)
}

function link({ associations }: Ledger, fromType: string, from: string, toType: string, to: string): void {
  associations.push({ from: { type: fromType, id: from }, to: { type: toType, id: to }, primary: true })
}
