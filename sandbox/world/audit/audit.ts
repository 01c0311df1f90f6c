import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { getDomain } from 'tldts'
import { TERRITORIES } from '../brightwater/cast.ts'
import { COUNTRIES, FREE_MAIL, UNCOVERED } from '../geography/countries.ts'
import type { Label, World } from '../records/world.ts'

/**
 * A second reading of docs/patterns.md, made without the product: slow, plain, over the whole state of both CRMs at
 * once. The world's labels must be exactly what it finds, else the demo's precision and recall would measure the
 * world's mistakes.
 */
export type AuditRecord = {
  readonly crm: 'hubspot' | 'salesforce'
  readonly object: string
  readonly id: string
  readonly createdAtMs: number
  readonly values: Readonly<Record<string, string | null>>
  /** Oldest first; only where the CRM keeps a history. */
  readonly ownerChangesAtMs: readonly { readonly owner: string; readonly atMs: number }[]
  /** Field to the time of its last change. Absent: not known. */
  readonly changedAtMs: Readonly<Record<string, number>>
}

type AuditPerson = { readonly email: string; readonly active: boolean }

export type AuditPeople = {
  /** Owner id to what it stands for; a queue by its number of active members. */
  readonly hubspot: ReadonlyMap<string, AuditPerson>
  readonly salesforce: ReadonlyMap<string, AuditPerson | { readonly queue: number }>
}

export type AuditState = { readonly records: readonly AuditRecord[]; readonly people: AuditPeople }

const OBJECTS = {
  contacts: {
    owner: 'hubspot_owner_id',
    country: 'country',
    territory: 'territory',
    phones: ['phone', 'mobilephone'],
    names: ['firstname', 'lastname'],
    email: 'email',
    person: true,
  },
  companies: {
    owner: 'hubspot_owner_id',
    country: 'country',
    territory: 'territory',
    phones: ['phone'],
    names: ['name'],
    email: null,
    person: false,
  },
  Lead: {
    owner: 'OwnerId',
    country: 'Country',
    territory: 'Territory__c',
    phones: ['Phone', 'MobilePhone'],
    names: ['FirstName', 'LastName'],
    email: 'Email',
    person: true,
  },
  Contact: {
    owner: 'OwnerId',
    country: 'MailingCountry',
    territory: null,
    phones: ['Phone', 'MobilePhone'],
    names: ['FirstName', 'LastName'],
    email: 'Email',
    person: true,
  },
  Account: {
    owner: 'OwnerId',
    country: 'BillingCountry',
    territory: 'Territory__c',
    phones: ['Phone'],
    names: ['Name'],
    email: null,
    person: false,
  },
} as const
type ObjectName = keyof typeof OBJECTS

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  contacts: ['country', 'company'],
  Lead: ['Country', 'Company', 'Email'],
  companies: ['country', 'industry'],
  Account: ['BillingCountry', 'Industry'],
}
const GRACE_MS = 30 * 60_000
const HOLDERS_MAX = 200
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
const TERRITORY_OF = new Map(TERRITORIES.flatMap((t) => t.countries.map((iso) => [iso, t] as const)))
/** Of countries that rules do not decide. */
const DECIDED_BY_A_PERSON = new Set(['JP'])

const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
const blank = (text: string | null | undefined): boolean => (text ?? '').trim() === ''

