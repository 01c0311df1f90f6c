import type { Person } from '../market/person.ts'
import { DAY_MS, type Draft, longAgo } from '../population/draft.ts'
import { sameMailbox } from './defects-of-people.ts'
import {
  colleagueOf,
  contactSubject,
  freshContact,
  freshLead,
  freshSite,
  label,
  leadSubject,
  weightOf,
} from './fresh-records.ts'

const EACH = 10

export function injectDuplicatesOfPeople(draft: Draft): void {
  for (let i = 0; i < draft.count(EACH, 3); i++) {
    contactsWithOneMailbox(draft)
    contactsWithOneTelephone(draft, i)
    leadsWithOneMailbox(draft, i)
    leadsWithOneTelephone(draft)
    contactAndLead(draft, i)
    besideSalesforceContact(draft, i)
    besideAccountOwner(draft, i)
  }
  for (let i = 0; i < draft.count(4, 2); i++) threeOfOne(draft)
}

/** Two creation times, older first, far enough apart to survive rounding. */
function twoTimes(draft: Draft): [number, number] {
  const older = longAgo(draft)
  const newer = older + DAY_MS + Math.floor(draft.random.next() * (draft.nowMs - 5 * DAY_MS - older))
  return [older, newer]
}

/** HubSpot refuses the same address twice, but not two spellings that Gmail delivers to one mailbox. */
function contactsWithOneMailbox(draft: Draft): void {
  const [older, newer] = twoTimes(draft)
  const someone = draft.people.alone()
  const person = { ...someone, email: `${someone.email.split('@')[0]}.${draft.random.int(10_000, 99_999)}@gmail.com` }
  freshContact(draft, person, { createdAtMs: older })
  const again = { ...sameMailbox(person), phone: draft.phones.subscriber(person.country, 'mobile') }
  const second = freshContact(draft, again, { createdAtMs: newer, owner: colleagueOf(person.owner) })
  label(draft, 'duplicate-ownership', contactSubject(second), 'same Gmail mailbox as an older contact of a colleague')
}

/** The same person with a second address, and the name without accents or with first and last name swapped. */
function otherSpelling(draft: Draft, person: Person): Person {
  const other = draft.people.alone(person.country)
  const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')
  const turned = draft.random.chance(0.3)
  return {
    ...person,
    email: other.email,
    first: plain(turned ? person.last : person.first),
    last: plain(turned ? person.first : person.last),
  }
}

function contactsWithOneTelephone(draft: Draft, i: number): void {
  const [older, newer] = twoTimes(draft)
  const weight = weightOf(i)
  const site = weight === 'ordinary' ? null : freshSite(draft, { hubspot: true, salesforce: false }, weight)
  const person = site === null ? draft.people.alone() : draft.people.at(site.organisation)
  freshContact(draft, person, { company: site?.company ?? null, createdAtMs: older })
  const second = freshContact(draft, otherSpelling(draft, person), {
    company: site?.company ?? null,
    createdAtMs: newer,
    owner: colleagueOf(person.owner),
  })
  label(
    draft,
    'duplicate-ownership',
    contactSubject(second),
    'same telephone and name as an older contact of a colleague',
  )
}

function leadsWithOneMailbox(draft: Draft, i: number): void {
  const [older, newer] = twoTimes(draft)
  const person =
    i % 2 === 0
      ? draft.people.alone()
      : draft.people.at(draft.organisations.business({ employees: 90, customer: false }))
  freshLead(draft, person, { createdAtMs: older })
  const again = { ...sameMailbox(person), phone: draft.phones.subscriber(person.country, 'fixed') }
  const second = freshLead(draft, again, { createdAtMs: newer, owner: colleagueOf(person.owner) })
  label(draft, 'duplicate-ownership', leadSubject(second), 'same e-mail as an older lead of a colleague')
}

