import type { FieldText } from '../record/change-event.ts'
import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { isPerson, recordShape } from '../record/person-form.ts'
import { NO_READINGS, type Readings } from '../record/readings.ts'
import { holdsCountryCodes, readCountry } from './country.ts'
import { companyDomain, mailDomain } from './domain.ts'
import { readEmails } from './email.ts'
import { readPhones } from './phone.ts'
import { agreedReading } from './places/agreed-reading.ts'

/** A key that more records hold says nothing alone: a switchboard, a reseller's domain, `test@test.com`. */
export const KEY_HOLDERS_MAX = 200

/**
 * What this record can be found by: `email:jane@acme.com` and `phone:+4930123456` for persons, accounts that are persons
 * among them, `domain:acme.com` and phone for businesses. Role addresses make no key, because people who share `info@` are
 * not one person, and neither does what somebody made up to get past a form. Sorted, distinct. `countries` is what the company
 * agreed that texts mean which name no country by themselves: the country decides how a number without a prefix is read.
 */
export function matchKeys(record: CrmRecord, countries: Readings['countries'] = NO_READINGS.countries): string[] {
  const shape = objectShape(record.crm, record.objectType)
  if (shape === undefined || (shape.about !== 'person' && shape.about !== 'account')) return []
  const keys = new Set<string>()
  if (shape.about === 'person') for (const field of emailFields(shape)) addEmail(keys, record.values[field])
  if (shape.about === 'account') {
    const person = isPerson(record)
    // An account that may be a person or a business can be found as either, and who finds it asks.
    const isBusiness = person === false && record.values[shape.asPerson?.flag ?? ''] !== undefined
    if (shape.asPerson !== undefined && !isBusiness) addEmail(keys, record.values[shape.asPerson.email])
    const domain = person === true || shape.domain === null ? null : companyDomain(record.values[shape.domain])
    if (domain !== null) keys.add(`domain:${domain}`)
  }
  for (const phone of phonesOf(record, recordShape(record)!, countries)) keys.add(`phone:${phone}`)
  return [...keys].sort()
}

/** The fields with the addresses of a person, their first address first. */
export function emailFields({ email, moreEmails = [] }: ObjectShape): readonly string[] {
  return email === null ? moreEmails : [email, ...moreEmails]
}

function addEmail(keys: Set<string>, text: FieldText | undefined): void {
  for (const { address, isRole, isNobodys } of readEmails(text)) {
    if (!isRole && !isNobodys) keys.add(`email:${address}`)
  }
}

/**
 * Under which key an account finds the persons of its domain, in whichever CRM: `of-domain:acme.com`. Until they name an
 * account they belong to it, and whatever they name, they are of a customer where it is one. No match key: two leads of one
 * company are not one person.
 */
export function linkKeys(record: CrmRecord): string[] {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.about !== 'person') return []
  const domain = accountDomain(record)
  return domain === null ? [] : [linkTo(`domain:${domain}`)]
}

/** The link key of those that belong to the holder of this domain key. */
export function linkTo(domainKey: string): string {
  return `of-${domainKey}`
}

function phonesOf(record: CrmRecord, shape: ObjectShape, countries: Readings['countries']): string[] {
  const text = shape.country === null ? null : (record.values[shape.country] ?? null)
  const country =
    text === null ? null : (agreedReading(countries, text) ?? readCountry(text, holdsCountryCodes(shape.country!)))
  return shape.phones.flatMap((field) => readPhones(record.values[field], country))
}

/** The company that a person's addresses name: the first that names one. */
function domainOfEmails(text: string | null | undefined): string | null {
  for (const { domain, isNobodys } of readEmails(text)) {
    const company = isNobodys ? null : mailDomain(domain)
    if (company !== null) return company
  }
  return null
}

/**
 * The domain of the account that this record is, or belongs to by its address: an account's web site, a person's mail
 * domain and then their web site. Null where it is nobody's in particular.
 */
export function accountDomain(record: CrmRecord): string | null {
  const shape = recordShape(record)
  if (shape === undefined) return null
  const byEmail = shape.email === null ? null : domainOfEmails(record.values[shape.email])
  if (byEmail !== null || shape.domain === null) return byEmail
  return companyDomain(record.values[shape.domain])
}

/**
 * The same as far as it is known. The mail address says it before the web site does: a web site that we know decides
 * nothing while the address is hidden, and one that is hidden does not matter while the address says it.
 */
export function knownDomain(record: CrmRecord): Known {
  const shape = recordShape(record)
  if (shape === undefined) return null
  // A business has its web site's domain, a person that of their mail.
  const person = isPerson(record)
  if (person instanceof Unknown) return person
  const address = shape.email === null ? null : knownValue(record, shape.email)
  if (address instanceof Unknown) return address
  const byEmail = domainOfEmails(address)
  if (byEmail !== null || shape.domain === null) return byEmail
  const site = knownValue(record, shape.domain)
  return site instanceof Unknown ? site : companyDomain(site)
}
