import { plainLetters } from '../record/plain-letters.ts'
import { visibleText } from '../record/visible-text.ts'

const NOT_ASCII = /[^ -~]/
/** Inside a word: O'Brien, O’Brien, OBrien. Quotes around a word fall to the split into words. */
const APOSTROPHE = /(?<=\p{L})['’‘ʼʻ`´′＇](?=\p{L})/gu

/** Text for comparing names: lower case, full-width and accented letters made plain (`Łukasz`, `ß`, `ﾃｽﾄ`), other scripts kept. */
export function foldText(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase()
  return plainLetters(visibleText(text)).toLowerCase()
}

/** Words of the text, without punctuation. */
export function foldedWords(text: string): string[] {
  return foldText(text.replaceAll(APOSTROPHE, '')).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
}

// Not at the end (Michael, Samuel, Joe, Sue) and not behind a vowel or q (Bauer, Neuer, Queen): there it is no umlaut.
const TWO_LETTERS = /(?<=^|[^aeiouq])(?:ae(?!l?$)|oe(?!l?$)|ue(?!l?$)|aa(?!$))/g
const UMLAUT_BEFORE_U = /aeu/g

/**
 * One spelling of a word that is written with an umlaut, with two letters or with neither: Müller, Mueller and Muller. The
 * plain vowel, because that is what most systems that cannot hold an umlaut leave behind.
 */
export function plainVowels(word: string): string {
  return word.length < 3 ? word : word.replaceAll(UMLAUT_BEFORE_U, 'au').replaceAll(TWO_LETTERS, (two) => two[0]!)
}

const PARTICLES: ReadonlySet<string> = new Set(['o', 'd', 'l', 'mc'])

/** `O Brien` and `Mc Donald`, as some systems split them, are one word: `obrien`. */
export function joinParticles(words: readonly string[]): string[] {
  const joined: string[] = []
  for (let i = 0; i < words.length; i++) {
    const next = words[i + 1]
    if (PARTICLES.has(words[i]!) && next !== undefined && next.length > 2 && /^\p{Script=Latin}/u.test(next)) {
      joined.push(`${words[i]}${next}`)
      i++
    } else joined.push(words[i]!)
  }
  return joined
}
