import { readingKey } from './reading-key.ts'

/** What people agreed that the text means, by `readingKey`; null where they agreed on nothing. */
export function agreedReading(meanings: Readonly<Record<string, string>>, text: string): string | null {
  // Nearly every company has agreed on nothing, and then nothing is folded.
  for (const _ in meanings) {
    const key = readingKey(text)
    return Object.hasOwn(meanings, key) ? meanings[key]! : null
  }
  return null
}
