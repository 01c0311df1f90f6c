const CHECK_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The 18-character form of a 15-character id: the suffix encodes which characters are upper case. */
export function withChecksum(id15: string): string {
  let suffix = ''
  for (let block = 0; block < 3; block++) {
    let bits = 0
    for (let i = 0; i < 5; i++) {
      const letter = id15[block * 5 + i]!
      if (letter >= 'A' && letter <= 'Z') bits |= 1 << i
    }
    suffix += CHECK_LETTERS[bits]
  }
  return id15 + suffix
}

/** Ids of one object count up in base 62, as in a real org. `pod` is the same for all records of an org. */
export function salesforceId(prefix: string, pod: string, sequence: number): string {
  let rest = sequence
  let digits = ''
  while (digits.length < 15 - prefix.length - pod.length) {
    digits = DIGITS[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return withChecksum(prefix + pod + digits)
}
