import { withoutSpreadsheet } from '../matching/spreadsheet-text.ts'

/** Fields of postal codes, whatever the CRM or the company calls them: `PostalCode`, `zip`, `Shipping_Zip_Code__c`. */
export function isPostalField(name: string): boolean {
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
  return /(?:^|[._])(?:postal_?code|post_?code|zip(?:_?code)?|plz)(?:__c)?$/.test(words)
}

/** One spelling of a code: no spaces or hyphens, no country in front (`D-80331`), and of ZIP+4 the five digits that count. */
export function postalText(text: string): string {
  const plain = withoutCountry(text)
  if (/^\d{5}[-–\s]?\d{4}$/.test(plain)) return plain.slice(0, 5)
  return compact(plain)
}

/**
 * In front of digits only: `D-80331`, `DE 80331`, `〒100-0001`. British, Irish and Argentine codes begin with letters of their
 * own, so letters without a hyphen count before the five or six digits of a country that has them.
 */
const COUNTRY =
  /^(?:[A-Z]{1,3}\s?-\s?(?=\d)|〒\s*|(?:DE|AT|CH|FR|IT|ES|PT|PL|CZ|SK|HU|RO|BG|HR|SI|RS|BE|LU|NL|DK|SE|NO|FI|EE|LT|LV|GR|US|USA)\s?(?=\d{2,3}[\s-]?\d{2,3}$))/

function withoutCountry(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[\p{Cf}]/gu, '')
  return withoutSpreadsheet(plain).replace(COUNTRY, '')
}

function compact(text: string): string {
  return text.replaceAll(/[\s\-–]/g, '')
}

/** The outward part of a British code, alone or before its inward part: `SW1A` of `SW1A 1AA`. */
const BRITISH = /^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})?$/

/**
 * Whether the code lies in this district. Of numbers and most codes that is a common beginning. British districts are no
 * such thing: `SW1` has SW1A and not SW10, `S` is Sheffield and not SW, and only `SW1 0` is a sector of SW1.
 */
export function isInDistrict(written: string, value: string): boolean {
  const code = postalText(value)
  const wanted = withoutCountry(written)
  const district = compact(wanted)
  if (district === '') return true
  const [, outward, inward = ''] = BRITISH.exec(code) ?? []
  if (outward === undefined || !/^[A-Z]/.test(district)) return code.startsWith(district)
  const [first = '', second] = wanted.split(/\s+/)
  if (second !== undefined) return outward === first && inward.startsWith(second)
  if (/^[A-Z]+$/.test(district)) return outward.replace(/\d.*$/, '') === district
  if (district.length > outward.length) return code.startsWith(district) && BRITISH.exec(district)?.[1] !== district
  return outward.startsWith(district) && !/^\d/.test(outward.slice(district.length))
}

/** As many digits as the ends of a range have: a code of nine lies in a range of five by its first five. */
export function postalDigits({ from, below }: { readonly from: string | null; readonly below: string | null }): number {
  return Math.max(...[from, below].map((end) => (end === null ? 0 : postalText(end).length)))
}

/** The code as a number of so many digits; NaN where it is none. */
export function postalNumber(text: string, digits: number): number {
  const code = postalText(text)
  return /^\d+$/.test(code) ? Number(code.slice(0, digits)) : Number.NaN
}
