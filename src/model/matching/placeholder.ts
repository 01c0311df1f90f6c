import { visibleText } from '../record/visible-text.ts'
import { foldedWords } from './fold-text.ts'
import { isNobodysEmail } from './nobodys-email.ts'
import { isNobodysNumber } from './nobodys-number.ts'
import { PLACEHOLDER_WORDS } from './placeholder-words.ts'
import { remembered } from './places/remembered.ts'
import { isPlaceholderDomain } from './shared-domains.ts'

/** What a field is for: "Na" is somebody's surname and no company, "NA" a region and no phone. */
export type TextKind = 'person-name' | 'company-name' | 'email' | 'phone' | 'domain' | 'country' | 'other'

// An emoji is what somebody chose to write, so it does not count as nothing.
const ONLY_MARKS = /^(?!.*\p{Extended_Pictographic}(?<![#*0-9]))[\p{P}\p{S}\s]+$/u
const ONE_LETTER_AGAIN = /^(?:x{2,}|z{3,}|[?.\-_*]+)$/
/** What a form, mail merge or spreadsheet shows in the place of a value that it did not find. */
const LEFT_OVER =
  /^(?:\{\{[^{}]*\}\}|\{[!%][^{}]*\}|%%[^%]+%%|\$\{[^{}]*\}|<%[^%]*%>|\*\|[^|]*\|\*|\[object object\]|[[(<{](?:deleted|removed|gelöscht|eliminado|supprimé)[\])>}])$/iu
/** In capitals in every language: `#REF!`, `#WERT!`, `#N/A`. */
const SHEET_ERROR = /^#(?:[\p{Lu}\d/_]{2,14}[!?]|N\/?A|NV|NULL)$/u
/** An empty mask, `(xxx) xxx-xxxx`, or a dialing code that the form filled in. */
const NO_DIGITS = /^(?:(?=(?:[^x]*x){4})[x()\s.+-]+|\+\d{1,3})$/i
const ONLY_START = /^(?:https?:\/*|www\.?)$/i
const LONGEST = 60

/** True: the text stands where an answer is missing ("[not provided]", "n/a", "-", 000-000-0000) and tells nothing. */
export function isPlaceholder(text: string, kind: TextKind, more: readonly string[] = NO_MORE): boolean {
  return OF_KIND[kind](text) || (more.length > 0 && isOneOf(more, text))
}

const NO_MORE: readonly string[] = []

const OF_KIND: Readonly<Record<TextKind, (text: string) => boolean>> = {
  'person-name': ofKind('person-name'),
  'company-name': ofKind('company-name'),
  email: ofKind('email'),
  phone: ofKind('phone'),
  domain: ofKind('domain'),
  country: ofKind('country'),
  other: ofKind('other'),
}

/** Each text is read once for each kind: companies, countries and roles come again with every record. */
function ofKind(kind: TextKind): (text: string) => boolean {
  return remembered((text) => {
    const plain = plainText(text)
    if (plain === null) return false
    if (ONLY_MARKS.test(plain) || LEFT_OVER.test(plain) || SHEET_ERROR.test(plain)) return true
    const words = wordsOf(plain)
    return (
      ONE_LETTER_AGAIN.test(words) ||
      PLACEHOLDER_WORDS.everywhere.has(joinedLetters(words)) ||
      isPlaceholderOf(kind, plain, words)
    )
  })
}

/** One of the texts that a policy adds. */
function isOneOf(more: readonly string[], text: string): boolean {
  const plain = plainText(text)
  if (plain === null) return false
  const words = wordsOf(plain)
  return more.some((one) => one === plain || wordsOf(one) === words)
}

/** Null: no text that people type where they have no answer is as short or as long. */
function plainText(text: string): string | null {
  const plain = visibleText(text.normalize('NFKC')).trim()
  return plain === '' || plain.length > LONGEST ? null : plain
}

function wordsOf(text: string): string {
  return foldedWords(text.replaceAll(/['’]/g, '')).join(' ')
}

/** `t b d` is how `T.B.D.` comes apart. */
function joinedLetters(words: string): string {
  return /^\p{L}(?: \p{L}){2,}$/u.test(words) ? words.replaceAll(' ', '') : words
}

function isPlaceholderOf(kind: TextKind, plain: string, words: string): boolean {
  const { noThing, noIdentity, noPerson, noCountry, noPhone } = PLACEHOLDER_WORDS
  switch (kind) {
    case 'person-name':
      // Malcolm X writes himself with a capital.
      return noPerson.has(words) || plain === 'x'
    case 'company-name':
      return noThing.has(words) || noIdentity.has(words) || isTyped(plain)
    case 'email':
      return noThing.has(words) || noIdentity.has(words) || isNobodysEmail(plain)
    case 'phone':
      return (
        noThing.has(words) ||
        noIdentity.has(words) ||
        isNobodysNumber(plain) ||
        noPhone.has(words) ||
        NO_DIGITS.test(plain)
      )
    case 'domain':
      return noThing.has(words) || noIdentity.has(words) || ONLY_START.test(plain) || isPlaceholderDomain(plain)
    case 'country':
      return noThing.has(words) || noCountry.has(words) || (words === 'na' && plain !== 'NA')
    case 'other':
      // In capitals it is Namibia, or North America.
      return noThing.has(words) || (words === 'na' && plain !== 'NA')
  }
}

/** One letter in small print, one digit, or digits in a row: somebody had to type something. */
function isTyped(plain: string): boolean {
  return /^[a-z\d]$/.test(plain) || (/^\d{5,}$/.test(plain) && isNobodysNumber(plain))
}
