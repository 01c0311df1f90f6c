/**
 * Phrases that read like a riddle to an admin or an on-call engineer, each with what to write instead. Nobody finds them
 * again in a text that people read: console, terminal, tasks, notices, documents.
 */
export const TESTED_PHRASES: readonly { readonly phrase: string; readonly instead: string }[] = [
  { phrase: 'in step', instead: 'in sync' },
  { phrase: 'out of step', instead: 'out of sync' },
  { phrase: 'step check', instead: 'comparison' },
  { phrase: 'untold', instead: 'missed' },
  { phrase: 'heard of', instead: 'received, notified' },
  { phrase: 'let in', instead: 'access granted' },
  { phrase: 'shut out', instead: 'access revoked' },
  { phrase: 'anew', instead: 'again' },
  { phrase: 'aftermath', instead: 'follow-up' },
  { phrase: 'fate', instead: 'outcome' },
  { phrase: 'gone on with', instead: 'continued' },
  { phrase: 'whoever', instead: 'name the person' },
  { phrase: 'by everybody', instead: 'all apps' },
]

export type FoundPhrase = { readonly phrase: string; readonly offset: number }

/** Whole words in any case, also across a line break. A hyphen makes another word: "built-in step" is none of them. */
export function findPhrases(text: string): FoundPhrase[] {
  return PATTERNS.flatMap(({ phrase, pattern }) =>
    [...text.matchAll(pattern)].map(({ index }) => ({ phrase, offset: index })),
  ).toSorted((a, b) => a.offset - b.offset)
}

const PATTERNS = TESTED_PHRASES.map(({ phrase }) => ({
  phrase,
  pattern: new RegExp(`(?<![\\w-])${phrase.replaceAll(' ', '\\s+')}(?![\\w-])`, 'gi'),
}))
