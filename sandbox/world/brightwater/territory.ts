import type { Country } from '../geography/country.ts'
import { TERRITORIES, type Territory } from './cast.ts'

const TERRITORY_OF = new Map(TERRITORIES.flatMap((t) => t.countries.map((iso) => [iso, t] as const)))

/** Null: no territory covers the country. */
export function territoryOf(country: Country): Territory | null {
  return TERRITORY_OF.get(country.iso) ?? null
}

/** The representative for an organization of this size, as the routing rules assign it. */
export function ownerFor(territory: Territory, employees: number): string {
  return employees >= 500 ? territory.enterpriseRep : territory.commercialRep
}