function leadsWithOneTelephone(draft: Draft): void {
  const [older, newer] = twoTimes(draft)
  const person = draft.people.alone()
  // May be out of scope: it still is the same person with another owner.
  freshLead(draft, person, { createdAtMs: older, status: draft.random.chance(0.4) ? 'Unqualified' : 'Working' })
  const second = freshLead(draft, otherSpelling(draft, person), {
    createdAtMs: newer,
    owner: colleagueOf(person.owner),
  })
  label(draft, 'duplicate-ownership', leadSubject(second), 'same telephone and name as an older lead of a colleague')
}

/** The newer record is the defect, whichever CRM has it. */
function contactAndLead(draft: Draft, i: number): void {
  const [older, newer] = twoTimes(draft)
  const leadIsNewer = i % 2 === 0
  const weight = weightOf(i)
  const site = weight === 'ordinary' ? null : freshSite(draft, { hubspot: true, salesforce: false }, weight)
  const person = site === null ? draft.people.alone() : draft.people.at(site.organisation)
  const contact = freshContact(draft, person, {
    company: site?.company ?? null,
    createdAtMs: leadIsNewer ? older : newer,
  })
  const lead = freshLead(draft, person, {
    createdAtMs: leadIsNewer ? newer : older,
    owner: colleagueOf(person.owner),
  })
  const subject = leadIsNewer ? leadSubject(lead) : contactSubject(contact)
  label(draft, 'duplicate-ownership', subject, 'the same person has another owner in the other CRM')
}

/** A Salesforce contact is never the defect, whatever its age: the HubSpot contact or the lead is. */
function besideSalesforceContact(draft: Draft, i: number): void {
  const times = draft.random.shuffled(twoTimes(draft)) as [number, number]
  const weight = weightOf(i)
  const site = freshSite(draft, { hubspot: false, salesforce: true }, weight)
  const person = draft.people.at(site.organisation)
  draft.salesforce.contact(person, { createdAtMs: times[0], owner: person.owner, account: site.account })
  const owner = colleagueOf(person.owner)
  const why = 'a colleague owns the same person as a Salesforce contact'
  if (i % 2 === 0)
    label(
      draft,
      'duplicate-ownership',
      contactSubject(freshContact(draft, person, { owner, createdAtMs: times[1] })),
      why,
    )
  // The colleague owns the account too. It is one finding: the duplicate comes before the account.
  else label(draft, 'duplicate-ownership', leadSubject(freshLead(draft, person, { owner, createdAtMs: times[1] })), why)
}

function besideAccountOwner(draft: Draft, i: number): void {
  const atCompany = freshSite(draft, { hubspot: true, salesforce: false }, weightOf(i))
  const person = draft.people.at(atCompany.organisation)
  const contact = freshContact(draft, person, { company: atCompany.company, owner: colleagueOf(person.owner) })
  label(draft, 'duplicate-ownership', contactSubject(contact), 'the company belongs to a colleague')

  const atAccount = freshSite(draft, { hubspot: false, salesforce: true }, weightOf(i))
  const visitor = draft.people.at(atAccount.organisation)
  // Half of them wrote from a private address and gave their employer's web site.
  const byWebsite = i % 2 === 1
  const writer = byWebsite ? { ...visitor, email: draft.people.alone(visitor.country).email } : visitor
  const lead = freshLead(draft, writer, { owner: colleagueOf(visitor.owner) })
  lead.Website = byWebsite ? `https://www.${atAccount.organisation.domain}/en` : null
  label(draft, 'duplicate-ownership', leadSubject(lead), 'the account of its domain belongs to a colleague')
}

/** Three leads of one person with owners A, B, A: the second and the third are duplicates with another owner. */
function threeOfOne(draft: Draft): void {
  const start = longAgo(draft) - 30 * DAY_MS
  const person = draft.people.alone()
  freshLead(draft, person, { createdAtMs: start })
  const second = freshLead(draft, person, { createdAtMs: start + 9 * DAY_MS, owner: colleagueOf(person.owner) })
  const third = freshLead(draft, person, { createdAtMs: start + 20 * DAY_MS })
  label(draft, 'duplicate-ownership', leadSubject(second), 'an older lead of the same person is with a colleague')
  label(draft, 'duplicate-ownership', leadSubject(third), 'the middle one of three leads is with a colleague')
}
