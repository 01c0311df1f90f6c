import {
  type AuditPeople,
  type AuditRecord,
  type AuditState,
  isBlank,
  OBJECTS,
  type ObjectName,
} from './audit-record.ts'
import { domainOf, matchKeys } from './match-keys.ts'
import { ownerOf } from './owner-state.ts'

/** Everything by which the audit finds other records of the same person or company. */
export type Matches = {
  readonly people: AuditPeople
  readonly byKey: ReadonlyMap<string, readonly AuditRecord[]>
  readonly byId: ReadonlyMap<string, AuditRecord>
  readonly keysOf: ReadonlyMap<AuditRecord, readonly string[]>
  readonly accountsByDomain: ReadonlyMap<string, readonly AuditRecord[]>
}

/** A key that more records share says nothing about identity. */
const HOLDERS_MAX = 200

export function findMatches({ records, people }: AuditState): Matches {
  const byKey = new Map<string, AuditRecord[]>()
  const keysOf = new Map<AuditRecord, readonly string[]>()
  const accountsByDomain = new Map<string, AuditRecord[]>()
  for (const record of records) {
    if (!(record.object in OBJECTS)) continue
    const keys = matchKeys(record)
    keysOf.set(record, keys)
    for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), record])
    if (record.object !== 'Account') continue
    const domain = domainOf(record.values.Website)
    if (domain !== null) accountsByDomain.set(domain, [...(accountsByDomain.get(domain) ?? []), record])
  }
  const byId = new Map(records.map((record) => [`${record.object}/${record.id}`, record]))
  return { people, byKey, byId, keysOf, accountsByDomain }
}

/** The record has an active owner, and another record of the same person or company has a different one. */
export function hasDuplicateOwnership(record: AuditRecord, matches: Matches): boolean {
  const owner = ownerOf(record, matches.people)
  if (owner.state !== 'active') return false
  if (conflicts(record, owner.email, matches)) return true
  if (!OBJECTS[record.object as ObjectName].person) return false
  const account = accountOf(record, matches)
  if (account === undefined) return false
  const its = ownerOf(account, matches.people)
  return its.state === 'active' && its.email !== owner.email
}

function conflicts(record: AuditRecord, email: string, { people, byKey, keysOf }: Matches): boolean {
  const person = OBJECTS[record.object as ObjectName].person
  const against = person ? ['contacts', 'Lead', 'Contact'] : ['companies', 'Account']
  for (const key of keysOf.get(record)!) {
    const holders = byKey.get(key)!
    if (holders.length > HOLDERS_MAX) continue
    for (const other of holders) {
      if (other === record || !against.includes(other.object)) continue
      const owner = ownerOf(other, people)
      if (owner.state !== 'active' || owner.email === email) continue
      if (key.startsWith('domain:') && related(record, other)) continue
      if (other.object === 'Contact' || isNewer(record, other)) return true
    }
  }
  return false
}

/** A contact's company; a lead's account, when exactly one has the domain of its address or web site. */
function accountOf(record: AuditRecord, { byId, accountsByDomain }: Matches): AuditRecord | undefined {
  if (record.object === 'contacts') return byId.get(`companies/${record.values.associatedcompanyid}`)
  const domains = [record.values.Email?.split('@')[1], record.values.Website].map(domainOf)
  const accounts = new Set(domains.flatMap((domain) => (domain === null ? [] : (accountsByDomain.get(domain) ?? []))))
  return accounts.size === 1 ? [...accounts][0] : undefined
}

function related(a: AuditRecord, b: AuditRecord): boolean {
  if (a.crm !== b.crm) return false
  const parent = (record: AuditRecord) => record.values[record.crm === 'hubspot' ? 'hs_parent_company_id' : 'ParentId']
  return parent(a) === b.id || parent(b) === a.id || (!isBlank(parent(a)) && parent(a) === parent(b))
}

function isNewer(a: AuditRecord, b: AuditRecord): boolean {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs > b.createdAtMs
  return `${a.crm}/${a.object}/${a.id}` > `${b.crm}/${b.object}/${b.id}`
}
