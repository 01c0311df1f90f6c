const CHECK_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
/** Type, place and number of the record: the number is counted up from zeros, which tells an id from a word or a part code. */
const ID = /^[0-9A-Za-z]{5,6}0{2}[0-9A-Za-z]{7,8}$/
const TYPE_WITH_DIGIT = /^(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{3}/

/**
 * Ids that a CRM writes in two ways: 15 characters whose case counts, and the same with three more that say the case. Gives
 * the longer one, or null for text that is no such id.
 */
export function caseMarkedId(text: string): string | null {
  if (text.length !== 15 && text.length !== 18) return null
  const short = text.slice(0, 15)
  if (!ID.test(short) || !TYPE_WITH_DIGIT.test(short)) return null
  const long = short + checkCharacters(short)
  return text.length === 15 || text.toUpperCase().endsWith(long.slice(15)) ? long : null
}

function checkCharacters(short: string): string {
  let check = ''
  for (let chunk = 0; chunk < 3; chunk++) {
    let bits = 0
    for (let i = 0; i < 5; i++) if (/[A-Z]/.test(short[chunk * 5 + i]!)) bits |= 1 << i
    check += CHECK_CHARACTERS[bits]
  }
  return check
}
