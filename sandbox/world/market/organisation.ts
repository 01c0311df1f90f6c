import { TERRITORIES, type Territory } from '../brightwater/cast.ts'
import { COUNTRIES, type Country } from '../geography/countries.ts'
import { INDUSTRIES, SYLLABLES, toAscii, WORDING } from './names.ts'
import type { PhoneBook, PhoneNumber } from './phone-book.ts'
import type { Random } from './random.ts'

/** A business in the world outside, before either CRM wrote it down. */
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
  /** E-mail of who owns it in either CRM. */
  readonly owner: string
  readonly customer: boolean
  readonly parent: Organisation | null
  /** Names already taken by its people, so that no two of one switchboard are namesakes by accident. */
  readonly namesTaken: Set<string>
}

const TERRITORY_OF = new Map(TERRITORIES.flatMap((t) => t.countries.map((iso) => [iso, t] as const)))

export function territoryOf(country: Country): Territory | null {
  return TERRITORY_OF.get(country.iso) ?? null
}

/** Who takes it, by territory and size. */
export function ownerFor(territory: Territory, employees: number): string {
  return employees >= 500 ? territory.enterpriseRep : territory.commercialRep
}

export type OrganisationMaker = {
  business(about?: {
    readonly country?: Country
    readonly employees?: number
    readonly customer?: boolean
  }): Organisation
  /** With its own name and owner; under its own country's domain, or its parent's. */
  subsidiary(parent: Organisation, country: Country, sharesDomain: boolean): Organisation
}

export function organisationMaker(random: Random, phones: PhoneBook, domains = new Set<string>()): OrganisationMaker {
  const names = new Set<string>()
  const countries = COUNTRIES.map((country) => [country, country.weight] as const)

  function employeesOf(): number {
    return random.weighted([
      [() => random.int(8, 49), 40],
      [() => random.int(50, 249), 32],
      [() => random.int(250, 499), 8],
      [() => random.int(500, 4999), 16],
      [() => random.int(5000, 60000), 4],
    ])()
  }

  function brandOf(country: Country): { native: string; ascii: string } {
    const own = WORDING[country.language].brands
    if (own !== undefined && random.chance(0.85)) return random.pick(own)
    const native = random.pick(SYLLABLES.start) + random.pick(SYLLABLES.end)
    return { native, ascii: native.toLowerCase() }
  }

  function finish(
    core: string,
    domainCore: string,
    rest: Pick<Organisation, 'brand' | 'country' | 'city' | 'parent'> & {
      employees: number
      customer: boolean
      domain?: string
    },
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

  return {
    business(about = {}) {
      const country = about.country ?? random.weighted(countries)
      const city = random.pick(country.cities)
      const space = country.language === 'ja' ? '' : ' '
      for (let attempt = 0; ; attempt++) {
        const brand = brandOf(country)
        const trade = random.pick(WORDING[country.language].trades)
        const place = attempt > 3 ? random.pick(country.cities) : ''
        const core =
          place === ''
            ? `${brand.native}${space}${trade.native}`
            : `${brand.native}${space}${trade.native}${space}${place}`
        // Compared without case, accents and script, so that no two businesses are namesakes to any reader.
        const key = `${brand.ascii} ${trade.ascii} ${place}`
        if (names.has(key) && attempt < 200) continue
        const numbered = names.has(key) ? `${core} ${names.size}` : core
        names.add(names.has(key) ? `${key} ${names.size}` : key)
        const domainCore = random.chance(0.5) ? `${brand.ascii}-${trade.ascii}` : `${brand.ascii}${trade.ascii}`
        return finish(numbered, domainCore, {
          brand,
          country,
          city,
          parent: null,
          employees: about.employees ?? employeesOf(),
          customer: about.customer ?? random.chance(0.22),
        })
      }
    },
    subsidiary(parent, country, sharesDomain) {
      const city = random.pick(country.cities)
      const ascii = toAscii(parent.domain.split('.')[0]!)
      const core = `${parent.brand.ascii.charAt(0).toUpperCase()}${parent.brand.ascii.slice(1)} ${city}`
      names.add(core.toLowerCase())
      return finish(core, ascii, {
        brand: parent.brand,
        country,
        city,
        parent,
        employees: random.int(20, 400),
        customer: parent.customer,
        ...(sharesDomain ? { domain: parent.domain } : {}),
      })
    },
  }
}
