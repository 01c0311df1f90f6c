import { ownerFor, territoryOf } from '../brightwater/territory.ts'
import { COUNTRIES } from '../geography/countries.ts'
import type { Country } from '../geography/country.ts'
import { INDUSTRIES, SYLLABLES, toAscii, WORDING, type Written } from './names.ts'
import type { Organisation } from './organisation.ts'
import type { PhoneBook } from './phone-book.ts'
import type { Random } from './random.ts'

export type OrganisationMaker = {
  business(about?: BusinessWishes): Organisation
  /** Has its own name and owner. Its domain is its own, or its parent's. */
  subsidiary(parent: Organisation, country: Country, sharesDomain: boolean): Organisation
}

type BusinessWishes = { readonly country?: Country; readonly employees?: number; readonly customer?: boolean }

/** `domains`: domains that an organization already has. */
export function organisationMaker(random: Random, phones: PhoneBook, domains = new Set<string>()): OrganisationMaker {
  const market: Market = { random, phones, domains, names: new Set() }
  return {
    business: (about = {}) => makeBusiness(market, about),
    subsidiary: (parent, country, sharesDomain) => makeSubsidiary(market, parent, country, sharesDomain),
  }
}

/** What is taken already, and where the next organization's data comes from. */
type Market = {
  readonly random: Random
  readonly phones: PhoneBook
  readonly domains: Set<string>
  readonly names: Set<string>
}

const WEIGHED_COUNTRIES = COUNTRIES.map((country) => [country, country.weight] as const)

function makeBusiness(market: Market, about: BusinessWishes): Organisation {
  const { random } = market
  const country = about.country ?? random.weighted(WEIGHED_COUNTRIES)
  const city = random.pick(country.cities)
  const { core, brand, trade } = unusedName(market, country)
  const domainCore = random.chance(0.5) ? `${brand.ascii}-${trade.ascii}` : `${brand.ascii}${trade.ascii}`
  return finish(market, core, domainCore, {
    brand,
    country,
    city,
    parent: null,
    employees: about.employees ?? employeesOf(random),
    customer: about.customer ?? random.chance(0.22),
  })
}

function makeSubsidiary(market: Market, parent: Organisation, country: Country, sharesDomain: boolean): Organisation {
  const { random, names } = market
  const city = random.pick(country.cities)
  const ascii = toAscii(parent.domain.split('.')[0]!)
  const core = `${parent.brand.ascii.charAt(0).toUpperCase()}${parent.brand.ascii.slice(1)} ${city}`
  names.add(core.toLowerCase())
  return finish(market, core, ascii, {
    brand: parent.brand,
    country,
    city,
    parent,
    employees: random.int(20, 400),
    customer: parent.customer,
    ...(sharesDomain ? { domain: parent.domain } : {}),
  })
}

/** Brand and trade, from the fourth repetition on with a city, in the end with a number. */
function unusedName({ random, names }: Market, country: Country): { core: string; brand: Written; trade: Written } {
  const space = country.language === 'ja' ? '' : ' '
  for (let attempt = 0; ; attempt++) {
    const brand = brandOf(random, country)
    const trade = random.pick(WORDING[country.language].trades)
    const place = attempt > 3 ? random.pick(country.cities) : ''
    const core =
      place === '' ? `${brand.native}${space}${trade.native}` : `${brand.native}${space}${trade.native}${space}${place}`
    // Compared without case, accents and script: a matcher that folds them must not find two businesses alike.
    const key = `${brand.ascii} ${trade.ascii} ${place}`
    if (names.has(key) && attempt < 200) continue
    const numbered = names.has(key) ? `${core} ${names.size}` : core
    names.add(names.has(key) ? `${key} ${names.size}` : key)
    return { core: numbered, brand, trade }
  }
}

function brandOf(random: Random, country: Country): Written {
  const own = WORDING[country.language].brands
  if (own !== undefined && random.chance(0.85)) return random.pick(own)
  const native = random.pick(SYLLABLES.start) + random.pick(SYLLABLES.end)
  return { native, ascii: native.toLowerCase() }
}

function employeesOf(random: Random): number {
  return random.weighted([
    [() => random.int(8, 49), 40],
    [() => random.int(50, 249), 32],
    [() => random.int(250, 499), 8],
    [() => random.int(500, 4999), 16],
    [() => random.int(5000, 60000), 4],
  ])()
}

/** Adds what every organization has: legal form, domain, switchboard, industry, territory and owner. */
function finish(
  { random, phones, domains }: Market,
  core: string,
  domainCore: string,
  rest: Pick<Organisation, 'brand' | 'country' | 'city' | 'parent' | 'employees' | 'customer'> & { domain?: string },
): Organisation {
  const { country, employees } = rest
  const form = random.pick(WORDING[country.language].legalForms)
  const territory = territoryOf(country)
  let domain = rest.domain
  if (domain === undefined) {
    const tld = random.pick(country.tlds)
    domain = `${domainCore}.${tld}`
    for (let n = 2; domains.has(domain); n++) domain = `${domainCore}${n}.${tld}`
    domains.add(domain)
  }
  return {
    ...rest,
    name: country.language === 'ja' ? (random.chance(0.6) ? form + core : core + form) : `${core} ${form}`,
    domain,
    switchboard: phones.subscriber(country, 'fixed'),
    industry: random.pick(INDUSTRIES),
    territory,
    owner: territory === null ? '' : ownerFor(territory, employees),
    namesTaken: new Set(),
  }
}
