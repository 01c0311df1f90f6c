import type { Territory } from '../brightwater/cast.ts'
import type { Country } from '../geography/country.ts'
import type { INDUSTRIES } from './names.ts'
import type { PhoneNumber } from './phone-book.ts'

/** A business as it really is, before a CRM records it. */
export type Organisation = {
  readonly name: string
  readonly brand: { readonly native: string; readonly ascii: string }
  readonly domain: string
  readonly switchboard: PhoneNumber
  readonly country: Country
  readonly city: string
  readonly employees: number
  readonly industry: (typeof INDUSTRIES)[number]
  readonly territory: Territory | null
  /** E-mail of its owner in both CRMs. */
  readonly owner: string
  readonly customer: boolean
  readonly parent: Organisation | null
  /** Names its people already have: two people of one switchboard never share a name by accident. */
  readonly namesTaken: Set<string>
}
