import { isRoleName } from './role-addresses.ts'

export type Email = {
  /** The form in which two addresses are compared. */
  readonly address: string
  readonly domain: string
  /** The address of a function (`info@`), which several people share. */
  readonly isRole: boolean
}

// One @, something on both sides, a dot in the domain, and no white space. CRMs check no more than this either.
const PLAUSIBLE = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/

/** Reads an e-mail address, or null where the text is none. */
export function readEmail(text: string | null | undefined): Email | null {
  if (text === null || text === undefined) return null
  const trimmed = text.trim().toLowerCase()
  if (!PLAUSIBLE.test(trimmed)) return null
  const at = trimmed.lastIndexOf('@')
  let local = trimmed.slice(0, at)
  let domain = trimmed.slice(at + 1)
  const isRole = isRoleName(local.split('+', 1)[0]!)
  // Of the large providers only Gmail documents that dots do not count; elsewhere they tell two people apart.
  if (domain === 'googlemail.com') domain = 'gmail.com'
  if (domain === 'gmail.com') local = local.split('+', 1)[0]!.replaceAll('.', '')
  if (local === '') return null
  return { address: `${local}@${domain}`, domain, isRole }
}
