import { isPartOf, SHARED_NAMES } from './places/country-codes.ts'
import { countryNames, countryOfName } from './places/country-names.ts'
import { nearestText } from './places/nearest-text.ts'
import { nameKey } from './places/place-words.ts'
import { remembered } from './places/remembered.ts'
import { lookUpState, statesOf } from './places/state-names.ts'

/**
 * ISO 3166 alpha-2 of the country that the text names, in any of our languages; null where it names none. `De`, `no` and
 * `n.a.` are words before they are codes, so codes of two letters count in capitals only, or where the field holds codes.
 */
export function readCountry(text: string | null | undefined, holdsCodes = false): string | null {
  if (text == null || text === '') return null
  if (holdsCodes) {
    const code = countryNames().byCode.get(text.trim().toUpperCase())
    if (code !== undefined) return code
  }
  return readText(text)
}

let codes: ReadonlySet<string> | null = null

/** Every code that a text can be read as. */
export function countryCodes(): ReadonlySet<string> {
  codes ??= new Set(countryNames().byCode.values())
  return codes
}

/** Fields in which CRMs keep codes of countries: `CountryCode`, `BillingCountryCode`, `hs_country_region_code`. */
export function holdsCountryCodes(field: string): boolean {
  return /country(_?region)?_?code(__c)?$/i.test(field)
}

/** The name that was most likely meant by a text that names no country; null where none is close. */
export const nearestCountry = remembered((text): string | null => {
  const { byName, written } = countryNames()
  const key = nearestText(nameKey(text), byName.keys())
  return key === null ? null : written.get(key)!
})

const ANY_BRACKET = /[()[\]{}（）]/
/** What stands between two names of one country, or its name and its code. */
const BETWEEN = /\s*[,;:|/\\()[\]{}（）、،–—]\s*|\s+-+\s+|\s+or\s+/u
/** Two regional letters are the flag of a country. */
const FLAG = /[\u{1f1e6}-\u{1f1ff}]{2}/gu

/** What country pickers and forms add: the dialing code, and that it is a country. */
const ADDED = /\(?\+\d{1,4}\)?(?!\d)|[([]\s*country\s*[)\]]|^\s*(?:country|land|país|pays|paese|kraj)\s*[:=]/giu

const readText = remembered((raw) => {
  const text = raw
    .replaceAll(FLAG, flagInLetters)
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(ADDED, ' ')
    .trim()
  const { byCode } = countryNames()
  // In `Peru, IN` the two letters are no word that joins a name, but a code that says another place.
  const hasCode = text.split(BETWEEN).some((part) => /^[A-Z]{2}$/.test(part) && part !== text && byCode.has(part))
  return (hasCode ? null : named(text)) ?? namedInParts(text)
})

function named(text: string): string | null {
  if (/^([A-Za-z]\.\s?){2}$/.test(text)) return DOTTED[text.replaceAll(/[.\s]/g, '').toUpperCase()] ?? null
  const code = countryNames().byCode.get(text)
  if (code !== undefined) return code
  // Two Latin letters in small print are a word of some language before they are a code. "uk" is no word of any.
  if (/^[A-Za-z]{2}$/.test(text)) return text.toLowerCase() === 'uk' ? 'GB' : null
  // Three letters that a list of countries offers are hardly ever a word, and forms ask for "usa" and "deu".
  const isLongCode = /^[A-Za-z]{3}$/.test(text) && !WORDS.has(text.toLowerCase())
  const longCode = isLongCode ? countryNames().byCode.get(text.toUpperCase()) : undefined
  return longCode ?? countryOfName(text)
}

/** Words that are codes of three letters in capitals only: "CAN" is Canada, "can" is not, and "Nga" is Russia in Vietnamese. */
const WORDS: ReadonlySet<string> = new Set(
  'and are ben can dom fin gin guy jam lie mac mar nga nor pan per sur tan ton'.split(' '),
)

/** Abbreviations with dots: `N.A.` is "not available", and `U.S.` a country. */
const DOTTED: Readonly<Record<string, string>> = { US: 'US', UK: 'GB', GB: 'GB' }

