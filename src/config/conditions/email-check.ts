import { visibleText } from '../../model/record/visible-text.ts'

const PLAIN = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+\.[^\s@<>()[\]\\,;:"]+$/
const INSIDE = /[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+\.[^\s@<>()[\]\\,;:"]+/gu

/** Why this is not the e-mail of one person, and what to write instead; null: it may be. */
export function emailMistake(text: string): string | null {
  const shown = visibleText(text)
  if (shown !== text) return `"${shown}" has a character that nobody sees in it; type it again`
  if (PLAIN.test(text)) return null
  const inside = text.match(INSIDE) ?? []
  if (inside.length === 1) return `"${text}" is more than an e-mail; write "${inside[0]}"`
  const remedy =
    inside.length > 1 ? 'only one is allowed here' : 'write the e-mail of a CRM user, like anna.schneider@example.com'
  return `"${text}" is ${inside.length > 1 ? `${inside.length} e-mails` : 'no e-mail'}; ${remedy}`
}
