import { iso31662 } from 'iso-3166'
import { plainVowels } from '../fold-text.ts'
import { nameKey } from './place-words.ts'
import { STATE_ALIASES } from './state-aliases.ts'
import { STATES_IN_ENGLISH } from './states-in-english.ts'

type States = {
  readonly codes: ReadonlySet<string>
  /** By the key of a name. A name of a state within another goes after the name of a whole one. */
  readonly names: ReadonlyMap<string, string>
}

/** What kind of division it is, which people write or leave out: `Co. Cork`, `Aichi-ken`, `Guangdong Sheng`, `東京都`. */
const KIND =
  /(?:^|\s)(?:state|province|prov|provincia|estado|county|co|prefecture|pref|region|regione|ken|sheng|shi|zizhiqu|zhuangzu|huizu|huizi|uygur|sar|republic|canton|oblast|citta|metropolitana|metropolitan|city|municipality|autonomous|special|freistaat|bundesland|land|kanton|lan|to|fu|emirate|governorate|voivodeship|wojewodztwo)(?=\s|$)/gu
/** In the United States these are towns and counties, whatever state they are called after: Kansas City, Washington County. */
const AMERICAN_KIND = /^(?:state|commonwealth)\s|\sstate$/gu
const KIND_AT_END = /(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市|県|府|都|縣)$/u

const byCountry = new Map<string, States>()
let byCode: ReadonlyMap<string, string> | null = null
let onceInTheWorld: ReadonlyMap<string, string | null> | null = null

/** The states of one country, made on first use. Empty: the country has none, or there is no such country. */
export function statesOf(country: string): States {
  let states = byCountry.get(country)
  if (states === undefined) {
    states = buildStates(country)
    byCountry.set(country, states)
  }
  return states
}

function buildStates(country: string): States {
  const codes = new Set<string>()
  const names = new Map<string, string>()
  const bare: [string, string][] = []
  const add = (name: string, code: string) => {
    const [key, ...others] = keysOf(name, country)
    if (key && !names.has(key)) names.set(key, code)
    for (const other of others) bare.push([other, code])
  }
  for (const [short, aliases] of Object.entries(STATE_ALIASES[country] ?? {})) {
    for (const name of aliases.split(' | ')) add(name, `${country}-${short}`)
  }
  for (const one of STATES_IN_ENGLISH[country]?.split(', ') ?? []) {
    const [short = '', names = ''] = one.split(/ (.*)/)
    for (const name of names.split('|')) add(name, `${country}-${short}`)
  }
  const entries = iso31662.filter(({ code }) => code.startsWith(`${country}-`))
  const wholeFirst = entries.toSorted((a, b) => a.parent.length - b.parent.length)
  for (const { code, name } of wholeFirst) {
    codes.add(code)
    for (const one of [name, ...name.split(/[,/()]/)]) add(one, code)
  }
  // What is a whole name of one is not the bare name of another: the state of México, and Mexico City.
  for (const [key, code] of bare) if (!names.has(key)) names.set(key, code)
  return { codes, names }
}

/** The name as it stands, without the kind of division, and either with umlauts as plain vowels. */
function keysOf(name: string, country: string): string[] {
  const key = nameKey(name)
  const kind = country === 'US' ? AMERICAN_KIND : KIND
  const bare = key.replaceAll(kind, ' ').trim().replaceAll(/\s+/g, ' ').replace(KIND_AT_END, '')
  const both = bare === '' ? [key] : [key, bare]
  return [...new Set([...both, ...both.map((one) => one.split(' ').map(plainVowels).join(' '))])]
}

/** By which a name is looked up: as it stands, and then without the kind of division. */
export function lookUpState({ names }: States, text: string, country: string): string | null {
  for (const key of keysOf(text, country)) {
    const code = names.get(key)
    if (code !== undefined) return code
  }
  return null
}

/** The state whose name this is, where only one in the world is called that. */
export function stateOfName(text: string): string | null {
  onceInTheWorld ??= namesOfTheWorld()
  return onceInTheWorld.get(nameKey(text)) ?? null
}

function namesOfTheWorld(): Map<string, string | null> {
  const once = new Map<string, string | null>()
  const countries = new Set(iso31662.map(({ code }) => code.slice(0, 2)))
  for (const country of countries) {
    for (const [key, code] of statesOf(country).names) {
      // Codes and abbreviations say nothing without their country.
      if (key.replaceAll(' ', '').length > 3 || /[^ -~]/.test(key)) once.set(key, once.has(key) ? null : code)
    }
  }
  return once
}

/** Its name by ISO 3166-2; the code where there is none. */
export function nameOfState(code: string): string {
  byCode ??= new Map(iso31662.map((entry) => [entry.code, entry.name]))
  return byCode.get(code) ?? code
}

/** True for a code of ISO 3166-2. */
export function isStateCode(code: string): boolean {
  return statesOf(code.slice(0, 2)).codes.has(code)
}
