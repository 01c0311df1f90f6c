import { hubspotBook } from '../books/hubspot-book.ts'
import { salesforceBook } from '../books/salesforce-book.ts'
import { organisationMaker } from '../market/organisation-maker.ts'
import { personMaker } from '../market/person-maker.ts'
import { phoneBook } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import type { Draft } from './draft.ts'
import { addMoney } from './money.ts'
import { addPeople, addProspect, addStranger, addUndecided } from './people.ts'
import { addSite, addSubsidiary } from './sites.ts'

/** The world without defects. Its only labels are people whom no rule can assign, who wait for a reviewer. */
export function populate(random: Random, nowMs: number, scale: number): Draft {
  const phones = phoneBook(random)
  const draft: Draft = {
    random,
    nowMs,
    phones,
    organisations: organisationMaker(random, phones),
    people: personMaker(random, phones),
    hubspot: hubspotBook(random, nowMs),
    salesforce: salesforceBook(random, nowMs),
    sites: [],
    labels: [],
    count: (x, least = 1) => Math.max(least, Math.ceil(x * scale)),
  }
  const { count } = draft
  for (let i = count(290); i > 0; i--) addSite(draft, { hubspot: true, salesforce: true })
  for (let i = count(570); i > 0; i--) addSite(draft, { hubspot: true, salesforce: false })
  for (let i = count(570); i > 0; i--) addSite(draft, { hubspot: false, salesforce: true })
  for (let i = count(60); i > 0; i--) addSubsidiary(draft)
  for (const site of [...draft.sites]) addPeople(draft, site)
  for (let i = count(950); i > 0; i--) addProspect(draft)
  for (let i = count(2300); i > 0; i--) addStranger(draft)
  for (let i = count(60, 6); i > 0; i--) addUndecided(draft)
  addMoney(draft)
  return draft
}
