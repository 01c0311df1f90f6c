import { TERRITORIES } from '../world/brightwater/cast.ts'
import { territoryOf } from '../world/brightwater/territory.ts'
import { colleagueOf, foreignRep, freshContact, freshLead } from '../world/defects/fresh-records.ts'
import { COUNTRIES, UNCOVERED } from '../world/geography/countries.ts'
import type { Label } from '../world/records/world.ts'
import { enteredAgain, type Fought, type Known } from './morning.ts'
import { companiesOnlyInHubSpot, peopleOnlyInHubSpot } from './only-in-hubspot.ts'
import { isoOf } from './snapshot.ts'
import { untouched } from './untouched.ts'
import {
  createInHubSpot,
  createInSalesforce,
  updateInHubSpot,
  updateInSalesforce,
  type Workplace,
} from './workplace.ts'

/** One more owner change of the fight: to the colleague of the same territory, or back to the first owner. */
export async function flip(work: Workplace, fought: readonly Fought[], direction: 'away' | 'back'): Promise<void> {
  const { hubspot, salesforce } = work.paper
  const ownerOf = (each: Fought) => (direction === 'away' ? colleagueOf(each.owner) : each.owner)
  for (const object of ['contacts', 'companies'] as const) {
    const some = fought.filter((each) => each.object === object)
    await updateInHubSpot(
      work,
      object,
      some.map((each) => ({ id: each.id, properties: { hubspot_owner_id: hubspot.ownerId(ownerOf(each)) } })),
    )
  }
  for (const each of fought) {
    if (each.object !== 'Lead' && each.object !== 'Account') continue
    await updateInSalesforce(work, each.object, each.id, { OwnerId: salesforce.userId(ownerOf(each)) })
  }
}

/** Labels the fight: from the third change on, the owner has owned the record before within three days. */
export async function admitFight(work: Workplace, fought: readonly Fought[]): Promise<void> {
  await work.admit(
    ...fought.map((each) => ({
      ...subject(each.crm, each.object, each.id),
      pattern: 'ownership-flapping',
      why: 'its owner changed four times today',
    })),
  )
}

function subject(crm: Label['crm'], objectType: string, recordId: string) {
  return { crm, objectType, recordId, detail: '' }
}

/** A colleague enters people and companies again and becomes the owner of the newer record. */
export async function enterDuplicates(work: Workplace, known: Known): Promise<void> {
  await enterPeopleAgain(work, known)
  await enterCompaniesAgain(work, known)
  await addLeadsAtOthersAccounts(work, known)
  await addUnownedCompany(work)
}

async function enterPeopleAgain(work: Workplace, known: Known): Promise<void> {
  const { paper } = work
  for (const first of known.contactsByMailbox) {
    const { person, owner } = enteredAgain(paper, first)
    const id = await createInHubSpot(work, 'contacts', freshContact(paper, person, { owner }))
    await admitDuplicate(work, 'contacts', id, 'entered twice today, with another spelling of one Gmail mailbox')
  }
  for (const first of known.contactsByPhone) {
    const person = { ...first, email: paper.people.alone(first.country).email }
    const id = await createInHubSpot(work, 'contacts', freshContact(paper, person, { owner: colleagueOf(first.owner) }))
    await admitDuplicate(work, 'contacts', id, 'entered twice today, with a second e-mail and the same telephone')
  }
  for (const first of known.leads) {
    const { person, owner } = enteredAgain(paper, first)
    const id = await createInSalesforce(work, 'Lead', freshLead(paper, person, { owner }))
    await admitDuplicate(work, 'Lead', id, 'the lead came twice today')
  }
  for (const { whom, owner } of peopleOnlyInHubSpot(work, 5)) {
    const id = await createInSalesforce(work, 'Lead', freshLead(paper, whom, { owner: colleagueOf(owner) }))
    await admitDuplicate(work, 'Lead', id, 'a colleague has the same person as a HubSpot contact')
  }
}

async function enterCompaniesAgain(work: Workplace, known: Known): Promise<void> {
  const { paper } = work
  for (const { whom, owner } of companiesOnlyInHubSpot(work, 4)) {
    const account = paper.salesforce.account(whom, {
      createdAtMs: paper.nowMs - 60_000,
      owner: colleagueOf(owner),
      parent: null,
    })
    const id = await createInSalesforce(work, 'Account', account)
    await admitDuplicate(work, 'Account', id, 'a colleague has the same company in HubSpot')
  }
  for (const organisation of known.companies) {
    const again = {
      ...organisation,
      name: `${organisation.name} (new)`,
      switchboard: paper.phones.subscriber(organisation.country, 'fixed'),
    }
    const company = paper.hubspot.company(again, {
      createdAtMs: paper.nowMs,
      owner: colleagueOf(organisation.owner),
      parent: null,
    })
    const id = await createInHubSpot(work, 'companies', company)
    await admitDuplicate(work, 'companies', id, 'entered twice today under one domain')
  }
}

