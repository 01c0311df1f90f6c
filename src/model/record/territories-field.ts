import type { Crm } from './change-event.ts'
import { crmProfile } from './crm-profile.ts'

/**
 * Which territories the CRM itself assigns a record to, for a CRM that keeps this beside the record and not in a field
 * of it. Kept among the record's values all the same, because it is a fact like the others. No CRM has a field name with
 * `@`, and no reading of the record brings it along.
 */

/** Their developer names, sorted and joined with `;`; null: none. Not there at all: nobody has asked yet. */
export const TERRITORIES = '@territories'

/** The same by the names that people give them, in their own order. */
export const TERRITORY_NAMES = '@territory-names'

/** Said by us of a record, and so nothing that the CRM could be asked for by its name. */
export function isFieldOfOurs(field: string): boolean {
  return field.startsWith('@')
}

export function hasTerritories(crm: Crm, object: string): boolean {
  return crmProfile(crm).territoryObjects.includes(object)
}

/** One entry of a value: `;` separates them, and people may put it into a name. */
export function joinTerritories(names: readonly string[]): string | null {
  const entries = [...new Set(names.map((name) => name.replaceAll(';', ',').trim()).filter((name) => name !== ''))]
  return entries.length === 0 ? null : entries.sort().join(';')
}

export function splitTerritories(value: string | null | undefined): string[] {
  return value == null || value === '' ? [] : value.split(';')
}

/** One record in one territory: an association, which is made and deleted and never changed. */
export type TerritoryAssignment = {
  readonly assignmentId: string
  readonly objectType: string
  readonly recordId: string
  readonly territoryId: string
}
