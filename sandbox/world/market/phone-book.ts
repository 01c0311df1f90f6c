import type { Country } from '../geography/country.ts'
import type { Random } from './random.ts'

/** A telephone number that exactly one subscriber has. `national` leaves out the calling code. */
export type PhoneNumber = { readonly country: Country; readonly national: string }

export type PhoneBook = { subscriber(country: Country, kind: 'fixed' | 'mobile'): PhoneNumber }

/** `given`: numbers that a subscriber already has, as calling code and national number without the plus. */
export function phoneBook(random: Random, given = new Set<string>()): PhoneBook {
  function subscriber(country: Country, kind: 'fixed' | 'mobile'): PhoneNumber {
    // Ranges for fiction are small, but a world of this size uses less than half of most.
    for (let attempt = 0; attempt < 2000; attempt++) {
      const national = random.pick(country.phone[kind]).replace(/#/g, () => String(random.int(0, 9)))
      const key = country.phone.calling + national
      if (given.has(key)) continue
      given.add(key)
      return { country, national }
    }
    throw new Error(
      `No free ${kind} number left in ${country.iso}: widen its ranges in sandbox/world/geography/countries.ts`,
    )
  }
  return { subscriber }
}

export type PhoneStyle = 'e164' | 'spaced' | 'national'

/** The number as people type it. Every style reads as the same number in its country. */
export function writePhone(phone: PhoneNumber, style: PhoneStyle): string {
  const { calling, trunk } = phone.country.phone
  const groups = phone.national.replace(/(.{3})(?=.{3})/g, '$1 ')
  if (style === 'e164') return `+${calling}${phone.national}`
  if (style === 'spaced' || trunk === null) return `+${calling} ${groups}`
  if (calling === '1') return `(${phone.national.slice(0, 3)}) ${phone.national.slice(3, 6)}-${phone.national.slice(6)}`
  return trunk + groups
}
