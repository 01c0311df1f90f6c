import { salesforceTime } from '../books/salesforce-tables.ts'
import { LEFT } from '../brightwater/cast.ts'
import { territoryOf } from '../brightwater/territory.ts'
import { COUNTRIES } from '../geography/countries.ts'
import { DAY_MS, type Draft, HOUR_MS, MINUTE_MS } from '../population/draft.ts'
import { colleagueOf, foreignRep, freshContact, freshLead, freshSite, weightOf } from './fresh-records.ts'

/** Records that look like defects but are none, so they have no labels. */
export function setTraps(draft: Draft): void {
  for (let i = 0; i < draft.count(8, 2); i++) {
    sharedTelephone(draft)
    sharedMailbox(draft)
    namesakes(draft)
    dotsThatCount(draft)
    withinGrace(draft)
    almostStale(draft)
    beyondScope(draft, i)
    calmOwner(draft)
    hostedSites(draft)
    sharedSwitchboardOfAccounts(draft)
    sistersUnderOneDomain(draft)
  }
}

/** Two people of one co-working space share a number and have two owners. */
function sharedTelephone(draft: Draft): void {
  const one = draft.people.alone()
  const other = { ...draft.people.alone(one.country), phone: one.phone, last: `${one.last}-Other` }
  freshContact(draft, one)
  freshContact(draft, other, { owner: colleagueOf(one.owner) })
  freshLead(
    draft,
    { ...other, email: draft.people.alone(one.country).email, last: `${one.last}-Third` },
    { owner: one.owner },
  )
}

/** Several people of one company write from info@, which is not one person's address. */
function sharedMailbox(draft: Draft): void {
  const { random } = draft
  const organisation = draft.organisations.business({ employees: random.int(10, 90), customer: false })
  const email = `${random.pick(['info', 'sales', 'office', 'kontakt'])}@${organisation.domain}`
  const owners = [organisation.owner, colleagueOf(organisation.owner), organisation.owner]
  for (const owner of owners) {
    const person = {
      ...draft.people.at(organisation),
      email,
      phone: draft.phones.subscriber(organisation.country, 'fixed'),
    }
    freshLead(draft, person, { owner })
  }
  freshContact(draft, { ...draft.people.at(organisation), email }, { owner: colleagueOf(organisation.owner) })
}

/** The same name in the same city, with different telephones and addresses. */
function namesakes(draft: Draft): void {
  const one = draft.people.alone()
  const other = { ...draft.people.alone(one.country), first: one.first, last: one.last, city: one.city }
  freshContact(draft, one)
  freshContact(draft, other, { owner: colleagueOf(one.owner) })
  freshLead(
    draft,
    { ...draft.people.alone(one.country), first: one.first, last: one.last },
    { owner: colleagueOf(one.owner) },
  )
}

/** Only Gmail ignores dots. */
function dotsThatCount(draft: Draft): void {
  const someone = draft.people.alone()
  const local = `m.${someone.email.split('@')[0]!.replaceAll('.', '')}${draft.random.int(1000, 9999)}`
  const one = { ...someone, email: `${local}@outlook.com` }
  const other = { ...draft.people.alone(one.country), email: `${local.replace('.', '')}@outlook.com` }
  freshContact(draft, one)
  freshContact(draft, other, { owner: colleagueOf(one.owner) })
}

/** Two minutes old, so still within the grace period. */
function withinGrace(draft: Draft): void {
  const createdAtMs = draft.nowMs - 2 * MINUTE_MS
  const contact = freshContact(draft, draft.people.alone(), { createdAtMs })
  delete contact.properties.country
  const lead = freshLead(draft, draft.people.alone(), { createdAtMs })
  lead.Country = null
}

/** Unchanged for 25 days, which are at most 19 working days: not stale yet. */
function almostStale(draft: Draft): void {
  const atMs = draft.nowMs - 25 * DAY_MS
  const person = draft.people.alone()
  const contact = freshContact(draft, person)
  contact.createdAtMs = Math.min(contact.createdAtMs, atMs - DAY_MS)
  contact.properties.hs_lead_status = 'OPEN'
  contact.history.hs_lead_status = [
    { value: 'NEW', atMs: contact.createdAtMs, sourceType: 'FORM', sourceId: 'contact-us' },
    { value: 'OPEN', atMs, ...draft.hubspot.byUser(person.owner) },
  ]
  const lead = freshLead(draft, draft.people.alone())
  lead.LastModifiedDate = salesforceTime(atMs)
  lead.SystemModstamp = lead.LastModifiedDate
}

