import { foldedWords } from './fold-text.ts'

const TITLES: ReadonlySet<string> = new Set(['dr', 'prof', 'mr', 'mrs', 'ms', 'herr', 'frau', 'mme', 'ing', 'dipl'])

/** A person's name for comparing: lower case, no accents, words sorted, so that `Müller, Jörg` equals `Jorg Muller`. Blank: ''. */
export function personNameKey(parts: readonly (string | null | undefined)[]): string {
  const words = parts.flatMap((part) => (part == null ? [] : foldedWords(part)))
  const names = words.filter((word) => !TITLES.has(word))
  return (names.length > 0 ? names : words).sort().join(' ')
}
