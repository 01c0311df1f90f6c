import { territoryOf } from '../brightwater/territory.ts'
import { COUNTRIES } from '../geography/countries.ts'
import type { Country } from '../geography/country.ts'
import { FREE_MAIL } from '../geography/free-mail.ts'
import { JOB_TITLES, toAscii, WORDING } from './names.ts'
import type { Organisation } from './organisation.ts'
import type { Person } from './person.ts'
import type { PhoneBook } from './phone-book.ts'
import type { Random } from './random.ts'

export type PersonMaker = {
  at(organisation: Organisation): Person
  /** Writes from a free mail address and names a business that neither CRM has. */
  alone(country?: Country): Person
}

/** `emails`: mailboxes that a person already has. */
export function personMaker(random: Random, phones: PhoneBook, emails = new Set<string>()): PersonMaker {
  const market: Market = { random, phones, emails }
  return {
    at: (organisation) => personAt(market, organisation),
    alone: (country = random.weighted(WEIGHED_COUNTRIES)) => personAlone(market, country),
  }
}

type Market = { readonly random: Random; readonly phones: PhoneBook; readonly emails: Set<string> }

const WEIGHED_COUNTRIES = COUNTRIES.map((country) => [country, country.weight] as const)

function personAt(market: Market, organisation: Organisation): Person {
  const { random, phones } = market
  const { first: firsts, last: lasts } = WORDING[organisation.country.language]
  let first = random.pick(firsts)
  let last = random.pick(lasts)
  // Compared in ASCII too: behind one switchboard a matcher takes José and Jose for one person.
  while (organisation.namesTaken.has(`${toAscii(first.ascii)} ${toAscii(last.ascii)}`)) {
    first = random.pick(firsts)
    last = random.pick(lasts)
  }
  organisation.namesTaken.add(`${toAscii(first.ascii)} ${toAscii(last.ascii)}`)
  const local = random.weighted([
    [`${first.ascii}.${last.ascii}`, 6],
    [`${first.ascii.charAt(0)}.${last.ascii}`, 2],
    [`${first.ascii}${last.ascii.charAt(0)}`, 1],
  ])
  return {
    first: first.native,
    last: last.native,
    email: unusedEmail(market, local, organisation.domain),
    phone: random.chance(0.5) ? organisation.switchboard : phones.subscriber(organisation.country, 'fixed'),
    mobile: random.chance(0.25) ? phones.subscriber(organisation.country, 'mobile') : null,
    country: organisation.country,
    city: organisation.city,
    title: random.pick(JOB_TITLES),
    organisation,
    companyName: organisation.name,
    employees: organisation.employees,
    owner: organisation.owner,
  }
}

function personAlone(market: Market, country: Country): Person {
  const { random, phones } = market
  const wording = WORDING[country.language]
  const first = random.pick(wording.first)
  const last = random.pick(wording.last)
  const local = random.weighted([
    [`${first.ascii}.${last.ascii}${random.int(60, 99)}`, 4],
    [`${first.ascii}${last.ascii}`, 2],
    [`${last.ascii}.${first.ascii}`, 2],
    [`${first.ascii.charAt(0)}${last.ascii}${random.int(1960, 2004)}`, 2],
  ])
  const territory = territoryOf(country)
  const separator = country.language === 'ja' ? '' : ' '
  return {
    first: first.native,
    last: last.native,
    email: unusedEmail(market, local, random.pick(FREE_MAIL[country.language])),
    phone: phones.subscriber(country, 'mobile'),
    mobile: null,
    country,
    city: random.pick(country.cities),
    title: random.pick(JOB_TITLES),
    organisation: null,
    companyName: `${last.native}${separator}${random.pick(wording.trades).native}`,
    employees: random.int(1, 20),
    owner: territory === null ? '' : territory.commercialRep,
  }
}

function unusedEmail({ emails }: Market, local: string, domain: string): string {
  // Gmail delivers jane.doe and janedoe to one mailbox, so two people must not get these two.
  const mailbox = (address: string) => (domain === 'gmail.com' ? address.replaceAll('.', '') : address)
  let email = `${local}@${domain}`
  for (let n = 2; emails.has(mailbox(email)); n++) email = `${local}${n}@${domain}`
  emails.add(mailbox(email))
  return email
}
