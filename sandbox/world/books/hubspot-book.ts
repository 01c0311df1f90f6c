import { allPeople } from '../brightwater/cast.ts'
import { type Organisation, territoryOf } from '../market/organisation.ts'
import type { Person } from '../market/person.ts'
import { writePhone } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import type { HubSpotAssociation, HubSpotOwner } from '../records/world.ts'

export type PropertyVersion = { value: string; atMs: number; sourceType: string; sourceId: string }

/** A HubSpot record while the world is still being written: defects are injected before it is handed over. */
export type HubSpotDraft = {
  id: string
  createdAtMs: number
  modifiedAtMs: number
  properties: Record<string, string>
  history: Record<string, PropertyVersion[]>
}

export type ContactDetails = {
  readonly createdAtMs: number
  readonly lifecycle: string
  /** E-mail, or empty while nobody has it. */
  readonly owner: string
  readonly company: HubSpotDraft | null
  readonly status: { readonly value: string; readonly setAtMs: number } | null
}

export type HubSpotBook = {
  readonly owners: readonly HubSpotOwner[]
  readonly contacts: HubSpotDraft[]
  readonly companies: HubSpotDraft[]
  readonly deals: HubSpotDraft[]
  readonly associations: HubSpotAssociation[]
  ownerId(email: string): string
  /** `userId:123`, the source of what that person changed. */
  byUser(email: string): { sourceType: string; sourceId: string }
  company(
    organisation: Organisation,
    details: { createdAtMs: number; owner: string; parent: HubSpotDraft | null },
  ): HubSpotDraft
  contact(person: Person, details: ContactDetails): HubSpotDraft
  deal(company: HubSpotDraft, details: DealDetails): HubSpotDraft
  /** Gives a property its present value at a later time and keeps the older one in the history. */
  set(record: HubSpotDraft, property: string, value: string, atMs: number, by: string): void
}

export type DealDetails = {
  readonly createdAtMs: number
  readonly closeAtMs: number
  readonly amount: number
  readonly stage: string
  readonly owner: string
}

const CLOSED: Readonly<Record<string, { won: boolean }>> = { closedwon: { won: true }, closedlost: { won: false } }

