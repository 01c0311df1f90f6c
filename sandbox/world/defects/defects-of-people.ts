import { salesforceTime } from '../books/salesforce-tables.ts'
import { LEFT } from '../brightwater/cast.ts'
import { territoryOf } from '../brightwater/territory.ts'
import { COUNTRIES } from '../geography/countries.ts'
import type { Person } from '../market/person.ts'
import { DAY_MS, type Draft, HOUR_MS } from '../population/draft.ts'
import {
  colleagueOf,
  contactSubject,
  foreignRep,
  foreignTerritory,
  freshContact,
  freshLead,
  freshSite,
  label,
  leadSubject,
  weightOf,
} from './fresh-records.ts'

/** Defects of each kind at scale 1. */
const EACH = 24
/** An owner id that the portal no longer lists, as after a user was deleted for good. */
const UNKNOWN_OWNER_ID = '76111111'

export function injectPeopleDefects(draft: Draft): void {
  for (let i = 0; i < draft.count(EACH, 4); i++) {
    missingOnContact(draft, i)
    missingOnLead(draft, i)
    staleStatus(draft, i)
    strangeTerritory(draft, i)
    orphaned(draft, i)
    flapping(draft, i)
  }
}

/** A contact for a defect: at an account of this weight, or without one. */
function someContact(draft: Draft, i: number, about: { owner?: string } = {}) {
  const weight = weightOf(i)
  if (weight === 'ordinary' && draft.random.chance(0.5)) {
    const person = draft.people.alone()
    return { person, contact: freshContact(draft, person, about) }
  }
  const site = freshSite(draft, { hubspot: true, salesforce: false }, weight)
  const person = draft.people.at(site.organisation)
  return { person, contact: freshContact(draft, person, { company: site.company, ...about }) }
}

function someLead(draft: Draft, i: number, about: { owner?: string } = {}) {
  const weight = weightOf(i)
  if (weight === 'ordinary' && draft.random.chance(0.5)) {
    const person = draft.people.alone()
    return { person, lead: freshLead(draft, person, about) }
  }
  const site = freshSite(draft, { hubspot: false, salesforce: true }, weight)
  const person = draft.people.at(site.organisation)
  return { person, lead: freshLead(draft, person, about) }
}

function missingOnContact(draft: Draft, i: number): void {
  const { contact } = someContact(draft, i >> 1)
  const field = i % 2 === 0 ? 'country' : 'company'
  if (i % 5 === 4) contact.properties[field] = '  '
  else delete contact.properties[field]
  label(draft, 'missing-field', contactSubject(contact), `has an owner and no ${field}`, field)
}

function missingOnLead(draft: Draft, i: number): void {
  const { lead } = someLead(draft, i >> 1)
  const field = i % 2 === 0 ? 'Country' : 'Email'
  lead[field] = null
  label(draft, 'missing-field', leadSubject(lead), `has an owner and no ${field}`, field)
}

function staleStatus(draft: Draft, i: number): void {
  const { random, nowMs, hubspot } = draft
  const { person, contact } = someContact(draft, i)
  const setAtMs = nowMs - random.int(50, 190) * DAY_MS
  contact.createdAtMs = setAtMs - random.int(3, 300) * DAY_MS
  contact.properties.hs_lead_status = 'IN_PROGRESS'
  contact.modifiedAtMs = Math.max(setAtMs, contact.modifiedAtMs)
  if (i % 4 === 0) {
    // Never changed since creation, so the creation date is the date of the last change.
    contact.properties.hs_lead_status = 'NEW'
    delete contact.history.hs_lead_status
  } else {
    contact.history.hs_lead_status = [
      { value: 'NEW', atMs: contact.createdAtMs, sourceType: 'FORM', sourceId: 'contact-us' },
      { value: 'IN_PROGRESS', atMs: setAtMs, ...hubspot.byUser(person.owner) },
    ]
  }
  label(draft, 'stale-field', contactSubject(contact), 'nobody moved the lead status for months', 'hs_lead_status')

  const { lead } = someLead(draft, i)
  const modifiedAtMs = nowMs - random.int(50, 190) * DAY_MS
  lead.CreatedDate = salesforceTime(modifiedAtMs - random.int(1, 300) * DAY_MS)
  lead.LastModifiedDate = salesforceTime(modifiedAtMs)
  lead.SystemModstamp = lead.LastModifiedDate
  label(draft, 'stale-field', leadSubject(lead), 'nobody touched the lead for months', 'Status')
}

