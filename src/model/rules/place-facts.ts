import { holdsCountryCodes, nearestCountry, readCountry } from '../matching/country.ts'
import { readingKey } from '../matching/places/reading-key.ts'
import { nearestState, readState } from '../matching/state.ts'
import { knownValue } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'

import { isPerson } from '../record/person-form.ts'

import { NO_READINGS } from '../record/readings.ts'

import type { CaseFacts } from './facts.ts'
import { together } from './render.ts'

/** A text of a field that is filled in, and that names nothing that we know: never the same as a blank field. */
export type UnreadText = { readonly field: string; readonly text: string; readonly says: string }

/**
 * ISO 3166-1 alpha-2 of the record's country, null where the field is blank. A text that names none is itself, in quotes: it
 * is in no list of countries, and it is not blank.
 */
export function country(facts: CaseFacts): Known {
  const text = textOf(facts, 'country')
  return text === null || text instanceof Unknown ? text : (countryOf(text, facts) ?? quoted(text))
}

function quoted(text: string): string {
  return `"${text.trim()}"`
}

function countryOf(text: string, { shape, readings }: CaseFacts): string | null {
  return agreed(readings.countries, text) ?? readCountry(text, holdsCountryCodes(shape.country ?? ''))
}

/** What people agreed that the text means. Nearly every company has agreed on nothing, and then nothing is folded. */
function agreed(meanings: Readonly<Record<string, string>>, text: string): string | null {
  if (meanings === NO_READINGS.countries || meanings === NO_READINGS.states) return null
  const key = readingKey(text)
  return Object.hasOwn(meanings, key) ? meanings[key]! : null
}

/** ISO 3166-2 of the record's state or province, read in its country; as with countries, what names none is in quotes. */
export function state(facts: CaseFacts): Known {
  const text = textOf(facts, 'state')
  if (text === null || text instanceof Unknown) return text
  const home = homeOf(facts)
  return home instanceof Unknown ? home : (stateOf(text, home, facts) ?? quoted(text))
}

/** The country in which a state is looked for; null where the record names none. */
function homeOf(facts: CaseFacts): string | Unknown | null {
  const text = textOf(facts, 'country')
  return text === null || text instanceof Unknown ? text : countryOf(text, facts)
}

function stateOf(text: string, home: string | null, { readings }: CaseFacts): string | null {
  const code = agreed(readings.states, text)
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
  if (text === null || text instanceof Unknown || countryOf(text, facts) !== null) return null
  const nearest = nearestCountry(text)
  const says = `the text ${quoted(text)} names no country${nearest === null ? '' : ` (the nearest name is ${nearest})`}`
  return { field: facts.shape.country!, text, says }
}

function unreadState(facts: CaseFacts): UnreadText | null {
  const text = textOf(facts, 'state')
  const home = homeOf(facts)
  if (text === null || text instanceof Unknown || home instanceof Unknown) return null
  if (stateOf(text, home, facts) !== null) return null
  const nearest = home === null ? null : nearestState(text, home)
  const where = home === null ? ' without a country' : ` of ${home}`
  const says = `the text ${quoted(text)} names no state${where}${nearest === null ? '' : ` (the nearest name is ${nearest})`}`
  return { field: facts.shape.state!, text, says }
}

/** What to do about texts that name nothing, in two sentences. */
export function howToRead(unread: readonly UnreadText[]): string {
  const fields = together(unread.map(({ field }) => field))
  return `Correct ${fields}. If the text is right, ask the workflow owner to add what it means to readings.yaml.`
}
