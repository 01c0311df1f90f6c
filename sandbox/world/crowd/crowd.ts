import { LEFT } from '../brightwater/cast.ts'
import { ownerFor, territoryOf } from '../brightwater/territory.ts'
import { COUNTRIES } from '../geography/countries.ts'
import type { Country } from '../geography/country.ts'
import { INDUSTRIES, JOB_TITLES, SYLLABLES, toAscii, WORDING } from '../market/names.ts'

/**
 * Plain records for benchmarks, beside the handwritten world. Organization j and person i follow from their number
 * alone, so both CRMs generate the same ones independently, and a million cost seconds because nothing is remembered.
 * Their flaws come at fixed rates and have no labels.
 */
export const DAY_MS = 86_400_000

/** Per 1,000 records, as in a CRM without an admin. */
export const FLAWS = {
  blankCountry: 20,
  blankIndustry: 20,
  ownerLeft: 10,
  wrongTerritory: 10,
  staleStatus: 120,
  twinWithOtherOwner: 30,
} as const

/** Each object's share of all records; the rounding remainder goes to contacts. */
const SPREAD = {
  contacts: 0.3,
  companies: 0.12,
  deals: 0.08,
  Lead: 0.17,
  Contact: 0.15,
  Account: 0.1,
  Opportunity: 0.08,
} as const

export type CrowdSize = Readonly<Record<keyof typeof SPREAD, number>>

export function crowdSize(records: number): CrowdSize {
  const of = (name: keyof typeof SPREAD) => Math.floor(records * SPREAD[name])
  const size = {
    contacts: of('contacts'),
    companies: of('companies'),
    deals: of('deals'),
    Lead: of('Lead'),
    Contact: of('Contact'),
    Account: of('Account'),
    Opportunity: of('Opportunity'),
  }
  const rest = records - Object.values(size).reduce((sum, n) => sum + n, 0)
  return { ...size, contacts: size.contacts + rest }
}

/** The first organization and person that Salesforce has: from there to HubSpot's last, both CRMs have them. */
export function overlapOf(size: CrowdSize): { readonly accountsFrom: number; readonly contactsFrom: number } {
  return { accountsFrom: Math.floor(size.companies * 0.7), contactsFrom: Math.floor(size.contacts * 0.9) }
}

export type CrowdOrganisation = {
  readonly name: string
  readonly domain: string
  readonly phone: string
  readonly country: Country
  readonly city: string
  readonly employees: number
  readonly industry: (typeof INDUSTRIES)[number]
  readonly territory: string
  /** The representative's e-mail. */
  readonly owner: string
}

export type CrowdPerson = {
  readonly first: string
  readonly last: string
  readonly email: string
  readonly phone: string
  readonly title: string
  readonly organisation: CrowdOrganisation
}

/** Random draws for one record, the same for the same seed, kind and number. */
export type Draw = {
  /** 0 <= x < below, whole */
  below(n: number): number
  /** True in `perMille` of 1,000. */
  in1000(perMille: number): boolean
  pick<T>(list: readonly T[]): T
}

export function drawFor(seed: number, kind: number, n: number): Draw {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca6b) ^ Math.imul(n + 1, 0xc2b2ae35)) | 0
  // splitmix32
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return { below, in1000: (perMille) => below(1_000) < perMille, pick: (list) => list[below(list.length)]! }
}

/** Each country as often as its weight. */
const WEIGHED = COUNTRIES.flatMap((country) => Array.from({ length: country.weight }, () => country)).filter(
  (country) => territoryOf(country) !== null,
)
const SIZES = [
  [8, 49],
  [8, 49],
  [50, 249],
  [50, 249],
  [250, 499],
  [500, 4_999],
] as const

export function crowdOrganisation(seed: number, j: number): CrowdOrganisation {
  const draw = drawFor(seed, 1, j)
  const country = draw.pick(WEIGHED)
  const territory = territoryOf(country)!
  const wording = WORDING[country.language]
  const brand = draw.pick(SYLLABLES.start) + draw.pick(SYLLABLES.end)
  const trade = draw.pick(wording.trades)
  const number = j.toString(36)
  const [least, most] = draw.pick(SIZES)
  const employees = least + draw.below(most - least + 1)
  return {
    name: `${brand} ${trade.native} ${number.toUpperCase()} ${draw.pick(wording.legalForms)}`,
    domain: `${toAscii(brand)}-${trade.ascii}-${number}.${draw.pick(country.tlds)}`,
    phone: phoneOf(country, country.phone.fixed, j),
    country,
    city: draw.pick(country.cities),
    employees,
    industry: draw.pick(INDUSTRIES),
    territory: territory.id,
    owner: ownerFor(territory, employees),
  }
}

export function crowdPerson(seed: number, i: number, organisation: CrowdOrganisation): CrowdPerson {
  const draw = drawFor(seed, 2, i)
  const { first: firsts, last: lasts } = WORDING[organisation.country.language]
  const first = draw.pick(firsts)
  const last = draw.pick(lasts)
  return {
    first: first.native,
    last: last.native,
    // The number keeps two people of one name at one organization apart.
    email: `${first.ascii}.${last.ascii}.${i.toString(36)}@${organisation.domain}`,
    phone: phoneOf(organisation.country, organisation.country.phone.mobile, i),
    title: draw.pick(JOB_TITLES),
    organisation,
  }
}

/** One number per index and country. The ranges for fiction are too short for a million, so some are lengthened. */
function phoneOf({ phone }: Country, ranges: readonly string[], n: number): string {
  const range = ranges[n % ranges.length]!
  const free = range.split('#').length - 1
  const prefix = free >= 6 ? range.slice(0, range.indexOf('#')) : range.slice(0, 3)
  const digits = free >= 6 ? free : 7
  return `+${phone.calling} ${prefix}${String(n % 10 ** digits).padStart(digits, '0')}`
}

/** The representative, or at a fixed rate a person who left. */
export function crowdOwner(draw: Draw, owner: string): string {
  return draw.in1000(FLAWS.ownerLeft) ? draw.pick(LEFT) : owner
}

/** Created in the last three years, changed at some time since. */
export function crowdTimes(draw: Draw, nowMs: number): { readonly createdAtMs: number; readonly modifiedAtMs: number } {
  const createdAtMs = nowMs - DAY_MS - draw.below(1_095) * DAY_MS - draw.below(DAY_MS)
  const age = nowMs - 60_000 - createdAtMs
  return { createdAtMs, modifiedAtMs: createdAtMs + Math.floor((draw.below(1_000_000) / 1_000_000) * age) }
}

/** Within the last ten business days, whatever holidays a calendar has: never a stale status. */
export function recently(draw: Draw, nowMs: number, createdAtMs: number): number {
  return Math.max(createdAtMs, nowMs - 300_000 - draw.below(13 * DAY_MS))
}
