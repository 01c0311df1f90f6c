import { visibleText } from '../record/visible-text.ts'
import { foldedWords } from './fold-text.ts'
import { isNobodysEmail } from './nobodys-email.ts'
import { isNobodysNumber } from './nobodys-number.ts'
import { PLACEHOLDER_WORDS } from './placeholder-words.ts'
import { isPlaceholderDomain } from './shared-domains.ts'

/** What a field is for: "Na" is somebody's surname and no company, "NA" a region and no phone. */
export type TextKind = 'person-name' | 'company-name' | 'email' | 'phone' | 'domain' | 'country' | 'other'

// An emoji is what somebody chose to write, so it does not count as nothing.
const ONLY_MARKS = /^(?!.*\p{Extended_Pictographic}(?<![#*0-9]))[\p{P}\p{S}\s]+$/u
const ONE_LETTER_AGAIN = /^(?:x{2,}|z{3,}|[?.\-_*]+)$/
const LONGEST = 60

/** True: the text stands where an answer is missing ("[not provided]", "n/a", "-", 000-000-0000) and tells nothing. */
export function isPlaceholder(text: string, kind: TextKind, more: readonly string[] = []): boolean {
  const plain = visibleText(text.normalize('NFKC')).trim()
  if (plain === '' || plain.length > LONGEST) return false
  if (ONLY_MARKS.test(plain)) return true
  const words = foldedWords(plain.replaceAll(/['’]/g, '')).join(' ')
  if (ONE_LETTER_AGAIN.test(words) || PLACEHOLDER_WORDS.everywhere.has(words)) return true
  if (more.some((one) => one === plain || foldedWords(one.replaceAll(/['’]/g, '')).join(' ') === words)) return true
  return isPlaceholderOf(kind, plain, words)
}

function isPlaceholderOf(kind: TextKind, plain: string, words: string): boolean {
  const { noThing, noIdentity, noPerson } = PLACEHOLDER_WORDS
  switch (kind) {
    case 'person-name':
      return noPerson.has(words)
    case 'company-name':
      return noThing.has(words) || noIdentity.has(words)
    case 'email':
      return noThing.has(words) || noIdentity.has(words) || isNobodysEmail(plain)
    case 'phone':
      return noThing.has(words) || noIdentity.has(words) || isNobodysNumber(plain)
    case 'domain':
      return noThing.has(words) || noIdentity.has(words) || isPlaceholderDomain(plain)
    case 'country':
    case 'other':
      // In capitals it is Namibia, or North America.
      return noThing.has(words) || (words === 'na' && plain !== 'NA')
  }
}
