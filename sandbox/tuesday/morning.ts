import type { HubSpotDraft } from '../world/books/hubspot-draft.ts'
import { sameMailbox } from '../world/defects/defects-of-people.ts'
import { colleagueOf, freshContact, freshLead } from '../world/defects/fresh-records.ts'
import { COUNTRIES, UNCOVERED } from '../world/geography/countries.ts'
import type { Organisation } from '../world/market/organisation.ts'
import type { Person } from '../world/market/person.ts'
import type { Draft } from '../world/population/draft.ts'
import type { Label } from '../world/records/world.ts'
import { createInHubSpot, createInSalesforce, importContacts, type Workplace } from './workplace.ts'

export type Fought = {
  readonly crm: 'hubspot' | 'salesforce'
  readonly object: 'contacts' | 'companies' | 'Lead' | 'Account'
  readonly id: string
  readonly owner: string
}

/** People and companies of the morning that later steps use. */
export type Known = {
  readonly fought: readonly Fought[]
  /** A colleague enters each of these again later. */
  readonly contactsByMailbox: readonly Person[]
  readonly contactsByPhone: readonly Person[]
  readonly leads: readonly Person[]
  readonly accounts: readonly Organisation[]
  readonly companies: readonly Organisation[]
}

/** New unassigned people. Rules can route most of them; a reviewer has to assign the rest. */
export async function arrivals(work: Workplace): Promise<void> {
  const { paper, inboundQueueId } = work
  const japan = COUNTRIES.find((country) => country.iso === 'JP')!
  const covered = COUNTRIES.filter((country) => country !== japan)
  const people = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const country = i % 8 === 5 ? japan : i % 8 === 7 ? paper.random.pick(UNCOVERED) : paper.random.pick(covered)
      return i % 2 === 0 ? paper.people.alone(country) : paper.people.at(smallBusiness(paper, country))
    })

  const visitors = people(40)
  for (let i = 0; i < visitors.length; i += 10) {
    const some = visitors.slice(i, i + 10)
    const ids = await importContacts(
      work,
      some.map((person) => waitingContact(paper, person)),
    )
    await work.admit(
      ...some.flatMap((person) => undecided(person, 'hubspot', 'contacts', ids.get(person.email.toLowerCase())!)),
    )
  }
  for (const person of people(40)) {
    const id = await createInSalesforce(work, 'Lead', {
      ...freshLead(paper, person, { owner: paper.salesforce.inboundQueueId, status: 'Open' }),
      OwnerId: inboundQueueId,
    })
    await work.admit(...undecided(person, 'salesforce', 'Lead', id))
  }
}

export function smallBusiness(paper: Draft, country?: Person['country']): Organisation {
  return paper.organisations.business({
    ...(country === undefined ? {} : { country }),
    employees: paper.random.int(10, 400),
    customer: false,
  })
}

export function waitingContact(paper: Draft, person: Person): HubSpotDraft {
  const draft = freshContact(paper, person, { owner: '' })
  delete draft.properties.hs_lead_status
  return draft
}

export function undecided(person: Person, crm: Label['crm'], objectType: string, recordId: string): Label[] {
  const record = { crm, objectType, recordId, detail: '' }
  if (person.owner === '')
    return [{ ...record, pattern: 'no-rule', why: `waits, and nobody covers ${person.country.iso}` }]
  if (person.country.iso !== 'JP') return []
  return [{ ...record, pattern: 'branch-review', why: 'waits, and Japan is decided by a person' }]
}

/** New records without defects that later steps change. */
export async function originals(work: Workplace): Promise<Known> {
  const { paper } = work
  const fought: Fought[] = []
  const contact = async (person: Person) => createInHubSpot(work, 'contacts', freshContact(paper, person))
  const lead = async (person: Person) => createInSalesforce(work, 'Lead', freshLead(paper, person))
  const company = async (organisation: Organisation) =>
    createInHubSpot(
      work,
      'companies',
      paper.hubspot.company(organisation, { createdAtMs: paper.nowMs, owner: organisation.owner, parent: null }),
    )
  const account = async (organisation: Organisation) =>
    createInSalesforce(
      work,
      'Account',
      paper.salesforce.account(organisation, {
        createdAtMs: paper.nowMs - 60_000,
        owner: organisation.owner,
        parent: null,
      }),
    )
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

  for (const person of times(7, () => paper.people.alone())) {
    fought.push({ crm: 'hubspot', object: 'contacts', id: await contact(person), owner: person.owner })
  }
  for (const person of times(6, () => paper.people.alone())) {
    fought.push({ crm: 'salesforce', object: 'Lead', id: await lead(person), owner: person.owner })
  }
  for (const organisation of times(4, () => smallBusiness(paper))) {
    fought.push({ crm: 'hubspot', object: 'companies', id: await company(organisation), owner: organisation.owner })
  }
  for (const organisation of times(5, () => smallBusiness(paper))) {
    fought.push({ crm: 'salesforce', object: 'Account', id: await account(organisation), owner: organisation.owner })
  }
  const known: Known = {
    fought,
    contactsByMailbox: times(4, () => onGmail(paper)),
    contactsByPhone: times(4, () => paper.people.alone()),
    leads: times(5, () => paper.people.alone()),
    accounts: times(6, () => smallBusiness(paper)),
    companies: times(4, () => smallBusiness(paper)),
  }
  for (const person of [...known.contactsByMailbox, ...known.contactsByPhone]) await contact(person)
  for (const person of known.leads) await lead(person)
  for (const organisation of known.companies) await company(organisation)
  for (const organisation of known.accounts) await account(organisation)
  return known
}

function onGmail(paper: Draft): Person {
  const person = paper.people.alone()
  return { ...person, email: `${person.email.split('@')[0]}.${paper.random.int(100_000, 999_999)}@gmail.com` }
}

/** The same person entered again: another spelling of the mailbox, owned by a colleague. */
export function enteredAgain(paper: Draft, person: Person): { person: Person; owner: string } {
  const again = { ...sameMailbox(person), phone: paper.phones.subscriber(person.country, 'mobile'), mobile: null }
  return { person: again, owner: colleagueOf(person.owner) }
}
