import { readCountry } from './country.ts'
import { nearestText } from './places/nearest-text.ts'
import { nameKey } from './places/place-words.ts'
import { remembered } from './places/remembered.ts'
import { lookUpState, nameOfState, stateOfName, statesOf } from './places/state-names.ts'

/** In small print, or with dots, they are "not available" and "no" before they are Naples and Novara. */
function isWord(text: string): boolean {
  return /^(n\.\s?a\.?)$/i.test(text) || /^[Nn][ao]$/.test(text)
}

/**
 * ISO 3166-2 code of the state, province or prefecture that the text names in this country, `US-CA`; null where it names
 * none. Without a country only what says it itself is read: a whole code, a name that the world has once, `California, USA`.
 */
export function readState(text: string | null | undefined, country: string | null): string | null {
  if (text == null || text.trim() === '') return null
  return readKept(`${country ?? ''}/${text}`)
}

/** `US/California`; without a country `/California`. */
const readKept = remembered((place) => {
  const [country, text] = partsOf(place)
  const plain = text.replaceAll(/\p{Cf}/gu, '').trim()
  return readIn(plain, country) ?? readInParts(plain.replace(POSTAL_CODE, '$1'), country)
})

function partsOf(place: string): [country: string | null, text: string] {
  const end = place.indexOf('/')
  return [place.slice(0, end) || null, place.slice(end + 1)]
}

function readIn(text: string, country: string | null): string | null {
  const [, ofCountry, short] = /^([A-Za-z]{2})[-_. ]([A-Za-z0-9]{1,3})$/.exec(text) ?? []
  if (ofCountry !== undefined && short !== undefined) {
    const code = `${ofCountry}-${short}`.toUpperCase()
    if ((country === null || code.startsWith(country)) && statesOf(code.slice(0, 2)).codes.has(code)) return code
  }
  if (country === null) return stateOfName(text)
  const states = statesOf(country)
  const whole = `${country}-${text.replaceAll('.', '').toUpperCase()}`
  if (states.codes.has(whole) && !isWord(text)) return whole
  return lookUpState(states, text, country)
}

/** Behind the state: `TX 78701`, `VIC 3000`. */
const POSTAL_CODE = /^(\p{L}.*?)[\s,]+\d{4,5}(?:-\d{4})?$/u

const BETWEEN = /\s*[,;:|/()[\]–—]\s*|\s+-+\s+/u

/** `California (CA)`, `CA - California`, `California, USA`: every part names the one state, or its country. */
function readInParts(text: string, country: string | null): string | null {
  const parts = text.split(BETWEEN).filter((part) => part !== '')
  const [only] = parts
  if (parts.length < 2) return only === undefined ? null : (readIn(only, country) ?? ofNameAndCode(only, country))
  let home = country
  const rest: string[] = []
  for (const [i, part] of parts.entries()) {
    // México is a state of Mexico, too.
    const isHome = i > 0 && i === parts.length - 1 && home !== null && readCountry(part) === home
    const named = isHome || readIn(part, home) === null ? readCountry(part) : null
    if (named === null) rest.push(part)
    else if (home !== null && home !== named) return null
    else home = named
  }
  const read = rest.map((part) => readIn(part, home))
  // A town in front of its state: `Austin, TX`. Two states are none.
  const states = new Set(
    text.includes(',') && home !== null && read.at(-1) !== null ? read.filter((one) => one !== null) : read,
  )
  const [state = null] = states
  return states.size === 1 ? state : null
}

/** `North Carolina NC` */
function ofNameAndCode(text: string, country: string | null): string | null {
  const [, name, code] = /^(.+)\s+([A-Z]{2,3})$/.exec(text) ?? []
  const state = name === undefined ? null : readIn(name, country)
  return state !== null && readIn(code!, country) === state ? state : null
}

/** The name that was most likely meant by a text that names no state of the country; null where none is close. */
export function nearestState(text: string, country: string): string | null {
  return nearestKept(`${country}/${text}`)
}

const nearestKept = remembered((place) => {
  const [country, text] = partsOf(place)
  const { names } = statesOf(country!)
  const key = nearestText(nameKey(text), names.keys())
  const code = key === null ? undefined : names.get(key)
  return code === undefined ? null : nameOfState(code)
})
