import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { visibleText } from '../record/visible-text.ts'
import { isNobodysNumber } from './nobodys-number.ts'
import { presentForm } from './phone-renumbering.ts'

const TEXT_MAX = 250
const NUMBERS_MAX = 5
/** Digits of a number that somebody can be called by from elsewhere; fewer after a slash are an extension or the line. */
const WHOLE_NUMBER = 7

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
  const plain = visibleText(text.normalize('NFKC'))
    .trim()
    .replace(/^\+\s*(?=\+|00)/, '')
  const phones = new Set<string>()
  for (const written of numbersIn(plain)) {
    if (isNobodysNumber(written)) continue
    const phone = onePhone(written.replace(DIRECT_LINE, ''), region)
    if (phone !== null && phones.size < NUMBERS_MAX) phones.add(phone)
  }
  return [...phones]
}

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
  // No area code of North America begins so.
  return countryCallingCode === '1' && /^[01]/.test(present) ? null : phone
}
