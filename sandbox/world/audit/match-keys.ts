import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { getDomain } from 'tldts'
import { COUNTRIES, UNCOVERED } from '../geography/countries.ts'
import { FREE_MAIL } from '../geography/free-mail.ts'
import { type AuditRecord, isBlank, OBJECTS, type ObjectName } from './audit-record.ts'

const ROLES = new Set(
  'info sales office kontakt contact hello support admin mail team marketing service billing hr jobs press'.split(' '),
)
const LEGAL_FORMS = new Set(
  'inc llc ltd gmbh ag co kg sarl sas sa bv nv ab as asa aps oy oyj sl lda ltda srl spa spzoo sro kft zrt αε επε'.split(
    ' ',
  ),
)
const FREE = new Set(Object.values(FREE_MAIL).flat())
const ISO = new Map(
  [...COUNTRIES, ...UNCOVERED].flatMap((c) => c.spellings.map((s) => [s.toLowerCase(), c.iso] as const)),
)

/** Two records with a key in common are the same person or company. */
export function matchKeys(record: AuditRecord): string[] {
  const shape = OBJECTS[record.object as ObjectName]
  const { values } = record
  const keys: string[] = []
  const phones = shape.phones.flatMap((field) => {
    if (isBlank(values[field])) return []
    const iso = isoOf(values[shape.country])
    const parsed = parsePhoneNumberFromString(values[field]!, (iso ?? undefined) as 'DE' | undefined)
    return parsed?.isPossible() ? [parsed.number] : []
  })
  const name = shape.names.map((field) => values[field] ?? '').join(' ')
  if (shape.person) {
    const written = shape.email === null ? [] : [values[shape.email], ...(values.hs_additional_emails ?? '').split(';')]
    for (const email of written.map(mailboxOf)) if (email !== null) keys.push(`email:${email}`)
    const sorted = fold(name).split(/\s+/).filter(Boolean).sort().join(' ')
    for (const phone of phones) keys.push(`phone:${phone} person:${sorted}`)
  } else {
    const domain = domainOf(values[record.object === 'Account' ? 'Website' : 'domain'])
    if (domain !== null) keys.push(`domain:${domain}`)
    for (const phone of phones) keys.push(`phone:${phone} company:${companyCore(name)}`)
  }
  return [...new Set(keys)]
}

/** Null for a role address such as info@, which is not one person's. */
function mailboxOf(text: string | null | undefined): string | null {
  if (isBlank(text)) return null
  const [local = '', domain = ''] = text!.trim().toLowerCase().split('@')
  if (ROLES.has(local)) return null
  return domain === 'gmail.com' ? `${local.split('+')[0]!.replaceAll('.', '')}@${domain}` : `${local}@${domain}`
}

/** The registered domain of a web site or address. Null for free mail. */
export function domainOf(text: string | null | undefined): string | null {
  if (isBlank(text)) return null
  const domain = getDomain(text!.trim().toLowerCase(), { allowPrivateDomains: true })
  return domain === null || FREE.has(domain) ? null : domain
}

function companyCore(name: string): string {
  const tokens = fold(name.replace('株式会社', ' ').replace(/\bSp\. z o\.o\./i, ' '))
    .replaceAll('.', '')
    .replaceAll('/', '')
    .split(/[\s&]+/)
    .filter((token) => token !== '' && !LEGAL_FORMS.has(token))
  return tokens.sort().join(' ')
}

export function isoOf(text: string | null | undefined): string | null {
  return ISO.get((text ?? '').trim().toLowerCase()) ?? null
}

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
