import type { Country } from '../geography/country.ts'
import type { Organisation } from './organisation.ts'
import type { PhoneNumber } from './phone-book.ts'

/** A customer, a prospect, or someone who once left an address at a trade fair. */
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
  /** E-mail of this person's owner in both CRMs. Empty: no territory covers the country. */
  readonly owner: string
}