export function hubspotBook(random: Random, nowMs: number): HubSpotBook {
  const owners: HubSpotOwner[] = allPeople()
    .filter((person) => !person.email.includes('.integration@'))
    .map((person, i) => ({
      id: String(76_400_011 + i * 37),
      userId: 51_200_003 + i * 11,
      email: person.email,
      firstName: person.first,
      lastName: person.last,
      archived: !person.active,
    }))
  const byEmail = new Map(owners.map((owner) => [owner.email, owner]))
  const contacts: HubSpotDraft[] = []
  const companies: HubSpotDraft[] = []
  const deals: HubSpotDraft[] = []
  const associations: HubSpotAssociation[] = []

  function ownerId(email: string): string {
    if (email === '') return ''
    const owner = byEmail.get(email)
    if (owner === undefined) throw new Error(`No HubSpot owner for ${email}`)
    return owner.id
  }
  function byUser(email: string) {
    return { sourceType: 'CRM_UI', sourceId: `userId:${byEmail.get(email)?.userId ?? 0}` }
  }
  function draft(id: string, createdAtMs: number, properties: Record<string, string>): HubSpotDraft {
    const modifiedAtMs = Math.min(nowMs - 60_000, createdAtMs + Math.floor(random.next() * (nowMs - createdAtMs)))
    // HubSpot leaves a property out that was never set.
    const set = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''))
    return { id, createdAtMs, modifiedAtMs: Math.max(modifiedAtMs, createdAtMs), properties: set, history: {} }
  }
  function set(record: HubSpotDraft, property: string, value: string, atMs: number, by: string): void {
    record.history[property] ??= [
      { value: record.properties[property] ?? '', atMs: record.createdAtMs, sourceType: 'CRM', sourceId: 'CRM' },
    ]
    record.history[property].push({ value, atMs, ...byUser(by) })
    if (value === '') delete record.properties[property]
    else record.properties[property] = value
    record.modifiedAtMs = Math.max(record.modifiedAtMs, atMs)
  }
  function link(fromType: string, from: string, toType: string, to: string): void {
    associations.push({ from: { type: fromType, id: from }, to: { type: toType, id: to }, primary: true })
  }
  const style = () =>
    random.weighted([
      ['spaced', 5],
      ['e164', 3],
      ['national', 2],
    ] as const)

  return {
    owners,
    contacts,
    companies,
    deals,
    associations,
    ownerId,
    byUser,
    set,
    company(organisation, { createdAtMs, owner, parent }) {
      const record = draft(String(18_200_000_101 + companies.length * 13), createdAtMs, {
        name: organisation.name,
        domain: organisation.domain,
        website: `https://www.${organisation.domain}`,
        phone: writePhone(organisation.switchboard, style()),
        country: random.pick(organisation.country.spellings),
        city: organisation.city,
        industry: organisation.industry.hubspot,
        numberofemployees: String(organisation.employees),
        lifecyclestage: organisation.customer
          ? 'customer'
          : random.pick(['lead', 'opportunity', 'marketingqualifiedlead']),
        type: organisation.customer ? random.pick(['PROSPECT', 'OTHER']) : 'PROSPECT',
        hs_parent_company_id: parent?.id ?? '',
        territory: organisation.territory?.id ?? '',
        hubspot_owner_id: ownerId(owner),
      })
      companies.push(record)
      if (parent !== null) link('companies', record.id, 'companies', parent.id)
      return record
    },
    contact(person, { createdAtMs, lifecycle, owner, company, status }) {
      const record = draft(String(29_400_000_151 + contacts.length * 17), createdAtMs, {
        email: person.email,
        firstname: person.first,
        lastname: person.last,
        phone: writePhone(person.phone, style()),
        mobilephone: person.mobile === null ? '' : writePhone(person.mobile, 'spaced'),
        company: person.companyName,
        jobtitle: person.title,
        country: random.pick(person.country.spellings),
        city: person.city,
        numemployees: String(person.employees),
        lifecyclestage: lifecycle,
        // Filled when a person is assigned, so it is blank while nobody owns the contact.
        territory: owner === '' ? '' : (territoryOf(person.country)?.id ?? ''),
        associatedcompanyid: company?.id ?? '',
        hubspot_owner_id: ownerId(owner),
      })
      if (status !== null) {
        record.properties.hs_lead_status = status.value
        const first: PropertyVersion[] =
          status.setAtMs - createdAtMs > 86_400_000
            ? [{ value: 'NEW', atMs: createdAtMs, sourceType: 'FORM', sourceId: 'contact-us' }]
            : []
        record.history.hs_lead_status = [...first, { value: status.value, atMs: status.setAtMs, ...byUser(owner) }]
        record.modifiedAtMs = Math.max(record.modifiedAtMs, status.setAtMs)
      }
      contacts.push(record)
      if (company !== null) link('contacts', record.id, 'companies', company.id)
      return record
    },
    deal(company, { createdAtMs, closeAtMs, amount, stage, owner }) {
      const closed = CLOSED[stage]
      const record = draft(String(7_300_000_077 + deals.length * 19), createdAtMs, {
        dealname: `${company.properties.name} - ${random.pick(['sensor pilot', 'plant roll-out', 'renewal', 'lab kit', 'monitoring'])}`,
        pipeline: 'default',
        dealstage: stage,
        amount: String(amount),
        closedate: new Date(closeAtMs).toISOString(),
        hubspot_owner_id: ownerId(owner),
        hs_primary_associated_company: company.id,
        hs_is_closed: String(closed !== undefined),
        hs_is_closed_won: String(closed?.won ?? false),
      })
      deals.push(record)
      link('deals', record.id, 'companies', company.id)
      return record
    },
  }
}
