import type { PhoneStyle } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'

/** How the next record's telephone number is written. The two CRMs are filled by different habits. */
export function phoneStyle(random: Random, weights: Readonly<Record<PhoneStyle, number>>): PhoneStyle {
  return random.weighted([
    ['spaced', weights.spaced],
    ['e164', weights.e164],
    ['national', weights.national],
  ] as const)
}
