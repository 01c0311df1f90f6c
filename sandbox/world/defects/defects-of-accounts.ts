import { salesforceTime } from '../books/salesforce-tables.ts'
import { LEFT } from '../brightwater/cast.ts'
import { WORDING } from '../market/names.ts'
import type { Organisation } from '../market/organisation.ts'
import { DAY_MS, type Draft, HOUR_MS, type Site } from '../population/draft.ts'
import {
  accountSubject,
  colleagueOf,
  companySubject,
  foreignRep,
  foreignTerritory,
  freshContact,
  freshSite,
  label,
  type Weight,
  weightOf,
} from './fresh-records.ts'

const EACH = 14
const IN_HUBSPOT = { hubspot: true, salesforce: false }
const IN_SALESFORCE = { hubspot: false, salesforce: true }
const UNKNOWN_OWNER_ID = '76222222'

export function injectAccountDefects(draft: Draft): void {
  for (let i = 0; i < draft.count(EACH, 4); i++) {
    missing(draft, i)
    strangeTerritory(draft, i)
    orphaned(draft, i)
    flapping(draft, i)
    sameDomain(draft, i)
    sameTelephoneAndName(draft, i)
    acrossCrms(draft, i)
  }
}

/** Adds people outside the routing workflows' scope: the account's owner then causes no finding about them. */
function withPeople(draft: Draft, site: Site): Site {
  for (let i = draft.random.int(1, 3); i > 0; i--) {
    const person = draft.people.at(site.organisation)
    if (site.company !== null) freshContact(draft, person, { company: site.company, lifecycle: 'customer' })
    else
      draft.salesforce.contact(person, {
        createdAtMs: draft.nowMs - 40 * DAY_MS,
        owner: person.owner,
        account: site.account,
      })
  }
  return site
}

function somewhere(draft: Draft, weight: Weight): { company: Site; account: Site } {
  return {
    company: withPeople(draft, freshSite(draft, IN_HUBSPOT, weight)),
    account: withPeople(draft, freshSite(draft, IN_SALESFORCE, weight)),
  }
}

function missing(draft: Draft, i: number): void {
  const { company, account } = somewhere(draft, weightOf(i >> 1))
  const country = i % 2 === 0
  const property = country ? 'country' : 'industry'
  delete company.company!.properties[property]
  label(draft, 'missing-field', companySubject(company.company!), `no ${property}`, property)
  const field = country ? 'BillingCountry' : 'Industry'
  account.account![field] = null
  label(draft, 'missing-field', accountSubject(account.account!), `no ${field}`, field)
}

function strangeTerritory(draft: Draft, i: number): void {
  const { company, account } = somewhere(draft, weightOf(i >> 1))
  const byField = i % 2 === 0
  const why = byField ? 'the territory field names another territory' : 'the owner does not work this territory'
  const record = company.company!
  const home = company.organisation.territory!
  if (byField) record.properties.territory = foreignTerritory(draft, home).id
  else record.properties.hubspot_owner_id = draft.hubspot.ownerId(foreignRep(draft, home))
  label(draft, 'stale-territory', companySubject(record), why)
  const row = account.account!
  const there = account.organisation.territory!
  if (byField) row.Territory__c = foreignTerritory(draft, there).id
  else row.OwnerId = draft.salesforce.userId(foreignRep(draft, there))
  label(draft, 'stale-territory', accountSubject(row), why)
}

function orphaned(draft: Draft, i: number): void {
  const { company, account } = somewhere(draft, weightOf(i))
  const left = LEFT[i % LEFT.length]!
  const record = company.company!
  const kind = (['nobody', 'left', 'unknown'] as const)[i % 3]!
  if (kind === 'nobody') delete record.properties.hubspot_owner_id
  else record.properties.hubspot_owner_id = kind === 'left' ? draft.hubspot.ownerId(left) : UNKNOWN_OWNER_ID
  const why = { nobody: 'nobody owns the company', left: `${left} left`, unknown: 'the owner id is unknown' }[kind]
  label(draft, 'orphaned-owner', companySubject(record), why)
  account.account!.OwnerId = draft.salesforce.userId(left)
  label(draft, 'orphaned-owner', accountSubject(account.account!), `${left} left`)
}

