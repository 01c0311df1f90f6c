import { foldText } from '../fold-text.ts'

/** How a text is looked up among the company's readings: without case, accents, outer and double spaces. */
export function readingKey(text: string): string {
  return foldText(text.replaceAll(/\p{Cf}/gu, ''))
    .trim()
    .replaceAll(/\s+/g, ' ')
}
