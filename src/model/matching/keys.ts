import type { ObjectShape } from '../record/crm-profile.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { objectShape } from '../record/object-shape.ts'
import { readCountry } from './country.ts'
import { companyDomain } from './domain.ts'
import { readEmail } from './email.ts'
import { readPhone } from './phone.ts'

/** A key that more records hold says nothing alone: a switchboard, a reseller's domain, `test@test.com`. */
export const KEY_HOLDERS_MAX = 200

/**
 * What this record can be found by: `email:jane@acme.com` and `phone:+4930123456` for persons, `domain:acme.com` and
 * phone for accounts. Role addresses make no key, because people who share `info@` are not one person. Sorted, distinct.
 */
export function matchKeys(record: CrmRecord): string[] {
  const shape = objectShape(record.crm, record.objectType)
  if (shape === undefined || (shape.about !== 'person' && shape.about !== 'account')) return []
  const keys = new Set<string>()
  if (shape.about === 'person' && shape.email !== null) {
    const email = readEmail(record.values[shape.email])
    if (email !== null && !email.isRole) keys.add(`email:${email.address}`)
  }
  if (shape.about === 'account') {
    const domain = accountDomain(record)
    if (domain !== null) keys.add(`domain:${domain}`)
  }
  for (const phone of phonesOf(record, shape)) keys.add(`phone:${phone}`)
  return [...keys].sort()
}

/**
 * Under which key an account finds the records that belong to it by their domain: `of-domain:acme.com`. A lead has no
 * reference to an account until it is converted. No match key: two leads of one company are not one person.
 */
export function linkKeys(record: CrmRecord): string[] {
  const shape = objectShape(record.crm, record.objectType)
  if (!shape?.accountByDomain || shape.account === null || (record.values[shape.account] ?? null) !== null) return []
  const domain = accountDomain(record)
  return domain === null ? [] : [linkTo(`domain:${domain}`)]
}

/** The link key of those that belong to the holder of this domain key. */
export function linkTo(domainKey: string): string {
  return `of-${domainKey}`
}

function phonesOf(record: CrmRecord, shape: ObjectShape): string[] {
  const country = shape.country === null ? null : readCountry(record.values[shape.country])
  return shape.phones
    .map((field) => readPhone(record.values[field], country))
    .filter((phone): phone is string => phone !== null)
}

/**
 * The domain of the account that this record is, or belongs to by its address: an account's web site, a person's mail
 * domain and then their web site. Null where it is nobody's in particular.
 */
export function accountDomain(record: CrmRecord): string | null {
  const shape = objectShape(record.crm, record.objectType)
  if (shape === undefined) return null
  const email = shape.email === null ? null : readEmail(record.values[shape.email])
  const byEmail = email === null ? null : companyDomain(email.domain)
  if (byEmail !== null || shape.domain === null) return byEmail
  return companyDomain(record.values[shape.domain])
}

/**
 * The same as far as it is known. The mail address says it before the web site does: a web site that we know decides
 * nothing while the address is hidden, and one that is hidden does not matter while the address says it.
 */
export function knownDomain(record: CrmRecord): Known {
  const shape = objectShape(record.crm, record.objectType)
  if (shape === undefined) return null
  const address = shape.email === null ? null : knownValue(record, shape.email)
  if (address instanceof Unknown) return address
  const email = readEmail(address)
  const byEmail = email === null ? null : companyDomain(email.domain)
  if (byEmail !== null || shape.domain === null) return byEmail
  const site = knownValue(record, shape.domain)
  return site instanceof Unknown ? site : companyDomain(site)
}
