import { holdsCountryCodes, nearestCountry, readCountry } from '../matching/country.ts'
import { isPlaceholder } from '../matching/placeholder.ts'
import { agreedReading } from '../matching/places/agreed-reading.ts'
import { nearestState, readState } from '../matching/state.ts'
import { knownValue, missingField } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { isPerson } from '../record/person-form.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition } from './condition.ts'
import { together } from './render.ts'

/** A text of a field that is filled in, and that names nothing that we know: never the same as a blank field. */
export type UnreadText = {
  readonly field: string
  readonly text: string
  readonly says: string
  /** It is asked for a number, and not for a place. */
  readonly isNumber?: true
}

/**
 * ISO 3166-1 alpha-2 of the record's country, null where the field is blank or holds a placeholder like "n/a". A text that
 * names none is itself, in quotes: it is not blank, and whether it is in a list of countries is not known.
 */
export function country(facts: CaseFacts): Known {
  const text = textOf(facts, 'country')
  return text === null || text instanceof Unknown ? text : (countryOf(text, facts) ?? unreadValue(text))
}

function unreadValue(text: string): string | null {
  return isNoAnswer(text) ? null : quoted(text)
}

function isNoAnswer(text: string): boolean {
  return isPlaceholder(text, 'country')
}

function quoted(text: string): string {
  return `"${text.trim()}"`
}

function countryOf(text: string, { shape, readings }: CaseFacts): string | null {
  return agreedReading(readings.countries, text) ?? readCountry(text, holdsCountryCodes(shape.country ?? ''))
}

/** ISO 3166-2 of the record's state or province, read in its country; as with countries, what names none is in quotes. */
export function state(facts: CaseFacts): Known {
  const text = textOf(facts, 'state')
  if (text === null || text instanceof Unknown) return text
  const home = homeOf(facts)
  return home instanceof Unknown ? home : (stateOf(text, home, facts) ?? unreadValue(text))
}

/** The country in which a state is looked for; null where the record names none. */
function homeOf(facts: CaseFacts): string | Unknown | null {
  const text = textOf(facts, 'country')
  return text === null || text instanceof Unknown ? text : countryOf(text, facts)
}

function stateOf(text: string, home: string | null, { readings }: CaseFacts): string | null {
  const code = agreedReading(readings.states, text)
  if (code !== null && (home === null || code.startsWith(`${home}-`))) return code
  return readState(text, home)
}

function textOf({ record, shape }: CaseFacts, part: 'country' | 'state'): Known {
  const field = shape[part]
  if (field === null) return null
  const text = knownValue(record, field)
  if (part === 'state' || text !== null || shape.asPerson === undefined) return text
  // Only a person would be placed by where they live.
  const home = knownValue(record, shape.asPerson.country)
  const person = home === null ? false : isPerson(record)
  return person instanceof Unknown ? person : text
}

/** The text below this fact, where there is one and it names nothing; null where the fact is known or its field blank. */
export function unreadText(fact: string, facts: CaseFacts): UnreadText | null {
  // A what-if value stands in the place of the text.
  if (facts.supposed?.has(fact)) return null
  if (fact === 'fact.country') return unreadCountry(facts)
  return fact === 'fact.state' ? unreadState(facts) : null
}

function unreadCountry(facts: CaseFacts): UnreadText | null {
  const text = textOf(facts, 'country')
  if (text === null || text instanceof Unknown || countryOf(text, facts) !== null || isNoAnswer(text)) return null
  const nearest = nearestCountry(text)
  const says = `the text ${quoted(text)} names no country${nearest === null ? '' : ` (the nearest name is ${nearest})`}`
  return { field: facts.shape.country!, text, says }
}

function unreadState(facts: CaseFacts): UnreadText | null {
  const text = textOf(facts, 'state')
  const home = homeOf(facts)
  if (text === null || text instanceof Unknown || home instanceof Unknown) return null
  if (stateOf(text, home, facts) !== null || isNoAnswer(text)) return null
  const nearest = home === null ? null : nearestState(text, home)
  const where = home === null ? ' without a country' : ` of ${home}`
  const says = `the text ${quoted(text)} names no state${where}${nearest === null ? '' : ` (the nearest name is ${nearest})`}`
  return { field: facts.shape.state!, text, says }
}

/**
 * In which countries a condition looks for the record, so that a text which names no country or state leaves its answer open:
 * those of its states, or `any`. Null: it does not ask for a place.
 */
export function placesAsked(condition: Condition): readonly string[] | 'any' | null {
  const { field, op } = condition
  if (op !== 'in' && op !== 'not-in') return null
  if (field === 'fact.country') return 'any'
  if (field !== 'fact.state') return null
  return [...new Set(condition.values.map((value) => value.slice(0, 2).toUpperCase()))].sort()
}

/**
 * Why it is not known whether the value of this fact is one of those that a condition asks for; null where it is known. A
 * state that is not understood is in its country for all that, and none of another.
 */
export function notUnderstood(
  { field }: Condition,
  asked: readonly string[] | 'any' | null,
  value: Known,
  facts: CaseFacts,
): Unknown | null {
  if (asked === null || typeof value !== 'string' || !value.startsWith('"')) return null
  const unread = unreadText(field, facts)
  if (unread === null) return null
  const home = asked === 'any' ? null : homeOf(facts)
  if (asked !== 'any' && typeof home === 'string' && !asked.includes(home)) return null
  return new Unknown([missingField(facts.record, unread.field, 'not-understood')])
}

/** Nothing else is missing than what texts mean that name no country or state, or leave open which number is meant. */
export function isOnlyNotUnderstood({ inputs }: Unknown): boolean {
  return inputs.every(({ why }) => why === 'not-understood')
}

/** What to do about texts that name nothing, in a sentence or two for each kind. */
export function howToRead(unread: readonly UnreadText[]): string {
  const fieldsOf = (asNumber: boolean) =>
    together(unread.filter(({ isNumber = false }) => isNumber === asNumber).map(({ field }) => field))
  const isOf = (asNumber: boolean) => unread.some(({ isNumber = false }) => isNumber === asNumber)
  return [
    ...(isOf(false)
      ? [
          `Correct ${fieldsOf(false)}. If the text is right, ask the workflow owner to add what it means to readings.yaml.`,
        ]
      : []),
    ...(isOf(true) ? [`Write one number into ${fieldsOf(true)}, in digits without a separator.`] : []),
  ].join(' ')
}
