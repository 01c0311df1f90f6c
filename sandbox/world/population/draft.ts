import type { HubSpotBook } from '../books/hubspot-book.ts'
import type { HubSpotDraft } from '../books/hubspot-draft.ts'
import type { SalesforceBook } from '../books/salesforce-book.ts'
import type { SalesforceDraft } from '../books/salesforce-tables.ts'
import type { Organisation } from '../market/organisation.ts'
import type { OrganisationMaker } from '../market/organisation-maker.ts'
import type { PersonMaker } from '../market/person-maker.ts'
import type { PhoneBook } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import type { Label } from '../records/world.ts'

/** An organization with its record in each CRM. */
export type Site = {
  readonly organisation: Organisation
  readonly company: HubSpotDraft | null
  readonly account: SalesforceDraft | null
  /** No routing workflow watches its people, so its owner can change without causing a case about a person. */
  readonly quiet: boolean
  /** A defect or trap already uses it. */
  taken: boolean
}

/** The world while it is being generated: the clean population adds to it first, then the defects and traps. */
export type Draft = {
  readonly random: Random
  readonly nowMs: number
  readonly phones: PhoneBook
  readonly organisations: OrganisationMaker
  readonly people: PersonMaker
  readonly hubspot: HubSpotBook
  readonly salesforce: SalesforceBook
  readonly sites: Site[]
  readonly labels: Label[]
  /** `x` at scale 1; never less than `least`. */
  count(x: number, least?: number): number
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

export const IN_SCOPE_STAGES = ['lead', 'marketingqualifiedlead', 'salesqualifiedlead'] as const
export const OPEN_LEAD_STATUSES = ['Open', 'Working', 'Nurturing'] as const

/** Between a month and three years ago, more often lately. */
export function longAgo({ random, nowMs }: Draft): number {
  return nowMs - 30 * DAY_MS - Math.floor(random.next() ** 1.5 * 1060 * DAY_MS)
}

/** In the last ten days, but longer ago than every grace period. */
export function recently({ random, nowMs }: Draft): number {
  return nowMs - 2 * HOUR_MS - Math.floor(random.next() * 10 * DAY_MS)
}
