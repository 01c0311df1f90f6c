import { COUNTRIES } from '../world/geography/countries.ts'
import { FREE_MAIL } from '../world/geography/free-mail.ts'
import type { Organisation } from '../world/market/organisation.ts'
import type { Person } from '../world/market/person.ts'
import { isoOf } from './snapshot.ts'
import { type Untouched, untouched } from './untouched.ts'
import type { Workplace } from './workplace.ts'

/**
 * Old HubSpot records without defects whose person or company Salesforce does not have. Old, because the CRMs' clocks
 * may differ by seconds: the record created in Salesforce today must clearly be the newer one.
 */
export type OnlyInHubSpot<T> = { readonly whom: T; readonly owner: string }

const FREE = new Set(Object.values(FREE_MAIL).flat())

export function peopleOnlyInHubSpot(work: Workplace, count: number): OnlyInHubSpot<Person>[] {
  const { before, paper } = work
  const known = new Set([...before.leads, ...before.salesforceContacts].map((row) => lower(row.Email)))
  // A private address, so that it matches no account's domain.
  const suits = ({ values }: Untouched) => {
    const email = lower(values.email)
    return (
      FREE.has(domainOf(email)) && domainOf(email) !== 'gmail.com' && !known.has(email) && !values.associatedcompanyid
    )
  }
  return untouched(work, 'contacts', count, suits).map(({ values }) => ({
    whom: {
      ...paper.people.alone(countryOf(values.country)),
      first: String(values.firstname),
      last: String(values.lastname),
      email: lower(values.email),
    },
    owner: ownerOf(work, values),
  }))
}

export function companiesOnlyInHubSpot(work: Workplace, count: number): OnlyInHubSpot<Organisation>[] {
  const { before, paper } = work
  const holders = new Map<string, number>()
  const hold = (domain: string) => holders.set(domain, (holders.get(domain) ?? 0) + 1)
  for (const { properties } of before.companies) hold(lower(properties.domain))
  // A lead of the domain would match an account with another owner.
  for (const row of [...before.leads, ...before.accounts]) {
    hold(domainOf(lower(row.Email)))
    hold(
      lower(row.Website)
        .replace(/^https?:\/\//, '')
        .replace(/^www\./, '')
        .split('/')[0]!,
    )
  }
  const parents = new Set(before.companies.map(({ properties }) => properties.hs_parent_company_id ?? ''))
  const suits = ({ id, values }: Untouched) =>
    holders.get(lower(values.domain)) === 1 &&
    !FREE.has(lower(values.domain)) &&
    !values.hs_parent_company_id &&
    !parents.has(id)
  return untouched(work, 'companies', count, suits).map(({ values }) => ({
    whom: {
      ...paper.organisations.business({
        country: countryOf(values.country),
        employees: Number(values.numberofemployees),
        customer: false,
      }),
      name: String(values.name),
      domain: lower(values.domain),
    },
    owner: ownerOf(work, values),
  }))
}

function lower(value: unknown): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : ''
}

function domainOf(email: string): string {
  return email.split('@')[1] ?? ''
}

function countryOf(text: unknown) {
  return COUNTRIES.find((country) => country.iso === isoOf(text))!
}

function ownerOf(work: Workplace, values: Untouched['values']): string {
  return work.before.owners.find((owner) => owner.id === values.hubspot_owner_id)!.email
}
