import { visibleText } from '../record/visible-text.ts'
import { asciiHost } from './written-host.ts'

/**
 * The one form in which e-mails of CRM users, of policies and of the company's files are compared: without case, outer
 * space and invisible characters, the domain in the letters of DNS. Each is one person's login, so no dots or tags are dropped.
 */
export function personEmail(text: string): string {
  const plain = visibleText(text.normalize('NFC')).trim().toLowerCase()
  const at = plain.lastIndexOf('@')
  const host = at < 1 ? null : asciiHost(plain.slice(at + 1))
  return host === null ? plain : `${plain.slice(0, at)}@${host}`
}
