import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min'

/**
 * E.164 of a phone number, read with the record's country; null where it is none. Numbers without an international
 * prefix and without a country stay unread: guessing a country makes strangers equal.
 */
export function readPhone(text: string | null | undefined, country: string | null): string | null {
  if (text === null || text === undefined || text.length < 6) return null
  const region = country !== null && isSupportedCountry(country) ? (country as CountryCode) : undefined
  const parsed = parsePhoneNumberFromString(text, region)
  return parsed?.isPossible() ? parsed.number : null
}
