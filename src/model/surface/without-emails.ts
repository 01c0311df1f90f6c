/** Anything with an at-sign between two words, also in scripts other than Latin. Rather one too many than one too few. */
const EMAIL = /[^\s"<>(),;:]+@[^\s"<>(),;:]+/gu

/** The same sentence without e-mail addresses, for what leaves the house in a file. */
export function withoutEmails(text: string): string {
  return text.replace(EMAIL, (found) => `(e-mail withheld)${/[.!?]$/.exec(found)?.[0] ?? ''}`)
}