export function audit({ records, people }: AuditState, nowMs: number): Label[] {
  const found: Label[] = []
  const byKey = new Map<string, AuditRecord[]>()
  const byId = new Map(records.map((record) => [`${record.object}/${record.id}`, record]))
  const keysOf = new Map<AuditRecord, string[]>()
  for (const record of records) {
    if (!(record.object in OBJECTS)) continue
    const keys = matchKeys(record)
    keysOf.set(record, keys)
    for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), record])
  }

  type Owner = { state: 'active' | 'inactive' | 'deleted' | 'queue' | 'empty-queue' | 'none'; email: string }
  function ownerOf(record: AuditRecord): Owner {
    const id = record.values[OBJECTS[record.object as ObjectName].owner]
    if (blank(id)) return { state: 'none', email: '' }
    const known = people[record.crm].get(id!)
    if (known === undefined) return { state: 'deleted', email: '' }
    if ('queue' in known) return { state: known.queue > 0 ? 'queue' : 'empty-queue', email: '' }
    return { state: known.active ? 'active' : 'inactive', email: known.email }
  }
  const activeEmails = {
    hubspot: new Set([...people.hubspot.values()].filter((p) => p.active).map((p) => p.email)),
    salesforce: new Set([...people.salesforce.values()].flatMap((p) => ('email' in p && p.active ? [p.email] : []))),
  }
  const accountsByDomain = new Map<string, AuditRecord[]>()
  for (const record of records) {
    if (record.object !== 'Account') continue
    const domain = domainOf(record.values.Website)
    if (domain !== null) accountsByDomain.set(domain, [...(accountsByDomain.get(domain) ?? []), record])
  }

  function accountOf(record: AuditRecord): AuditRecord | undefined {
    if (record.object === 'contacts') return byId.get(`companies/${record.values.associatedcompanyid}`)
    const domains = [record.values.Email?.split('@')[1], record.values.Website].map(domainOf)
    const accounts = new Set(domains.flatMap((domain) => (domain === null ? [] : (accountsByDomain.get(domain) ?? []))))
    return accounts.size === 1 ? [...accounts][0] : undefined
  }

  function conflicts(record: AuditRecord, email: string): boolean {
    const person = OBJECTS[record.object as ObjectName].person
    const against = person ? ['contacts', 'Lead', 'Contact'] : ['companies', 'Account']
    for (const key of keysOf.get(record)!) {
      const holders = byKey.get(key)!
      if (holders.length > HOLDERS_MAX) continue
      for (const other of holders) {
        if (other === record || !against.includes(other.object)) continue
        const owner = ownerOf(other)
        if (owner.state !== 'active' || owner.email === email) continue
        if (key.startsWith('domain:') && related(record, other)) continue
        if (other.object === 'Contact' || isNewer(record, other)) return true
      }
    }
    return false
  }

  for (const record of records) {
    if (!(record.object in OBJECTS) || record.object === 'Contact' || !inScope(record)) continue
    const shape = OBJECTS[record.object as ObjectName]
    const { values } = record
    const report = (pattern: string, detail = '') =>
      found.push({ pattern, crm: record.crm, objectType: record.object, recordId: record.id, detail, why: 'audit' })
    const owner = ownerOf(record)
    const iso = isoOf(values[shape.country])
    const territory = iso === null ? undefined : TERRITORY_OF.get(iso)

    for (const field of REQUIRED[record.object]!) {
      if (blank(values[field]) && nowMs - record.createdAtMs >= GRACE_MS) report('missing-field', field)
    }

    const status = record.object === 'contacts' ? 'hs_lead_status' : record.object === 'Lead' ? 'Status' : null
    if (status !== null && !blank(values[status])) {
      if (fullWorkingDays(record.changedAtMs[status]!, nowMs) >= 20) report('stale-field', status)
    }

    if (owner.state === 'active') {
      if (conflicts(record, owner.email)) report('duplicate-ownership')
      else if (shape.person) {
        const account = accountOf(record)
        if (account !== undefined) {
          const its = ownerOf(account)
          if (its.state === 'active' && its.email !== owner.email) report('duplicate-ownership')
        }
      }
    }

    if (territory !== undefined) {
      const members = [territory.enterpriseRep, territory.commercialRep]
      const field = values[shape.territory!]
      const elsewhere = !blank(field) && field!.trim() !== territory.id
      const stranger = owner.state === 'active' && !members.includes(owner.email)
      const deserted = !members.some((email) => activeEmails[record.crm].has(email))
      if (elsewhere || stranger || deserted) report('stale-territory')
    }

    const orphaned = ['inactive', 'deleted', 'empty-queue'].includes(owner.state)
    if (orphaned || (!shape.person && owner.state === 'none')) report('orphaned-owner')

    const changes = record.ownerChangesAtMs
    const since = nowMs - 72 * 3_600_000
    const within = changes.filter((change, i) => i > 0 && change.atMs >= since)
    if (within.length >= 3) {
      const present = changes.at(-1)!.owner
      // Whoever held it when the window began held it within the window too.
      const before = changes.slice(0, -1).filter((_, i) => changes[i + 1]!.atMs >= since)
      if (before.some((change) => change.owner === present)) report('ownership-flapping')
    }

    const waits =
      record.object === 'contacts' ? owner.state === 'none' : record.object === 'Lead' && owner.state === 'queue'
    if (waits) {
      if (iso !== null && DECIDED_BY_A_PERSON.has(iso)) report('branch-review')
      else if (territory === undefined) report('no-rule')
    }
  }
  return found
}

function inScope({ object, values }: AuditRecord): boolean {
  if (object === 'contacts')
    return ['lead', 'marketingqualifiedlead', 'salesqualifiedlead'].includes(values.lifecyclestage ?? '')
  if (object === 'Lead')
    return values.IsConverted === 'false' && !['Closed', 'Unqualified'].includes(values.Status ?? '')
  if (object === 'companies') return values.type !== 'PARTNER'
  return values.Type !== 'Partner'
}

