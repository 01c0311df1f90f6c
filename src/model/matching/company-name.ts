import { foldedWords, foldText, joinParticles, plainVowels } from './fold-text.ts'
import { ATTACHED_FORMS, FORMS_AFTER_SC, LEADING_FORMS, LEGAL_FORMS, LEGAL_PHRASES } from './legal-forms.ts'
import { isPlaceholder } from './placeholder.ts'
import { PLACEHOLDER_WORDS } from './placeholder-words.ts'
import { isOnlyNote, withoutNotes } from './record-notes.ts'

/** What `&` and `+` are read aloud as. */
const JOINERS: ReadonlySet<string> = new Set(['and', 'und', 'et', 'y', 'e', 'og', 'och', 'en', 'ja'])

/**
 * A company's name for comparing: folded, without punctuation, legal form, `The` and notes about the record, words sorted.
 * Blank, or made up to get past a form: ''.
 */
export function companyNameKey(name: string | null | undefined): string {
  if (name == null || isPlaceholder(name, 'company-name') || isOnlyNote(name)) return ''
  const bare = withoutNotes(name.normalize('NFKC')).replace(ATTACHED_FORMS, ' ')
  const words = withoutLastThe(joinLetters(foldedWords(foldText(bare))))
  if (PLACEHOLDER_WORDS.noCompany.has(words.join(' '))) return ''
  let end = words.length
  // From the end only: "Limited Brands Inc." keeps its Limited.
  for (let form = formLength(words, end); form > 0 && form < end; form = formLength(words, end)) end -= form
  // At most one, and never the only word: "SIA" alone is a name.
  const first = words[0] ?? ''
  const isForm = LEADING_FORMS.has(first) || (first === 'sc' && FORMS_AFTER_SC.has(words.at(-1)!))
  const start = end > 1 && isForm ? 1 : 0
  const kept = joinParticles(withoutSmallWords(words.slice(start, end))).map(plainVowels)
  return withFirstJoined(kept).sort().join(' ')
}

/**
 * `E.ON`, `3M`, `7-Eleven` and `T-Mobile` begin with a letter or a number that a mark, a blank or nothing parts from the rest.
 * Only at the beginning: elsewhere it is a word of its own, as in "Plan B Consulting".
 */
function withFirstJoined(words: readonly string[]): string[] {
  const [first = '', second = '', ...rest] = words
  const isLetter = /^\p{L}$/u.test(first)
  const isNumber = /^\d+$/.test(first)
  // Two numbers stay two: "1 & 1" is not 11.
  const isJoined = (isLetter && second !== '') || (isNumber && /^\p{L}/u.test(second))
  return isJoined ? [`${first}${second}`, ...rest] : [...words]
}

/** `Acme Company, The`: as lists sort it. */
function withoutLastThe(words: readonly string[]): readonly string[] {
  return words.length > 1 && words.at(-1) === 'the' ? words.slice(0, -1) : words
}

/** Without `The` at either end, and without the word for `&` between two others. */
function withoutSmallWords(words: readonly string[]): readonly string[] {
  const inner = words.filter((word, i) => i === 0 || i === words.length - 1 || !JOINERS.has(word))
  if (inner.length < 2) return inner
  if (inner[0] === 'the') return inner.slice(1)
  return inner.at(-1) === 'the' ? inner.slice(0, -1) : inner
}

/** How many words before `end` are a legal form or what joins one to the name; 0: none. */
function formLength(words: readonly string[], end: number): number {
  const phrase = LEGAL_PHRASES.find((form) =>
    form.every((word, i) => {
      const written = words[end - form.length + i]
      return written === word || (written !== undefined && plainVowels(written) === word)
    }),
  )
  if (phrase !== undefined && phrase.length < end) return phrase.length
  const last = words[end - 1]
  return last !== undefined && (LEGAL_FORMS.has(last) || JOINERS.has(last)) ? 1 : 0
}

/** `s a` and `n v` are how `S.A.` and `N.V.` come apart. `H and M` is `H&M`, whose mark is no word. */
function joinLetters(words: readonly string[]): string[] {
  const joined: string[] = []
  let letters = ''
  for (const [i, word] of words.entries()) {
    if (JOINERS.has(word) && word.length > 1 && words[i - 1]?.length === 1 && words[i + 1]?.length === 1) continue
    if (word.length === 1 && /[a-zα-ωа-я]/.test(word)) {
      letters += word
      continue
    }
    if (letters !== '') joined.push(letters)
    letters = ''
    joined.push(word)
  }
  if (letters !== '') joined.push(letters)
  return joined
}