function flapping(draft: Draft, i: number): void {
  const { nowMs, hubspot } = draft
  const site = withPeople(draft, freshSite(draft, IN_HUBSPOT, weightOf(i)))
  const owner = site.organisation.owner
  const other = colleagueOf(owner)
  const record = site.company!
  record.properties.hubspot_owner_id = hubspot.ownerId(other)
  const hours = [draft.random.int(50, 60), draft.random.int(25, 45), draft.random.int(4, 20)]
  ;[owner, other, owner].forEach((to, turn) => {
    hubspot.set(record, 'hubspot_owner_id', hubspot.ownerId(to), nowMs - hours[turn]! * HOUR_MS, to)
  })
  label(draft, 'ownership-flapping', companySubject(record), 'three owner changes in three days')
}

/** Makes the second site's records the newer ones, owned by a colleague of the first owner. */
function makeSecond(draft: Draft, first: Site, second: Site): void {
  const { nowMs, random, hubspot, salesforce } = draft
  const olderMs = nowMs - random.int(300, 900) * DAY_MS
  const newerMs = nowMs - random.int(10, 250) * DAY_MS
  const owner = colleagueOf(first.organisation.owner)
  if (first.company !== null) {
    first.company.createdAtMs = olderMs
    first.company.modifiedAtMs = Math.max(first.company.modifiedAtMs, olderMs)
  }
  if (first.account !== null) {
    first.account.CreatedDate = salesforceTime(olderMs)
    first.account.LastModifiedDate = salesforceTime(olderMs + DAY_MS)
    first.account.SystemModstamp = first.account.LastModifiedDate
  }
  if (second.company !== null) {
    second.company.createdAtMs = newerMs
    second.company.modifiedAtMs = Math.max(second.company.modifiedAtMs, newerMs)
    second.company.properties.hubspot_owner_id = hubspot.ownerId(owner)
  }
  if (second.account !== null) {
    second.account.CreatedDate = salesforceTime(newerMs)
    second.account.LastModifiedDate = salesforceTime(newerMs + DAY_MS)
    second.account.SystemModstamp = second.account.LastModifiedDate
    second.account.OwnerId = salesforce.userId(owner)
  }
}

function sameDomain(draft: Draft, i: number): void {
  const { random, phones } = draft
  for (const where of [IN_HUBSPOT, IN_SALESFORCE]) {
    const first = withPeople(draft, freshSite(draft, where, weightOf(i)))
    const { organisation } = first
    // The second import has only the brand and another telephone line.
    const again: Organisation = {
      ...organisation,
      name: `${organisation.brand.native} ${random.pick(organisation.country.cities)}`,
      switchboard: phones.subscriber(organisation.country, 'fixed'),
    }
    const second = freshSite(draft, where, 'ordinary', { organisation: again })
    makeSecond(draft, first, second)
    labelAccount(draft, second, 'same domain as an older record of a colleague')
  }
}

function sameTelephoneAndName(draft: Draft, i: number): void {
  for (const where of [IN_HUBSPOT, IN_SALESFORCE]) {
    const first = withPeople(draft, freshSite(draft, where, weightOf(i)))
    const { organisation } = first
    const forms = WORDING[organisation.country.language].legalForms
    // Longest first: `GmbH & Co. KG` contains `GmbH`.
    const form = forms
      .toSorted((a, b) => b.length - a.length)
      .find((candidate) => organisation.name.includes(candidate))!
    const bare = organisation.name.replace(form, '').trim()
    const again: Organisation = {
      ...organisation,
      name: i % 2 === 0 ? bare : organisation.name,
      domain: `${organisation.domain.split('.')[0]}-group.com`,
    }
    const second = freshSite(draft, where, 'ordinary', { organisation: again })
    makeSecond(draft, first, second)
    labelAccount(draft, second, 'same telephone and company name as an older record of a colleague')
  }
}

function acrossCrms(draft: Draft, i: number): void {
  const first = withPeople(draft, freshSite(draft, i % 2 === 0 ? IN_HUBSPOT : IN_SALESFORCE, weightOf(i)))
  const second = freshSite(draft, i % 2 === 0 ? IN_SALESFORCE : IN_HUBSPOT, 'ordinary', {
    organisation: first.organisation,
  })
  makeSecond(draft, first, second)
  labelAccount(draft, second, 'the other CRM gives the same company to a colleague')
}

function labelAccount(draft: Draft, site: Site, why: string): void {
  if (site.company !== null) label(draft, 'duplicate-ownership', companySubject(site.company), why)
  if (site.account !== null) label(draft, 'duplicate-ownership', accountSubject(site.account), why)
}
