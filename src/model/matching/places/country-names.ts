import { iso31661, iso31661Alpha3ToAlpha2 } from 'iso-3166'
import { plainVowels } from '../fold-text.ts'
import { COUNTRY_ALIASES } from './country-aliases.ts'
import { COUNTRY_CODE_ALIASES } from './country-codes.ts'
import { LISTED_NAMES } from './listed-names.ts'
import { anyOrderKey, coreOf, nameKey, placeWords } from './place-words.ts'

/** Languages in which CRMs of our customers hold country names. */
const LANGUAGES = [
  'en',
  'de',
  'fr',
  'es',
  'pt',
  'it',
  'nl',
  'sv',
  'da',
  'nb',
  'fi',
  'pl',
  'cs',
  'hu',
  'ro',
  'el',
  'ja',
  'zh',
  'zh-Hant',
  'ko',
  'th',
  'ru',
  'tr',
  'ar',
] as const

/** A short name that two countries share, told apart by the long one: people's and democratic republics come second. */
const RIVALS: readonly (readonly [string, string])[] = [
  ['KR', 'KP'],
  ['CG', 'CD'],
]

/** Not in ISO 3166-1, but in the lists of CRMs. */
const KOSOVO = 'XK'

const BRACKETS = /[([（].*?[)\]）]/

export type CountryNames = {
  /** By the name in the order in which it is written. */
  readonly byName: ReadonlyMap<string, string>
  readonly byWords: ReadonlyMap<string, string>
  /** By what is left without the kind of state. Null: more than one country has that. */
  readonly byCore: ReadonlyMap<string, string | null>
  /** By what is left of a name without blanks and umlauts. Null: more than one country has that. */
  readonly byLetters: ReadonlyMap<string, string | null>
  /** By code in capitals: alpha-2, alpha-3, and what people take for one. */
  readonly byCode: ReadonlyMap<string, string>
  /** How a name is written, by its key, for suggestions. */
  readonly written: ReadonlyMap<string, string>
}

let names: CountryNames | null = null

/** Made on first use: 250 countries in two dozen languages, some thousand short strings. */
export function countryNames(): CountryNames {
  names ??= buildNames()
  return names
}

/** The democratic or people's one of two countries that share a short name; the country itself where none does. */
export function rivalOf(code: string, form: 'plain' | 'state' | 'peoples'): string {
  if (form !== 'peoples') return code
  return RIVALS.find(([first]) => first === code)?.[1] ?? code
}

function buildNames(): CountryNames {
  const byName = new Map<string, string>()
  const byWords = new Map<string, string>()
  const byCore = new Map<string, string | null>()
  const written = new Map<string, string>()
  // The first wins, so that one spelling can never mean two countries: our own list, then the languages in their order.
  const add = (name: string, code: string) => {
    const words = placeWords(name)
    const key = words.join(' ')
    if (key === '' || byName.has(key)) return
    byName.set(key, code)
    written.set(key, name)
    const ordered = anyOrderKey(words)
    if (!byWords.has(ordered)) byWords.set(ordered, code)
    const { core } = coreOf(words)
    if (core !== '') byCore.set(core, sharedBy(byCore.get(core), code))
  }
  for (const code in COUNTRY_ALIASES) for (const name of COUNTRY_ALIASES[code]!.split(' | ')) add(name, code)
  for (const { alpha2, name } of iso31661) add(name, alpha2)
  const codes = [...iso31661.map(({ alpha2 }) => alpha2), KOSOVO]
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
    for (const code of codes) {
      const name = display.of(code) ?? ''
      add(name, code)
      if (BRACKETS.test(name)) add(name.replace(BRACKETS, ' '), code)
    }
  }
  for (const list of LISTED_NAMES) {
    for (const [code, name] of Object.entries(list)) for (const one of [name].flat()) add(one, code)
  }
  for (const code of codes) for (const name of ownNames(code)) add(name, code)
  return { byName, byWords, byCore, byLetters: lettersOf(byName), byCode: buildCodes(codes), written }
}

/** What a country calls itself, in the language that most people write there: `Eesti`, `България`. */
function ownNames(code: string): string[] {
  const { language, script } = new Intl.Locale(`und-${code}`).maximize()
  return [...new Set([`${language}-${script}`, `${language}-Latn`])].flatMap((locale) => {
    const display = new Intl.DisplayNames([locale], { type: 'region', fallback: 'none' })
    return display.of(code) ?? []
  })
}

/** Shorter ones are words and abbreviations, too. */
const LETTERS_MIN = 6

function lettersOf(byName: ReadonlyMap<string, string>): Map<string, string | null> {
  const byLetters = new Map<string, string | null>()
  for (const [key, code] of byName) {
    const letters = onlyLetters(key)
    if (letters.length >= LETTERS_MIN) byLetters.set(letters, sharedBy(byLetters.get(letters), code))
  }
  return byLetters
}

/** `United Kingdom` and `unitedkingdom`, `Königreich` and `Koenigreich`. */
function onlyLetters(key: string): string {
  return key.split(' ').map(plainVowels).join('')
}

function sharedBy(known: string | null | undefined, code: string): string | null {
  if (known === undefined || known === code) return code
  if (known === null) return null
  const rivals = RIVALS.find((pair) => pair.includes(known) && pair.includes(code))
  return rivals === undefined ? null : rivals[0]
}

function buildCodes(codes: readonly string[]): Map<string, string> {
  const byCode = new Map(codes.map((code) => [code, code]))
  for (const [alpha3, alpha2] of Object.entries(iso31661Alpha3ToAlpha2)) byCode.set(alpha3, alpha2)
  for (const [written, code] of Object.entries(COUNTRY_CODE_ALIASES)) byCode.set(written, code)
  return byCode
}

/** The country whose name this is, whole or in its long form; null where it is nobody's. */
export function countryOfName(text: string): string | null {
  const { byName, byWords, byCore, byLetters } = countryNames()
  const key = nameKey(text)
  if (key === '') return null
  const exact = byName.get(key)
  if (exact !== undefined) return exact
  const words = key.split(' ')
  const inAnyOrder = byWords.get(anyOrderKey(words))
  if (inAnyOrder !== undefined) return inAnyOrder
  const ofLetters = byLetters.get(onlyLetters(key)) ?? null
  if (ofLetters !== null) return ofLetters
  const { core, form } = coreOf(words)
  const ofCore = core === '' || form === 'plain' ? null : (byCore.get(core) ?? null)
  // "State of Georgia" is one of the United States, which no field of a country should hold.
  if (ofCore === 'GE') return null
  return ofCore === null ? null : rivalOf(ofCore, form)
}
