import { plainLetters } from './plain-letters.ts'
import { visibleText } from './visible-text.ts'

const NOT_ASCII = /[^ -~]/
/** ASCII in which only the case is left to do, as nearly always. */
const ONLY_CASE = /^[!-_a-z{-~]+(?: [!-_a-z{-~]+)*$/
/** What is left to do to any other text of ASCII besides its case. */
const LOOSE_ASCII = /`|\s\s/
// Before anything else: NFKC makes a blank and a mark of a lone accent that stands for an apostrophe.
const SINGLE_QUOTES = /[`´‘’‚‛ʹʻʼʽ′‵＇‹›]/gu
const DOUBLE_QUOTES = /[“”„‟«»″‶＂〝〞]|''/gu
const DASHES = /[\p{Pd}−⁃]/gu

/**
 * The one form in which policies and values are compared. Case, accents, width, invisible characters and the shape of
 * dashes, quotes and blanks do not count: people and their keyboards differ in them, and nobody means two things by it.
 */
export function comparableText(text: string): string {
  if (ONLY_CASE.test(text)) return text.toLowerCase()
  if (!NOT_ASCII.test(text)) {
    const plain = LOOSE_ASCII.test(text) ? text.replaceAll('`', "'").replaceAll(/\s+/g, ' ') : text
    return plain.trim().toLowerCase()
  }
  const marks = visibleText(text).replace(SINGLE_QUOTES, "'").replace(DOUBLE_QUOTES, '"').replace(DASHES, '-')
  return plainLetters(marks).replaceAll(/\s+/g, ' ').trim().toLowerCase()
}
