import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min'
import { visibleText } from '../record/visible-text.ts'
import { isNobodysNumber } from './nobodys-number.ts'
import { presentForm } from './phone-renumbering.ts'
import { withoutSpreadsheet } from './spreadsheet-text.ts'

const TEXT_MAX = 250
const NUMBERS_MAX = 5
/** Digits of a number that somebody can be called by from elsewhere; fewer after a slash are an extension or the line. */
const WHOLE_NUMBER = 7

/** In a row, fewer digits are the middle of one number in groups. */
const WHOLE_IN_A_ROW = 9
/** `+49711123456`: a plus and eleven digits. */
const STEM_MIN = 12
/** `0711 123456/57`: two lines that differ in their last digits. */
const LAST_DIGITS_TWICE = /^(.*\d)\s*\/\s*\d{1,2}$/

const BETWEEN = /[;|\n\r\t]+|\s*,\s*|\s*\/\s*|\s+(?:or|and|oder|und|ou|et|o|y|e|&)\s+|(?<=\d)\s*(?=\+\d)/i
// Said in front of a number, and behind the one before it.
const LABEL =
  /\b(?:t|f|m|tel|telefon|telephone|phone|mobile?|mob|cell|handy|fax|office|work|home|direct|main|büro|privat)\b\.?\s*[:.]?/giu
const DIRECT_LINE =
  /[\s,;-]*\b(?:dw|durchwahl|nebenstelle|nst|interno|int|poste|ramal|anexo|toestel|tst|wew)\b\.?\s*:?\s*\d{1,6}$/i

/**
 * E.164 of every number that somebody wrote into one field, each once, read with the record's country. Numbers without an
 * international prefix and without a country stay unread: guessing a country makes strangers equal. Numbers made up to get
 * past a form are none.
 */
export function readPhones(text: string | null | undefined, country: string | null): string[] {
  if (text === null || text === undefined || text.length < 6 || text.length > TEXT_MAX) return []
  const region = country !== null && isSupportedCountry(country) ? (country as CountryCode) : undefined
  const plain = asDialed(withoutSpreadsheet(visibleText(text.normalize('NFKC'))).replace(/^\+\s*(?=\+|00)/, ''), region)
  const phones = new Set<string>()
  for (const written of numbersIn(plain)) {
    for (const phone of phonesOf(written, region)) if (phones.size < NUMBERS_MAX) phones.add(phone)
  }
  return [...phones]
}

function phonesOf(written: string, region: CountryCode | undefined): readonly string[] {
  if (isNobodysNumber(written)) return []
  const number = written.replace(DIRECT_LINE, '')
  const stem = LAST_DIGITS_TWICE.exec(number)?.[1]
  const phone = (stem === undefined ? null : longPhone(stem, region)) ?? onePhone(number, region)
  return phone === null ? twoInARow(number, region) : [phone]
}

/** A short one may be an area code, and what follows the slash the line. */
function longPhone(text: string, region: CountryCode | undefined): string | null {
  const phone = onePhone(text, region)
  return phone !== null && phone.length >= STEM_MIN ? phone : null
}

/** Two whole numbers with nothing but a blank between: only where there is one place to part them. */
function twoInARow(text: string, region: CountryCode | undefined): readonly string[] {
  const pairs = [...text.matchAll(/\s+/g)].flatMap(({ index }) => {
    const both = [text.slice(0, index), text.slice(index).trim()]
    const isWhole = both.every((half) => half.replaceAll(/\D/g, '').length >= WHOLE_IN_A_ROW && !isNobodysNumber(half))
    const phones = isWhole ? both.map((half) => onePhone(half, region)) : []
    return phones.length === 2 && phones.every((one) => one !== null) ? [[...new Set(phones)]] : []
  })
  return pairs.length === 1 ? pairs[0]! : []
}

