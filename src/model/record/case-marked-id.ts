const CHECK_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
/** Type, place and number of the record: the number is counted up from zeros, which tells an id from a word or a part code. */
const ID = /^[0-9A-Za-z]{5,6}0{2}[0-9A-Za-z]{7,8}$/
const TYPE_WITH_DIGIT = /^(?=[0-9A-Za-z]{0,2}\d)/

/**
 * Ids that a CRM writes in two ways: 15 characters whose case counts, and the same with three more that say the case. Gives
 * the longer one, or null for text that is no such id.
 */
export function caseMarkedId(text: string): string | null {
  if (text.length !== 15 && text.length !== 18) return null
  const written = text.slice(0, 15)
  if (!ID.test(written) || !TYPE_WITH_DIGIT.test(written)) return null
  const short = text.length === 15 ? text : inItsCase(text)
  return short === null ? null : short + checkCharacters(short)
}

/** The first 15 characters of 18 in the case that the other three say, whatever a spreadsheet made of it; null: they say none. */
function inItsCase(text: string): string | null {
  const marks = [...text.slice(15).toUpperCase()].map((mark) => CHECK_CHARACTERS.indexOf(mark))
  const isUpper = (i: number) => ((marks[Math.floor(i / 5)]! >> (i % 5)) & 1) === 1
  const letters = [...text.slice(0, 15)].map((letter, i) => (isUpper(i) ? letter.toUpperCase() : letter.toLowerCase()))
  const short = letters.join('')
  return !marks.includes(-1) && checkCharacters(short) === text.slice(15).toUpperCase() ? short : null
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
