import { foldedWords, joinParticles, plainVowels } from './fold-text.ts'
import { isPlaceholder } from './placeholder.ts'
import { isOnlyNote, withoutNotes } from './record-notes.ts'

const TITLES: ReadonlySet<string> = new Set(
  `dr prof professor doctor mr mrs ms miss mx sir madam herr frau hr mme mlle monsieur madame mademoiselle sra srta señor señora
  senor senora signor signora sig dhr mevr pan pani ing dipl mag univ`.split(/\s+/),
)
/** Those of one sex only, by whichever language. */
const SALUTATIONS: ReadonlyMap<string, 'mr' | 'ms'> = new Map([
  ...'mr herr hr monsieur signor señor senor sir pan dhr'.split(' ').map((word) => [word, 'mr'] as const),
  ...'mrs ms miss frau fr mme mlle madame mademoiselle signora sra srta señora senora pani mevr madam'
    .split(' ')
    .map((word) => [word, 'ms'] as const),
])
/** Letters after a name, each of which is no name by itself. Jr and III tell a father from his son. */
const LETTERS_AFTER: ReadonlySet<string> = new Set(
  'phd md mba cpa esq dds dvm pmp cfa pharmd edd llm msc bsc'.split(' '),
)
/** Of which doctorate or diploma, behind such a title: `Dr. med. Jane Doe`, `Dipl.-Ing.`. */
const FACULTIES: ReadonlySet<string> = new Set(
  'med rer nat phil jur iur ing h c oec pol vet dent habil dipl mult inf fh dr'.split(' '),
)
const BEFORE_FACULTIES: ReadonlySet<string> = new Set(['dr', 'dipl', 'prof', ...FACULTIES])

/**
 * A person's name for comparing: lower case, no accents, words sorted, so that `Müller, Jörg` equals `Jorg Muller` and
 * `Joerg Mueller`. Blank, or made up to get past a form: ''.
 */
export function personNameKey(parts: readonly (string | null | undefined)[]): string {
  const given = parts.filter((part): part is string => part != null)
  if (isPlaceholder(given.join(' '), 'person-name') || isOnlyNote(given.join(' '))) return ''
  const words = given.flatMap((part) => (isPlaceholder(part, 'person-name') ? [] : foldedWords(withoutNotes(part))))
  const names = words.filter((word, i) => !TITLES.has(word) && !LETTERS_AFTER.has(word) && !isFaculty(words, i))
  const joined = joinParticles(names.length > 0 ? names : words)
  // Initials are those of many.
  if (joined.every((word) => /^[a-z]$/.test(word))) return ''
  // Of two who are named by their surname alone, the salutation may say that they are two.
  const salutation = joined.length === 1 ? words.find((word) => SALUTATIONS.has(word)) : undefined
  return [...joined.map(plainVowels).sort(), ...(salutation === undefined ? [] : [SALUTATIONS.get(salutation)!])].join(
    ' ',
  )
}

function isFaculty(words: readonly string[], at: number): boolean {
  if (!FACULTIES.has(words[at]!)) return false
  for (let before = at - 1; before >= 0; before--) {
    if (TITLES.has(words[before]!) && BEFORE_FACULTIES.has(words[before]!)) return true
    if (!FACULTIES.has(words[before]!)) return false
  }
  return false
}
