/**
 * Salesforce ids come in two spellings: 15 characters whose case matters, and 18 where three check characters carry
 * the case. We keep 18 everywhere, because tokens carry 15 and change events 18, and the two must compare equal.
 */
const ID = /^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$/

const CHECK_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

export function isSalesforceId(text: string): boolean {
  return ID.test(text)
}

/** The 18-character spelling, or null for text that is not an id. */
export function longId(text: string): string | null {
  if (!ID.test(text)) return null
  if (text.length === 18) return text
  let check = ''
  for (let chunk = 0; chunk < 3; chunk++) {
    let bits = 0
    for (let i = 0; i < 5; i++) {
      const letter = text[chunk * 5 + i]!
      if (letter >= 'A' && letter <= 'Z') bits |= 1 << i
    }
    check += CHECK_CHARACTERS[bits]
  }
  return text + check
}

/** Same record, whichever of the two spellings each side uses. */
export function sameId(a: string | null | undefined, b: string | null | undefined): boolean {
  return a != null && b != null && a.length >= 15 && a.slice(0, 15) === b.slice(0, 15)
}