function strangeTerritory(draft: Draft, i: number): void {
  const { random } = draft
  if (i % 2 === 0) {
    const a = someContact(draft, i >> 1)
    a.contact.properties.territory = foreignTerritory(draft, territoryOf(a.person.country)!).id
    label(draft, 'stale-territory', contactSubject(a.contact), 'the territory field names another territory')
    const b = someLead(draft, i >> 1)
    b.lead.Territory__c = foreignTerritory(draft, territoryOf(b.person.country)!).id
    label(draft, 'stale-territory', leadSubject(b.lead), 'the territory field names another territory')
    return
  }
  // Only people without an account: at an account, this owner would also differ from the account's owner.
  const moved = i % 4 === 3
  const person = draft.people.alone()
  const territory = territoryOf(person.country)!
  const elsewhere = random.pick(COUNTRIES.filter((c) => territoryOf(c) !== territory))
  const owner = moved ? person.owner : foreignRep(draft, territory)
  const contact = freshContact(draft, person, { owner })
  if (moved) contact.properties.country = random.pick(elsewhere.spellings)
  else if (i % 8 === 1) delete contact.properties.territory
  const why = moved ? 'moved abroad, territory and owner stayed' : 'the owner does not work this territory'
  label(draft, 'stale-territory', contactSubject(contact), why)

  const other = draft.people.alone()
  const home = territoryOf(other.country)!
  const lead = freshLead(draft, other, { owner: moved ? other.owner : foreignRep(draft, home) })
  if (moved) lead.Country = random.pick(random.pick(COUNTRIES.filter((c) => territoryOf(c) !== home)).spellings)
  else if (i % 8 === 5) lead.Territory__c = null
  label(draft, 'stale-territory', leadSubject(lead), why)
}

function orphaned(draft: Draft, i: number): void {
  const left = LEFT[i % LEFT.length]!
  const a = someContact(draft, i, { owner: left })
  if (i % 6 === 5) a.contact.properties.hubspot_owner_id = UNKNOWN_OWNER_ID
  label(draft, 'orphaned-owner', contactSubject(a.contact), i % 6 === 5 ? 'the owner id is unknown' : `${left} left`)
  const inDeadQueue = i % 3 === 2
  const b = someLead(draft, i, { owner: inDeadQueue ? draft.salesforce.deadQueueId : left })
  label(
    draft,
    'orphaned-owner',
    leadSubject(b.lead),
    inDeadQueue ? 'stands in a queue that nobody works' : `${left} left`,
  )
}

function flapping(draft: Draft, i: number): void {
  const { nowMs, hubspot, random } = draft
  const { person, contact } = someContact(draft, i)
  const other = colleagueOf(person.owner)
  const turns = i % 2 === 0 ? [other, person.owner, other, person.owner] : [person.owner, other, person.owner]
  // The owner before the first change.
  contact.properties.hubspot_owner_id = hubspot.ownerId(turns[0] === other ? person.owner : other)
  const stepMs = (60 / turns.length) * HOUR_MS
  turns.forEach((owner, turn) => {
    const atMs = nowMs - 62 * HOUR_MS + Math.floor((turn + random.next() * 0.8) * stepMs)
    hubspot.set(contact, 'hubspot_owner_id', hubspot.ownerId(owner), atMs, owner)
  })
  label(draft, 'ownership-flapping', contactSubject(contact), `${turns.length} owner changes in three days`)
}

/** The same person's mailbox as another form or import would write it. */
export function sameMailbox(person: Person): Person {
  const [local = '', domain = ''] = person.email.split('@')
  const email =
    domain === 'gmail.com' ? `${local.replaceAll('.', '')}+brightwater@gmail.com` : person.email.toUpperCase()
  return { ...person, email }
}
