import { fieldsOf } from '../../model/patterns/registry.ts'
import type { ObjectRef, PatternSetting } from '../../model/policy/policy.ts'
import { crmProfile, knownProfiles } from '../../model/record/crm-profile.ts'
import { hasTerritories, isFieldOfOurs, TERRITORIES } from '../../model/record/territories-field.ts'
import type { Conditions } from '../../model/rules/condition.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { fieldsNamed } from './pattern-checks.ts'

type Path = (string | number)[]

/** Where a policy document names fields. */
export type NamingFields = {
  readonly objects: readonly ObjectRef[]
  readonly patterns: readonly PatternSetting[]
  readonly conditions: readonly { readonly path: Path; readonly when: Conditions }[]
}

const withTerritories = () => knownProfiles().filter(({ territoryObjects }) => territoryObjects.length > 0)

/**
 * A name with `@` is a fact of ours and no field of the CRM, so a misspelled one would never be found missing: it would be
 * blank for ever. Each is refused that nobody could ever fill.
 */
export function checkFieldsOfOurs(
  { objects, patterns, conditions }: NamingFields,
  refuse: (path: Path, message: string) => void,
): void {
  for (const [i, setting] of patterns.entries()) {
    const on = setting.only === undefined ? objects : [setting.only]
    const { aged } = fieldsOf(setting)
    for (const { path, field } of fieldsNamed(setting)) {
      const why = aged.includes(field) ? whyNotStale(field) : whyNot(field, on)
      if (why !== null) refuse(['patterns', i, ...path], why)
    }
  }
  for (const { path, when } of conditions) {
    for (const [i, { field }] of when.entries()) {
      const why = whyNotAsked(field, objects)
      if (why !== null) refuse([...path, i, 'field'], why)
    }
  }
}

function whyNot(field: string, on: readonly ObjectRef[]): string | null {
  if (!isFieldOfOurs(field)) return null
  if (field !== TERRITORIES) return `"${field}" is not known; with @ there is only ${TERRITORIES}`
  const without = on.filter(({ crm, object }) => !hasTerritories(crm, object))
  if (without.length === 0) return null
  const names = without.map(({ crm, object }) => `${crm}.${object}`).join(', ')
  const holders = withTerritories().flatMap(({ crm, territoryObjects }) =>
    territoryObjects.map((object) => `${crm}.${object}`),
  )
  const crms = withTerritories().map(({ title }) => title)
  return `"${TERRITORIES}" is what ${crms.join(' and ')} assigns records to, which only ${holders.join(' and ')} have, not ${names}: name a field of the record instead, or say only: ${holders[0]}`
}

/** A CRM says that a record is in a territory, and of none how long it has been out of the others. */
function whyNotStale(field: string): string | null {
  return isFieldOfOurs(field) ? `"${field}" has no age that a CRM knows: name fields of the record` : null
}

function whyNotAsked(name: string, objects: readonly ObjectRef[]): string | null {
  const parsed = readFieldName(name)
  if (parsed === null || parsed.kind === 'fact') return null
  if (parsed.kind === 'own') return whyNot(parsed.field, parsed.only === null ? objects : [parsed.only])
  // The account of a record is of the record's own CRM.
  return whyNot(
    parsed.field,
    objects.map(({ crm }) => ({ crm, object: crmProfile(crm).accountObject })),
  )
}
