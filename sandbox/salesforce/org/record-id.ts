/** Salesforce ids: 15 case-sensitive characters, or the same with 3 that encode which of them are capitals. */
const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export function withSuffix(id15: string): string {
  let suffix = ''
  for (let chunk = 0; chunk < 3; chunk++) {
    let bits = 0
    for (let i = 0; i < 5; i++) {
      const letter = id15[chunk * 5 + i]!
      if (letter >= 'A' && letter <= 'Z') bits |= 1 << i
    }
    suffix += SUFFIX_ALPHABET[bits]
  }
  return id15 + suffix
}

/** The 18-character form. Null: not an id, by its length, characters or suffix. */
export function normaliseId(text: string): string | null {
  if (!/^[0-9A-Za-z]+$/.test(text)) return null
  if (text.length === 15) return withSuffix(text)
  if (text.length !== 18) return null
  // The last three characters may come in any case; the first fifteen may not.
  const expected = withSuffix(text.slice(0, 15))
  return expected.slice(15) === text.slice(15).toUpperCase() ? expected : null
}

/** Serial numbers of new ids, as a real pod assigns them. `Lk0` marks ids that the sandbox assigned. */
export class IdSequence {
  private next = 1

  take(prefix: string): string {
    let rest = this.next++
    let digits = ''
    for (let i = 0; i < 9; i++) {
      digits = BASE62[rest % 62] + digits
      rest = Math.floor(rest / 62)
    }
    return withSuffix(`${prefix}Lk0${digits}`)
  }
}
