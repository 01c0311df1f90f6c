import { type Kysely, sql } from 'kysely'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { type MissingInput, Unknown, WHOLE_RECORD } from '../../model/record/knowledge.ts'
import type { SameDomain } from '../../model/record/neighbours.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { isPerson } from '../../model/record/person-form.ts'
import type { Tables } from '../database/tables.ts'
import { readDeals } from './account-deals.ts'
import { holdersOf } from './key-holders.ts'
import { COLUMNS, HOLDERS_MAX, toRecord } from './read-records.ts'
import type { NeighbourQuery } from './record-accounts.ts'
import { type GapRow, missingMatch, NOT_READ } from './unread-neighbour.ts'
import { type UnseenObjects, unseenDeals } from './unseen-objects.ts'

/** What the look-ups before this one have found for the record. */
type Found = { readonly account: CrmRecord | Unknown | null; readonly candidates: readonly CrmRecord[] }

/**
 * Per record the accounts at its domain beside its own, in every CRM that is compared with, and their open deals. A domain of
 * more accounts than `HOLDERS_MAX` is nobody's in particular and says nothing.
 */
export async function readSameDomain(
  db: Kysely<Tables>,
  queries: readonly NeighbourQuery[],
  found: (query: NeighbourQuery) => Found,
  unseen: UnseenObjects,
): Promise<(query: NeighbourQuery) => SameDomain | undefined> {
  const domains = queries.flatMap(({ domain }) => (typeof domain === 'string' ? [domain] : []))
  const holders = await readHolders(db, [...new Set(domains)])
  const beside = new Map(queries.map((query) => [query, accountsBeside(query, found(query), holders)]))
  const deals = await readDealsOf(
    db,
    [...beside.values()].flatMap(({ accounts }) => accounts),
  )
  const unseenDomains = unseen.keys.filter(isDomainOfAccounts)
  return (query) => {
    const { domain } = query
    if (domain === null) return undefined
    if (domain instanceof Unknown) return { accounts: [], unknown: domain }
    const { accounts, missing } = beside.get(query)!
    const unknown = Unknown.of([...unseenDomains, ...missing])
    if (accounts.length === 0 && unknown === null) return undefined
    let dealsUnknown: Unknown | null = null
    for (const account of accounts) {
      const { dealObject } = crmProfile(account.crm)
      dealsUnknown = Unknown.both(dealsUnknown, unseenDeals(account, dealObject, unseen))
      dealsUnknown = Unknown.both(dealsUnknown, deals.unread.get(refKey(account)) ?? null)
    }
    return {
      accounts: accounts.map((account) => ({ account, deals: deals.read.get(refKey(account)) ?? [] })),
      ...(unknown === null ? {} : { unknown }),
      ...(dealsUnknown === null ? {} : { dealsUnknown }),
    }
  }
}

type Holder = { readonly record: CrmRecord; readonly gap: GapRow['gap'] }

async function readHolders(db: Kysely<Tables>, domains: readonly string[]): Promise<Map<string, Holder[]>> {
  const byDomain = new Map<string, Holder[]>()
  if (domains.length === 0) return byDomain
  const { rows } = await sql<GapRow & { domain: string }>`
    select ${COLUMNS}, ${NOT_READ} as gap, held.domain
    from (
      select wanted.domain, m.connection_id, m.object_type, m.record_id, count(*) over (partition by wanted.domain) as holders
      from unnest(${domains}::text[]) as wanted(domain)
      cross join lateral (${holdersOf(sql`'domain:' || wanted.domain`, sql`${HOLDERS_MAX + 1}`)}) m
    ) held
    -- one by one by its key, whatever the planner believes of their number
    cross join lateral (select * from record r where r.connection_id = held.connection_id
      and r.object_type = held.object_type and r.record_id = held.record_id limit 1) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type
    where held.holders <= ${HOLDERS_MAX} and not r.deleted and r.merged_into is null
    order by held.connection_id, held.object_type, held.record_id`.execute(db)
  for (const row of rows) {
    const list = byDomain.get(row.domain) ?? []
    byDomain.set(row.domain, list)
    list.push({ record: toRecord(row), gap: row.gap })
  }
  return byDomain
}

function accountsBeside(
  { record, domain }: NeighbourQuery,
  { account, candidates }: Found,
  holders: ReadonlyMap<string, readonly Holder[]>,
): { readonly accounts: CrmRecord[]; readonly missing: MissingInput[] } {
  const own = new Set(
    [record, ...candidates, ...(account === null || account instanceof Unknown ? [] : [account])].map(refKey),
  )
  const accounts: CrmRecord[] = []
  const missing: MissingInput[] = []
  for (const { record: other, gap } of typeof domain === 'string' ? (holders.get(domain) ?? []) : []) {
    if (own.has(refKey(other))) continue
    if (gap !== null) {
      missing.push(missingMatch(other, gap))
      continue
    }
    // A person owns no domain, whatever stands in their web site.
    const person = isPerson(other)
    if (person instanceof Unknown) missing.push(...person.inputs)
    else if (!person) accounts.push(other)
  }
  return { accounts, missing }
}

function isDomainOfAccounts({ crm, objectType, field }: MissingInput): boolean {
  const shape = objectShape(crm, objectType)
  return shape?.about === 'account' && (field === shape.domain || field === WHOLE_RECORD)
}

async function readDealsOf(db: Kysely<Tables>, accounts: readonly CrmRecord[]) {
  const read = new Map<string, readonly CrmRecord[]>()
  const unread = new Map<string, Unknown>()
  for (const [connectionId, of] of Map.groupBy(accounts, (account) => account.connectionId)) {
    const dealObjects = new Map(of.map(({ crm, recordId }) => [recordId, crmProfile(crm).dealObject]))
    const deals = await readDeals(db, connectionId, dealObjects)
    for (const account of of) {
      const found = deals.read.get(account.recordId)
      const gap = deals.unread.get(account.recordId)
      if (found !== undefined) read.set(refKey(account), found)
      if (gap !== undefined) unread.set(refKey(account), gap)
    }
  }
  return { read, unread }
}