// Freephone numbers of North America are advertised in words, of which the first seven letters are dialed.
const VANITY =
  /^(\+?1?[\s.(-]*8(?:00|33|44|55|66|77|88)[\s.)-]*)((?=(?:[\s-]*\d)*[\s-]*[A-Z])[A-Z\d](?:[\s-]?[A-Z\d]){6,9})$/
const KEYS = 'ABC2DEF3GHI4JKL5MNO6PQRS7TUV8WXYZ9'
// (0xx11): any carrier of Brazil.
const CARRIER = /^(\+?55[\s-]*)?\(?\s*0?\s*xx\s*(?=\d{2})/i
// What stands in brackets is dialed at home only, where it is dialed at all; in Italy, San Marino and parts of West
// Africa it is part of the number.
const AT_HOME = /^((?:\+|00)\s*(?!39|378|225|229|241|242)\d{1,3}[\s.-]*)\(0\)/
const CHAT_LINK = /^(?:https?:\/\/)?(?:wa\.me\/|api\.whatsapp\.com\/send\/?\?phone=)\+?(?=\d)/i

/** As the number is dialed: words of a vanity number in digits, without the placeholder of a carrier. */
function asDialed(text: string, region: CountryCode | undefined): string {
  const plain = text.replace(CHAT_LINK, '+').replace(AT_HOME, '$1')
  if (region === 'BR' || /^\+?55/.test(plain)) return plain.replace(CARRIER, (_, code: string = '') => `${code}(`)
  const isAmerican = plain.startsWith('+1') || (region !== undefined && getCountryCallingCode(region) === '1')
  // Elsewhere the digits in front would be left as a number.
  if (!isAmerican) return VANITY.test(plain) ? '' : plain
  return plain.replace(
    VANITY,
    (_, start: string, word: string) => start + onKeys(word.replaceAll(/[\s-]/g, '').slice(0, 7)),
  )
}

function onKeys(word: string): string {
  return word.replaceAll(/[A-Z]/g, (letter) => /\d/.exec(KEYS.slice(KEYS.indexOf(letter)))![0])
}

/** How no area code of the country begins. In Argentina 15 is a mobile's number without its area. */
const NO_AREA_CODE: Readonly<Record<string, RegExp>> = { 1: /^[01]/, 54: /^15/ }

/** Apart where each part is a whole number; otherwise a slash or comma stands inside one, or before an extension. */
function numbersIn(text: string): readonly string[] {
  const unlabeled = text.replaceAll(LABEL, ' ; ').replace(/^[\s;]+|[\s;]+$/g, '')
  const parts = unlabeled.split(BETWEEN).filter((part) => /\d/.test(part))
  if (parts.length > 1 && parts.every((part) => part.replaceAll(/\D/g, '').length >= WHOLE_NUMBER)) return parts
  return [text]
}

function onePhone(text: string, region: CountryCode | undefined): string | null {
  return (
    readAs(withPlus(text, /^\(?\s*00(?!0)/), region) ??
    readAs(text, region) ??
    readAs(withPlus(text, /^\(?\s*011(?!0)/), undefined)
  )
}

/** With the prefix for calling abroad as `+`. Null: it does not begin with one. */
function withPlus(text: string, prefix: RegExp): string | null {
  return prefix.test(text) ? text.replace(prefix, '+') : null
}

function readAs(text: string | null, region: CountryCode | undefined): string | null {
  if (text === null) return null
  const parsed = parsePhoneNumberFromString(text, region)
  if (parsed === undefined) return null
  const { nationalNumber, countryCallingCode } = parsed
  const present = presentForm(countryCallingCode, nationalNumber)
  const phone = `+${countryCallingCode}${present}`
  // An old form may have a length that the country no longer gives out, so the present one is asked.
  const isPossible = present === nationalNumber ? parsed.isPossible() : parsePhoneNumberFromString(phone)?.isPossible()
  if (!isPossible || isNobodysNumber(present)) return null
  return NO_AREA_CODE[countryCallingCode]?.test(present) === true ? null : phone
}