function matchKeys(record: AuditRecord): string[] {
  const shape = OBJECTS[record.object as ObjectName]
  const { values } = record
  const keys: string[] = []
  const phones = shape.phones.flatMap((field) => {
    if (blank(values[field])) return []
    const iso = isoOf(values[shape.country])
    const parsed = parsePhoneNumberFromString(values[field]!, (iso ?? undefined) as 'DE' | undefined)
    return parsed?.isPossible() ? [parsed.number] : []
  })
  const name = shape.names.map((field) => values[field] ?? '').join(' ')
  if (shape.person) {
    const email = shape.email === null ? null : mailboxOf(values[shape.email])
    if (email !== null) keys.push(`email:${email}`)
    const sorted = fold(name).split(/\s+/).filter(Boolean).sort().join(' ')
    for (const phone of phones) keys.push(`phone:${phone} person:${sorted}`)
  } else {
    const domain = domainOf(values[record.object === 'Account' ? 'Website' : 'domain'])
    if (domain !== null) keys.push(`domain:${domain}`)
    for (const phone of phones) keys.push(`phone:${phone} company:${companyCore(name)}`)
  }
  return [...new Set(keys)]
}

/** Null for an address of a function, which is nobody's own. */
function mailboxOf(text: string | null | undefined): string | null {
  if (blank(text)) return null
  const [local = '', domain = ''] = text!.trim().toLowerCase().split('@')
  if (ROLES.has(local)) return null
  return domain === 'gmail.com' ? `${local.split('+')[0]!.replaceAll('.', '')}@${domain}` : `${local}@${domain}`
}

function domainOf(text: string | null | undefined): string | null {
  if (blank(text)) return null
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

function isoOf(text: string | null | undefined): string | null {
  return ISO.get((text ?? '').trim().toLowerCase()) ?? null
}

function related(a: AuditRecord, b: AuditRecord): boolean {
  if (a.crm !== b.crm) return false
  const parent = (record: AuditRecord) => record.values[record.crm === 'hubspot' ? 'hs_parent_company_id' : 'ParentId']
  return parent(a) === b.id || parent(b) === a.id || (!blank(parent(a)) && parent(a) === parent(b))
}

function isNewer(a: AuditRecord, b: AuditRecord): boolean {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs > b.createdAtMs
  return `${a.crm}/${a.object}/${a.id}` > `${b.crm}/${b.object}/${b.id}`
}

/** Monday to Friday, days that lie wholly between the two moments, in UTC: cases at the edge are not in the world. */
function fullWorkingDays(fromMs: number, toMs: number): number {
  const dayMs = 86_400_000
  let days = 0
  for (let start = Math.ceil(fromMs / dayMs) * dayMs; start + dayMs <= toMs; start += dayMs) {
    const weekday = new Date(start).getUTCDay()
    if (weekday !== 0 && weekday !== 6) days++
  }
  return days
}

export function auditState({ hubspot, salesforce }: Pick<World, 'hubspot' | 'salesforce'>): AuditState {
  const records: AuditRecord[] = []
  for (const object of ['contacts', 'companies'] as const) {
    for (const record of hubspot[object]) {
      const status = record.history?.hs_lead_status
      records.push({
        crm: 'hubspot',
        object,
        id: record.id,
        createdAtMs: record.createdAtMs,
        values: record.properties,
        ownerChangesAtMs: (record.history?.hubspot_owner_id ?? []).map((v) => ({ owner: v.value, atMs: v.atMs })),
        changedAtMs: { hs_lead_status: status?.at(-1)?.atMs ?? record.createdAtMs },
      })
    }
  }
  for (const object of ['Lead', 'Account', 'Contact'] as const) {
    for (const row of salesforce[object]) {
      records.push({
        crm: 'salesforce',
        object,
        id: row.Id,
        createdAtMs: Date.parse(String(row.CreatedDate)),
        values: Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null ? null : String(v)])),
        ownerChangesAtMs: [],
        changedAtMs: { Status: Date.parse(String(row.LastModifiedDate)) },
      })
    }
  }
  const active = new Set(salesforce.User.filter((user) => user.IsActive).map((user) => user.Id))
  const queues = salesforce.Group.map((group) => {
    const members = salesforce.GroupMember.filter((m) => m.GroupId === group.Id && active.has(String(m.UserOrGroupId)))
    return [group.Id, { queue: members.length }] as const
  })
  return {
    records,
    people: {
      hubspot: new Map(hubspot.owners.map((o) => [o.id, { email: o.email, active: !o.archived }])),
      salesforce: new Map<string, AuditPerson | { readonly queue: number }>([
        ...salesforce.User.map((u): [string, AuditPerson] => [
          u.Id,
          { email: String(u.Email), active: u.IsActive === true },
        ]),
        ...queues,
      ]),
    },
  }
}

export function labelKey(label: Label): string {
  return [label.pattern, label.crm, label.objectType, label.recordId, label.detail].join(' ')
}
