import { countryCodes, readCountry } from '../../model/matching/country.ts'
import { companyDomain } from '../../model/matching/domain.ts'
import { isStateCode } from '../../model/matching/places/state-names.ts'
import { readState } from '../../model/matching/state.ts'
import { comparableText } from '../../model/record/comparable-text.ts'
import { knownProfiles } from '../../model/record/crm-profile.ts'
import type { FactName } from '../../model/rules/condition.ts'
import { nearestName } from '../nearest-name.ts'
import { emailMistake } from './email-check.ts'
import { watchedObjectNames } from './object-name.ts'

/** What a derived fact can be. A condition that asks for anything else would never hold, or always, and nobody would notice. */
type FactValues = {
  /** Null: the value is possible. Else what is wrong with it and what to write. */
  readonly mistake: (value: string) => string | null
  /** Whether it can be blank. */
  readonly mayBeBlank: boolean
  /** `number`: has ranges. `text`: parts of it may be asked for. `list`: one of a few words. */
  readonly kind: 'number' | 'text' | 'list'
}

const OWNER_STATES = ['active', 'inactive', 'deleted', 'queue', 'empty-queue', 'integration', 'none']

/** What people write for it: so many letters apart that no spelling check finds it. */
const MEANT: Readonly<Record<string, string>> = {
  unassigned: 'none',
  unowned: 'none',
  nobody: 'none',
  blank: 'none',
  empty: 'none',
  null: 'none',
  left: 'inactive',
  disabled: 'inactive',
  deactivated: 'inactive',
  terminated: 'inactive',
  former: 'inactive',
  gone: 'deleted',
  removed: 'deleted',
  sfdc: 'salesforce',
  sf: 'salesforce',
  hs: 'hubspot',
  yes: 'true',
  y: 'true',
  on: 'true',
  '1': 'true',
  customer: 'true',
  no: 'false',
  n: 'false',
  off: 'false',
  '0': 'false',
  prospect: 'false',
}
const SLIPS_MAX = 2

function oneOf(words: () => readonly string[]): FactValues['mistake'] {
  return (value) => {
    const known = words()
    if (known.some((word) => comparableText(word) === comparableText(value))) return null
    const meant = meantOf(value.trim().toLowerCase(), known)
    return `"${value}" is never its value; allowed are ${known.join(', ')}${meant === undefined ? '' : `; the nearest is "${meant}"`}`
  }
}

function meantOf(written: string, known: readonly string[]): string | undefined {
  const byWord = MEANT[written]
  if (byWord !== undefined && known.includes(byWord)) return byWord
  const inside = known.find((word) => written.includes(word.toLowerCase()))
  if (inside !== undefined) return inside
  const nearest = nearestName(
    written,
    known.map((word) => word.toLowerCase()),
    SLIPS_MAX,
  )
  return known.find((word) => word.toLowerCase() === nearest)
}

function country(value: string): string | null {
  if (countryCodes().has(value.trim().toUpperCase())) return null
  const several = value.split(/[\s,;/]+/).filter((part) => part !== '')
  if (several.length > 1 && several.every((part) => countryCodes().has(part.toUpperCase()))) {
    return `"${value}" is several values in one; write [${several.join(', ')}]`
  }
  const meant = readCountry(value) ?? readCountry(value.trim().toUpperCase(), true)
  return meant === null
    ? `"${value}" is no country; write the two letters of ISO 3166-1, like "DE"`
    : `"${value}" is no code of ISO 3166-1; write "${meant}"`
}

/** A code without its country is not one state: CA is California, and in Italy Cagliari. */
function state(value: string): string | null {
  if (isStateCode(value.trim().toUpperCase())) return null
  return `"${value}" is no state; write its code of ISO 3166-2 with the country, like ${readState(value, null) ?? 'US-CA'}`
}

function domain(value: string): string | null {
  const meant = companyDomain(value)
  if (meant === null) {
    return `"${value}" is never a company's domain; write the domain of its web site, like "acme.com"`
  }
  return comparableText(value) === meant ? null : `"${value}" is more than the domain; write "${meant}"`
}

function number(value: string): string | null {
  return /^\d+(?:\.\d+)?$/.test(value.trim()) ? null : `"${value}" is never its value; write a number like 500`
}

export const FACT_VALUES: Readonly<Record<FactName, FactValues>> = {
  'fact.crm': { mistake: oneOf(() => knownProfiles().map(({ crm }) => crm)), mayBeBlank: false, kind: 'list' },
  'fact.object': {
    mistake: oneOf(() => [...new Set(watchedObjectNames().map((name) => name.split('.')[1]!))]),
    mayBeBlank: false,
    kind: 'list',
  },
  'fact.country': { mistake: country, mayBeBlank: true, kind: 'list' },
  'fact.state': { mistake: state, mayBeBlank: true, kind: 'list' },
  'fact.domain': { mistake: domain, mayBeBlank: true, kind: 'text' },
  'fact.employees': { mistake: number, mayBeBlank: true, kind: 'number' },
  'fact.customer': { mistake: oneOf(() => ['true', 'false']), mayBeBlank: false, kind: 'list' },
  'fact.openPipeline': { mistake: number, mayBeBlank: false, kind: 'number' },
  'fact.owner': { mistake: (value) => emailMistake(value.trim()), mayBeBlank: true, kind: 'text' },
  'fact.ownerState': { mistake: oneOf(() => OWNER_STATES), mayBeBlank: false, kind: 'list' },
}
