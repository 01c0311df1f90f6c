import { comparableText } from '../../model/record/comparable-text.ts'
import { isKnownCrm, knownProfiles } from '../../model/record/crm-profile.ts'
import { isBlankText } from '../../model/record/visible-text.ts'
import { FACT_NAMES } from '../../model/rules/condition.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { nearestName } from '../nearest-name.ts'
import { watchedObjectNames } from './object-name.ts'

/** Why nothing is ever read under this name, and what to write instead; null: it may be a field. */
export function fieldNameMistake(name: string): string | null {
  if (name.trim() === '') return 'must name a field, for example country'
  if (name !== name.trim()) return `"${name}" has a blank around it; write "${name.trim()}"`
  const odd = oddCharacter(name)
  if (odd !== null) return odd
  if (/^facts?$/i.test(name)) return `"${name}" names no fact; allowed are ${FACT_NAMES.join(', ')}`
  if (/^account$/i.test(name))
    return `"${name}" names no field; write one of the account's, for example account.industry`
  const parsed = readFieldName(name)
  if (parsed === null) {
    const nearest = nearestName(name, FACT_NAMES)
    return `"${name}" is no fact; allowed are ${FACT_NAMES.join(', ')}${nearest === undefined ? '' : `; the nearest is ${nearest}`}`
  }
  if (parsed.kind === 'fact') return null
  if (parsed.kind === 'own' && parsed.only !== null)
    return objectMistake(parsed.only.crm, parsed.only.object, parsed.field)
  const field = parsed.field
  if (field === '') return `"${name}" names no field; write one, for example account.industry`
  if (field.includes('.')) return pathMistake(name)
  return null
}

/** Both CRMs make names of these alone, whatever language the label is in. */
const OF_NAMES = /[A-Za-z0-9_.@-]/

/** A label, a template, or a letter of another alphabet that looks like one of these. */
function oddCharacter(name: string): string | null {
  const odd = [...name].find((character) => !OF_NAMES.test(character))
  if (odd === undefined) return null
  if (/\s/.test(odd)) {
    return `"${name}" is how people call a field; write its name in the CRM's own spelling, which has no blanks, for example lead_source or LeadSource`
  }
  const shown = isBlankText(odd) ? 'a character that nobody sees' : `the character "${odd}"`
  const code = `U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
  return `"${name}" has ${shown} (${code}) in it, which no field name of a CRM has; write the name in the CRM's own spelling, for example lead_source or LeadSource`
}

function objectMistake(crm: string, object: string, field: string): string | null {
  if (watchedObjectNames().includes(`${crm}.${object}`)) return null
  const nearest = nearestName(
    `${crm}.${object}`,
    watchedObjectNames().filter((name) => name.startsWith(`${crm}.`)),
  )
  return `"${crm}.${object}" is no object that is read; allowed are ${watchedObjectNames().join(', ')}; the nearest is ${nearest}.${field}`
}

const RECORD_TYPE = /^record_?types?$/i
const OWNER = /^owner$/i

function pathMistake(name: string): string {
  const parts = name.split('.')
  const [first = '', ...rest] = parts
  const last = rest.at(-1) ?? ''
  const crm = knownProfiles().find((profile) => comparableText(profile.crm) === comparableText(first))
  if (crm !== undefined && rest.length === 2 && !isKnownCrm(first))
    return `"${name}": write ${crm.crm}.${rest.join('.')}`
  const says = `"${name}" is a path to another record, and only fields of the record and of its account are read`
  if (FACT_NAMES.includes(`fact.${last}` as never) && /^facts?$/i.test(first)) return `"${name}": write fact.${last}`
  if (RECORD_TYPE.test(first)) return `${says}; write RecordTypeId with the id of the record type`
  if (OWNER.test(first)) return `${says}; write fact.owner for the owner's e-mail, or fact.ownerState`
  if (/^(?:account|company|companies|parent)$/i.test(first) && rest.length === 1)
    return `${says}; write account.${last}`
  return `${says}; name a field of the record, of the account like account.industry, or a fact like fact.country`
}