/** `DE - Germany`, `United States (USA)`, `Hong Kong, China`: every part names the one country, or says more about it. */
function namedInParts(text: string): string | null {
  const written = text.split(BETWEEN).filter((part) => /[\p{L}\p{N}]/u.test(part))
  // The letter on cars: `F - Frankreich`.
  const parts = written.length === 2 && /^[A-Z]$/.test(written[0]!) ? written.slice(1) : written
  if (parts.length < 2)
    return (parts[0] !== text && parts[0] !== undefined ? named(parts[0]) : null) ?? ofCodeAndName(text)
  const codes = parts.map(named)
  const [first = null, ...others] = codes
  if (codes.every((code) => code !== null)) return together(codes)
  const within = placeWithin(text, parts, codes)
  if (within !== null) return within
  // A note in brackets that names nothing: "Germany (Munich)". Not where it may tell one country from another.
  if (first === null || !ANY_BRACKET.test(text) || SHARED_NAMES.has(first)) return null
  return parts.length === 2 && others[0] === null ? first : null
}

/** Words that take back what stands beside them: "not Germany", "all but Spain". */
const TAKEN_BACK =
  /(?<!\p{L})(?:not?|non|except|excluding|excl|without|other|former|formerly|ex|but|outside|near|kein|nicht|außer|ohne)(?!\p{L})/iu
/** Of these a town says the country, whatever else is called so. */
const NO_OTHER_TOWNS: ReadonlySet<string> = new Set(['IE', 'CN', 'TW'])

/**
 * `Bavaria, Germany`, `USA - NY`, `Munich, Germany`: the one country named, where the other parts are its states, or a town in
 * front of its name. A code of two letters is too short for that: `Portland, ME` is not in Montenegro.
 */
function placeWithin(text: string, parts: readonly string[], codes: readonly (string | null)[]): string | null {
  const country = together(codes.filter((code) => code !== null))
  if (country === null) return null
  const others = parts.filter((_, i) => codes[i] === null)
  const named = parts.filter((_, i) => codes[i] !== null)
  if (others.every((part) => isStateOf(country, part))) return country
  const isTown = others.every(
    (part) =>
      !TAKEN_BACK.test(part) && !part.split(/\s+/).some((word) => word.length > 3 && countryOfName(word) !== null),
  )
  const isWhole = named.every((part) => !/^[A-Z]{2}$/.test(part) || part === 'UK') && codes.at(-1) !== null
  const isSure = !SHARED_NAMES.has(country) || NO_OTHER_TOWNS.has(country)
  return isTown && isWhole && isSure && /^[^;:|/\\()[\]{}]+$/.test(text) && text.includes(',') ? country : null
}

function isStateOf(country: string, text: string): boolean {
  const states = statesOf(country)
  return states.codes.has(`${country}-${text.toUpperCase()}`) || lookUpState(states, text, country) !== null
}

/** `DE-Germany`: the hyphen stands in many names, so only a code before or after it parts the text. */
function ofCodeAndName(text: string): string | null {
  const [, code, name] = /^([A-Z]{2,3})-(.+)$/.exec(text) ?? [
    null,
    ...(/^(.+)-([A-Z]{2,3})$/.exec(text)?.slice(1).toReversed() ?? []),
  ]
  if (code == null || name == null) return null
  const codes = [named(code), named(name)]
  if (codes.every((one) => one !== null)) return together(codes)
  // `US-NY` is a state, while `US-CA` may be the two countries.
  const [country = null] = codes
  return country !== null && codes[1] === null && isStateOf(country, name) ? country : null
}

/** The one country that all of them are, or the part of it that the others are the state of. */
function together(codes: readonly string[]): string | null {
  const distinct = [...new Set(codes)]
  if (distinct.length === 1) return distinct[0]!
  const part = distinct.find((code) => distinct.every((other) => other === code || isPartOf(code, other)))
  return part ?? null
}

function flagInLetters(flag: string): string {
  const letters = [...flag].map((letter) => String.fromCodePoint(letter.codePointAt(0)! - 0x1f1e6 + 65)).join('')
  return ` | ${letters} | `
}
