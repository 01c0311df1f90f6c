import { territoryName } from '../../matching/territory-name.ts'
import type { CompiledTerritory } from '../../policy/compile.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import { splitTerritories, TERRITORIES, TERRITORY_NAMES } from '../../record/territories-field.ts'

/** The territories that the CRM assigns a record to. A record may be in several at once. */
export type Assigned = {
  /** As people call them. Empty: none, or nobody has asked yet. */
  readonly inWords: readonly string[]
  /** Whether one of them is this one of the table, by its developer name or its name. */
  readonly includes: (row: CompiledTerritory) => boolean
}

export function assignedTerritories({ values }: CrmRecord): Assigned {
  const developerNames = splitTerritories(values[TERRITORIES])
  const names = splitTerritories(values[TERRITORY_NAMES])
  const spelled = [...developerNames, ...names].map(territoryName)
  return {
    inWords: names.length === 0 ? developerNames : names,
    includes: (row) => spelled.some((name) => row.names.has(name)),
  }
}
