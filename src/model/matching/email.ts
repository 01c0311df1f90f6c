import { visibleText } from '../record/visible-text.ts'
import { withoutMarkup } from './marked-up-text.ts'
import { isNobodysEmail } from './nobodys-email.ts'
import { isRoleName } from './role-addresses.ts'
import { asciiHost } from './written-host.ts'

export type Email = {
  /** The form in which two addresses are compared. */
  readonly address: string
  readonly domain: string
  /** The address of a function (`info@`), which several people share. */
  readonly isRole: boolean
  /** Made up to get past a form (`none@none.com`): it finds nobody. */
  readonly isNobodys: boolean
}

// One @, something on both sides, a dot in the domain, and no white space. CRMs check no more than this either.
const PLAUSIBLE = /^[^\s@<>,;"()]+@[^\s@<>,;"()]+\.[^\s@.<>,;"()]+$/

/** RFC 3696: 64 before the @ and 255 after it. A longer text is none, and no index could hold it as a match key. */
const LENGTH_MAX = 320
/** Of a field in which somebody lists addresses. */
const TEXT_MAX = 4_000
const ADDRESSES_MAX = 20

/** `work: jane@acme.de` */
const LABEL = /^\s*[\p{L} -]{2,20}:(?!\/\/)\s*/u
const COMMA_INSIDE = /(?:^|[\s;|])[^\s@<>,;|"]+,[^\s@<>,;|"]+@/

// Typed to hide an address from robots.
const HIDDEN_AT = /\s*[([{]\s*(?:at|@)\s*[)\]}]\s*/g
const HIDDEN_DOT = /\s*[([{]\s*(?:dot|punkt|punto|point)\s*[)\]}]\s*/g

const MAY_HOLD_ONE = /[@＠﹫]|%40|\bat\b|&(?:#64|#x40|commat);/i

/** Reads an e-mail address, the first of several, or null where the text holds none. */
export function readEmail(text: string | null | undefined): Email | null {
  return readEmails(text)[0] ?? null
}

/** Every address in the text as people and programs write them: `Jane Doe <jane@acme.de>`, `mailto:…`, lists. */
export function readEmails(text: string | null | undefined): Email[] {
  if (text === null || text === undefined || text.length > TEXT_MAX || !MAY_HOLD_ONE.test(text)) return []
  const bare = withoutMarkup(text, (part) => readEmails(part).map(({ address }) => address))
  const plain = visibleText(bare.normalize('NFKC')).trim().toLowerCase()
  const readable = plain
    .replaceAll(HIDDEN_AT, '@')
    .replaceAll(HIDDEN_DOT, '.')
    .replaceAll('%40', '@')
    .replaceAll('。', '.')
  const found = new Map<string, Email>()
  for (const written of addressesIn(readable)) {
    const email = oneEmail(written)
    if (email !== null && found.size < ADDRESSES_MAX) found.set(email.address, email)
  }
  return [...found.values()]
}

function addressesIn(text: string): string[] {
  const bare = text.replaceAll(/\([^()@]*\)/g, ' ')
  const parts = bare.split(/[,;|\n\r\t]+|\s+(?:and|or|und|oder|et|ou|y|o|e)\s+|\s+[/&+]\s+|\/(?=[^/@\s]+@)/)
  const addresses = parts.flatMap((part) => {
    const inBrackets = part.match(/<[^<>]*@[^<>]*>/g)
    if (inBrackets !== null) return inBrackets
    const words = part.replace(LABEL, '').trim().split(/\s+/)
    const withAt = words.filter((word) => word.includes('@'))
    // Words beside an address are a name or a mistake inside it, and which of them belong to it cannot be told; between two
    // addresses they join them (`a@x.de cc b@x.de`).
    const isList = withAt.length > 1 && words[0] === withAt[0] && words.at(-1) === withAt.at(-1)
    return withAt.length === words.length || isList ? withAt : [words.join(' ')]
  })
  // In `jane,doe@acme.de` the comma is a mistake inside the address, and doe@acme.de may be somebody else.
  if (COMMA_INSIDE.test(bare)) return []
  if (addresses.some((one) => oneEmail(one) !== null)) return addresses
  // A comma is beside the dot on every keyboard: `jane@acme,de`.
  return /^[^\s@,]+@[^\s@,]+,[a-z]{2,}$/.test(text) ? [text.replace(',', '.')] : addresses
}

function oneEmail(written: string): Email | null {
  const bare = withoutWrapping(written)
  if (bare.length > LENGTH_MAX || !PLAUSIBLE.test(bare)) return null
  const at = bare.lastIndexOf('@')
  const local = bare.slice(0, at)
  const domain = asciiHost(bare.slice(at + 1))
  return domain === null ? null : comparedEmail(local, domain)
}

function comparedEmail(written: string, host: string): Email | null {
  const isRole = isRoleName(written)
  // Of the large providers only Gmail documents that dots do not count; elsewhere they tell two people apart.
  const domain = host === 'googlemail.com' ? 'gmail.com' : host
  const local = domain === 'gmail.com' ? written.split('+', 1)[0]!.replaceAll('.', '') : written
  if (local === '') return null
  const address = `${local}@${domain}`
  return { address, domain, isRole, isNobodys: isNobodysEmail(address) }
}

function withoutWrapping(written: string): string {
  let bare = written
  for (let before = ''; before !== bare; ) {
    before = bare
    bare = bare
      .replace(/^[<("'`[{*\s:.]+|[>)"'`\]}*\s.,;:!/\\]+$/g, '')
      .replace(/^(?:mailto|e-?mail|smtp)\s*:\s*/, '')
      .replace(/^([^?]+@[^?]+)\?.*$/, '$1')
  }
  return bare.replace('%40', '@')
}
