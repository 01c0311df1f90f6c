import { LEFT } from '../brightwater/cast.ts'
import { COUNTRIES, type Country } from '../geography/countries.ts'
import { INDUSTRIES, JOB_TITLES, SYLLABLES, toAscii, WORDING } from '../market/names.ts'
import { ownerFor, territoryOf } from '../market/organisation.ts'

/**
 * The many: plain records for measuring, beside the world that is written by hand. Organisation j and person i are
 * worked out from their number alone, so that both CRMs make the same ones without knowing of each other, and nothing
 * is kept to avoid repetition: a million of them cost seconds. Their flaws come at fixed rates and carry no labels.
 */
export const DAY_MS = 86_400_000

/** Of 1,000 records: what a plain CRM that nobody tidied looks like. */
export const FLAWS = {
  blankCountry: 20,
  blankIndustry: 20,
  ownerLeft: 10,
  wrongTerritory: 10,
  staleStatus: 120,
  twinWithOtherOwner: 30,
} as const

/** How the records are spread. Shares of all records; what rounding leaves goes to the first of each CRM. */
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

/** Where Salesforce's part begins: the organisations and persons from there on are in both CRMs as far as HubSpot goes. */
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
  /** E-mail of the representative. */
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

/** Draws for one thing, the same for the same seed, kind and number. */
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

/** Countries as often as they weigh. */
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
    // The number keeps namesakes at one organisation apart.
    email: `${first.ascii}.${last.ascii}.${i.toString(36)}@${organisation.domain}`,
    phone: phoneOf(organisation.country, organisation.country.phone.mobile, i),
    title: draw.pick(JOB_TITLES),
    organisation,
  }
}

/** One number per index and country, long enough for a million of them; the short ranges for fiction would repeat. */
function phoneOf({ phone }: Country, ranges: readonly string[], n: number): string {
  const range = ranges[n % ranges.length]!
  const free = range.split('#').length - 1
  const prefix = free >= 6 ? range.slice(0, range.indexOf('#')) : range.slice(0, 3)
  const digits = free >= 6 ? free : 7
  return `+${phone.calling} ${prefix}${String(n % 10 ** digits).padStart(digits, '0')}`
}

/** Who owns it: the representative, or at a fixed rate somebody who left. */
export function crowdOwner(draw: Draw, owner: string): string {
  return draw.in1000(FLAWS.ownerLeft) ? draw.pick(LEFT) : owner
}

/** Created in the last three years, changed some time since. */
export function crowdTimes(draw: Draw, nowMs: number): { readonly createdAtMs: number; readonly modifiedAtMs: number } {
  const createdAtMs = nowMs - DAY_MS - draw.below(1_095) * DAY_MS - draw.below(DAY_MS)
  const age = nowMs - 60_000 - createdAtMs
  return { createdAtMs, modifiedAtMs: createdAtMs + Math.floor((draw.below(1_000_000) / 1_000_000) * age) }
}

/** Within the last ten business days, whatever holidays a calendar has: no status that is looked at looks stale. */
export function recently(draw: Draw, nowMs: number, createdAtMs: number): number {
  return Math.max(createdAtMs, nowMs - 300_000 - draw.below(13 * DAY_MS))
}