async function addLeadsAtOthersAccounts(work: Workplace, known: Known): Promise<void> {
  const { paper } = work
  for (const organisation of known.accounts) {
    const lead = freshLead(paper, paper.people.at(organisation), { owner: colleagueOf(organisation.owner) })
    const id = await createInSalesforce(work, 'Lead', lead)
    await admitDuplicate(work, 'Lead', id, 'the account of its domain belongs to a colleague')
  }
}

async function addUnownedCompany(work: Workplace): Promise<void> {
  const { paper } = work
  const organisation = paper.organisations.business({ employees: 60, customer: false })
  const company = paper.hubspot.company(organisation, { createdAtMs: paper.nowMs, owner: '', parent: null })
  const id = await createInHubSpot(work, 'companies', company)
  await work.admit({
    ...subject('hubspot', 'companies', id),
    pattern: 'orphaned-owner',
    why: 'made today without an owner',
  })
}

async function admitDuplicate(
  work: Workplace,
  objectType: 'contacts' | 'companies' | 'Lead' | 'Account',
  recordId: string,
  why: string,
): Promise<void> {
  const crm = objectType === 'contacts' || objectType === 'companies' ? 'hubspot' : 'salesforce'
  await work.admit({ ...subject(crm, objectType, recordId), pattern: 'duplicate-ownership', why })
}

/** Moves some accounts and companies to another country, and gives some contacts an owner of another territory. */
export async function redraw(work: Workplace): Promise<void> {
  const { paper } = work
  const elsewhere = (country: unknown) => {
    const iso = isoOf(country)
    const mine = TERRITORIES.find((territory) => territory.countries.includes(iso ?? ''))
    return paper.random.pick(paper.random.pick(COUNTRIES.filter((c) => territoryOf(c) !== mine)).spellings)
  }
  const why = 'moved to another country, the territory stayed'
  for (const row of untouched(work, 'Account', 12)) {
    await updateInSalesforce(work, 'Account', row.id, { BillingCountry: elsewhere(row.values.BillingCountry) })
    await work.admit({ ...subject('salesforce', 'Account', row.id), pattern: 'stale-territory', why })
  }
  for (const row of untouched(work, 'companies', 10)) {
    await updateInHubSpot(work, 'companies', [{ id: row.id, properties: { country: elsewhere(row.values.country) } }])
    await work.admit({ ...subject('hubspot', 'companies', row.id), pattern: 'stale-territory', why })
  }
  for (let i = 0; i < 5; i++) {
    const person = paper.people.alone()
    const owner = foreignRep(paper, territoryOf(person.country)!)
    const id = await createInHubSpot(work, 'contacts', freshContact(paper, person, { owner }))
    await work.admit({
      ...subject('hubspot', 'contacts', id),
      pattern: 'stale-territory',
      why: 'given to somebody who does not work there',
    })
  }
}

/** A new user who owns leads of uncovered countries. No other defect touches these leads. */
export type Newcomer = { readonly userId: string; readonly leads: readonly string[] }

export async function leaver(work: Workplace): Promise<Newcomer> {
  const { paper } = work
  const name = `thabo.nkosi.${paper.nowMs.toString(36)}@brightwater.example`
  const userId = await work.salesforce.create('User', {
    Username: name,
    Email: name,
    FirstName: 'Thabo',
    LastName: 'Nkosi',
    Alias: 'tnkosi',
    IsActive: true,
  })
  work.changed()
  const leads: string[] = []
  for (let i = 0; i < 8; i++) {
    const person = paper.people.alone(paper.random.pick(UNCOVERED))
    const draft = freshLead(paper, person, { owner: paper.salesforce.inboundQueueId, status: 'Working' })
    leads.push(await createInSalesforce(work, 'Lead', { ...draft, OwnerId: userId }))
  }
  return { userId, leads }
}

export async function somebodyLeaves(work: Workplace, { userId, leads }: Newcomer): Promise<void> {
  await updateInSalesforce(work, 'User', userId, { IsActive: false })
  await work.admit(
    ...leads.map((id) => ({
      ...subject('salesforce', 'Lead', id),
      pattern: 'orphaned-owner',
      why: 'its owner left today',
    })),
  )
}
