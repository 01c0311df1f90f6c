const UP = '01234567890123456789'
const DOWN = [...UP].reverse().join('')

/** How long a run of one digit at the end is nobody's: an exchange and a line of zeros. */
const ZEROS_AT_END = /0{7}$/
// Numbers that cost the caller nothing are given out with long runs of one digit.
const FREEPHONE = /^0*800/

/**
 * True: digits that people type to get past a form (000-000-0000, 1111111111, 123456789, 555-555-5555). `text` is a number
 * without its country code, or as it was typed.
 */
export function isNobodysNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  if (digits === '' || /[a-z]{3}/i.test(text)) return false
  const bare = digits.replace(/^0+(?=[1-9])/, '')
  for (const run of [digits, bare]) {
    if (/^(\d)\1*$/.test(run)) return true
    if (run.length >= 5 && (UP.includes(run) || DOWN.includes(run))) return true
  }
  // +1 000 000 0000 and +49 000 000000: the country code came from the form.
  if (/^\+?\d{1,3}0{7,}$/.test(text.replaceAll(/[\s().-]/g, '')) && !FREEPHONE.test(digits)) return true
  if (/^1?(\d)\1{9}$/.test(digits)) return true
  return digits.length >= 9 && ZEROS_AT_END.test(digits) && !FREEPHONE.test(bare)
}
