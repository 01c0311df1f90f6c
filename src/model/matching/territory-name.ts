import { comparableText } from '../record/comparable-text.ts'

/** The one form in which names of territories are compared: `UK_I`, `uk-i` and "UK I" are one. */
export function territoryName(name: string): string {
  return comparableText(name).replaceAll(/[\s_-]+/g, ' ')
}