/** Every defect at once, on records that no workflow watches. */
function beyondScope(draft: Draft, i: number): void {
  const { nowMs } = draft
  const person = draft.people.alone()
  const contact = freshContact(draft, person, { lifecycle: i % 2 === 0 ? 'customer' : 'subscriber', owner: LEFT[0]! })
  delete contact.properties.country
  contact.properties.territory = 'anz'
  contact.properties.hs_lead_status = 'NEW'
  delete contact.history.hs_lead_status

  const lead = freshLead(draft, draft.people.alone(), { status: 'Unqualified', owner: LEFT[1]! })
  lead.Email = null
  lead.Territory__c = 'latam'
  lead.LastModifiedDate = lead.CreatedDate!
  lead.SystemModstamp = lead.CreatedDate!

  const site = freshSite(draft, { hubspot: false, salesforce: true }, 'customer')
  const converted = draft.people.at(site.organisation)
  const account = site.account!
  const salesforceContact = draft.salesforce.contact(converted, {
    createdAtMs: nowMs - 200 * DAY_MS,
    owner: converted.owner,
    account,
  })
  const done = draft.salesforce.lead(converted, {
    createdAtMs: nowMs - 210 * DAY_MS,
    modifiedAtMs: nowMs - 200 * DAY_MS,
    owner: LEFT[0]!,
    status: 'Closed',
    converted: { account, contact: salesforceContact },
  })
  done.Country = null

  const partner = freshSite(draft, { hubspot: true, salesforce: false }, weightOf(i))
  const company = partner.company!
  company.properties.type = 'PARTNER'
  delete company.properties.industry
  delete company.properties.hubspot_owner_id
  const reseller = freshSite(draft, { hubspot: false, salesforce: true }, weightOf(i))
  reseller.account!.Type = 'Partner'
  reseller.account!.BillingCountry = null
  reseller.account!.OwnerId = draft.salesforce.userId(LEFT[0]!)
}

/** Owner changes that are too few, too slow, or never back to an earlier owner. */
function calmOwner(draft: Draft): void {
  const { hubspot, nowMs } = draft
  const turns = (to: 'twice' | 'slowly' | 'onwards') => {
    const person = draft.people.alone()
    const contact = freshContact(draft, person)
    const other = colleagueOf(person.owner)
    const abroad = () => foreignRep(draft, territoryOf(person.country)!)
    const [owners, hours] = {
      twice: [
        [person.owner, other, person.owner],
        [40, 20],
      ],
      slowly: [
        [other, person.owner, other, person.owner],
        [120, 95, 30],
      ],
      onwards: [
        [abroad(), abroad(), other, person.owner],
        [50, 30, 10],
      ],
    }[to] as [string[], number[]]
    contact.properties.hubspot_owner_id = hubspot.ownerId(owners[0]!)
    hours.forEach((hoursAgo, turn) => {
      const owner = owners[turn + 1]!
      hubspot.set(contact, 'hubspot_owner_id', hubspot.ownerId(owner), nowMs - hoursAgo * HOUR_MS, owner)
    })
  }
  turns('twice')
  turns('slowly')
  turns('onwards')
}

/** Two web sites on one hosting provider, and companies with a free mail domain. */
function hostedSites(draft: Draft): void {
  const [home, abroad] = draft.random.shuffled(COUNTRIES)
  for (const country of [home!, abroad!]) {
    const hosted = freshSite(draft, { hubspot: false, salesforce: true }, 'ordinary', { country })
    hosted.account!.Website = `https://${hosted.organisation.domain.split('.')[0]}.github.io`
    const free = freshSite(draft, { hubspot: true, salesforce: false }, 'ordinary', { country })
    free.company!.properties.domain = 'gmail.com'
    free.company!.properties.website = 'gmail.com'
  }
}

/** Two companies of one business park: one switchboard, two names, two owners. */
function sharedSwitchboardOfAccounts(draft: Draft): void {
  for (const where of [
    { hubspot: true, salesforce: false },
    { hubspot: false, salesforce: true },
  ]) {
    const one = freshSite(draft, where, 'ordinary')
    const neighbour = draft.organisations.business({
      country: one.organisation.country,
      employees: 40,
      customer: false,
    })
    const other = freshSite(draft, where, 'ordinary', {
      organisation: { ...neighbour, switchboard: one.organisation.switchboard },
    })
    const owner = colleagueOf(one.organisation.owner)
    if (other.company !== null) other.company.properties.hubspot_owner_id = draft.hubspot.ownerId(owner)
    if (other.account !== null) other.account.OwnerId = draft.salesforce.userId(owner)
  }
}

/** A parent and two subsidiaries under one domain, each with its own country's owner. */
function sistersUnderOneDomain(draft: Draft): void {
  const latin = COUNTRIES.filter((c) => c.language !== 'ja' && c.language !== 'el')
  for (const where of [
    { hubspot: true, salesforce: false },
    { hubspot: false, salesforce: true },
  ]) {
    const [home, ...abroad] = draft.random.shuffled(latin)
    const mother = freshSite(draft, where, 'ordinary', { country: home! })
    for (const country of abroad.slice(0, 2)) {
      const organisation = draft.organisations.subsidiary(mother.organisation, country, true)
      freshSite(draft, where, 'ordinary', { organisation, parent: mother })
    }
  }
}
