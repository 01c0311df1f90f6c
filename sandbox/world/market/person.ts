import { COUNTRIES, type Country, FREE_MAIL } from '../geography/countries.ts'
import { JOB_TITLES, toAscii, WORDING } from './names.ts'
import { type Organisation, territoryOf } from './organisation.ts'
import type { PhoneBook, PhoneNumber } from './phone-book.ts'
import type { Random } from './random.ts'

/** Someone who buys, asks or once left an address at a fair. */
export type Person = {
  readonly first: string
  readonly last: string
  readonly email: string
  readonly phone: PhoneNumber
  readonly mobile: PhoneNumber | null
  readonly country: Country
  readonly city: string
  readonly title: string
  readonly organisation: Organisation | null
  readonly companyName: string
  readonly employees: number
  /** E-mail of who owns this person in both CRMs. Empty: nobody covers the country. */
  readonly owner: string
}

export type PersonMaker = {
  at(organisation: Organisation): Person
  /** Writes from a free mail address and names a business that neither CRM knows. */
  alone(country?: Country): Person
}

export function personMaker(random: Random, phones: PhoneBook, emails = new Set<string>()): PersonMaker {
  const countries = COUNTRIES.map((country) => [country, country.weight] as const)

  function unused(local: string, domain: string): string {
    // Gmail reads jane.doe and janedoe as one mailbox, so two strangers must not get these two.
    const mailbox = (address: string) => (domain === 'gmail.com' ? address.replaceAll('.', '') : address)
    let email = `${local}@${domain}`
    for (let n = 2; emails.has(mailbox(email)); n++) email = `${local}${n}@${domain}`
    emails.add(mailbox(email))
    return email
  }

  return {
    at(organisation) {
      const { first: firsts, last: lasts } = WORDING[organisation.country.language]
      let first = random.pick(firsts)
      let last = random.pick(lasts)
      // The folded spelling is compared too: José and Jose behind one switchboard would be one person to a reader.
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
        email: unused(local, organisation.domain),
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
    },
    alone(country = random.weighted(countries)) {
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
        email: unused(local, random.pick(FREE_MAIL[country.language])),
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
    },
  }
}
