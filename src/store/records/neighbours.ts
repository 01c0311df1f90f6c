import { type Kysely, sql } from 'kysely'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { type MissingInput, Unknown, type WhyUnknown } from '../../model/record/knowledge.ts'
import type { Match, Neighbours } from '../../model/record/neighbours.ts'
import type { Tables } from '../database/tables.ts'
import { readAncestors } from './account-ancestors.ts'
import { readDeals } from './account-deals.ts'
import { readSameDomain } from './domain-accounts.ts'
import { holdersOf } from './key-holders.ts'
import { COLUMNS, HOLDERS_MAX, toRecord } from './read-records.ts'
import { type NeighbourQuery, readAccounts } from './record-accounts.ts'
import { type GapRow, missingMatch, NOT_READ } from './unread-neighbour.ts'
import { unseenDeals, unseenObjects } from './unseen-objects.ts'

/** Reads what `decide` may look at for a whole batch of one connection: a few statements, whatever the batch's size. */
export async function readNeighbours(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
): Promise<Map<string, Neighbours>> {
  const unseen = await unseenObjects(db)
  const accounts = await readAccounts(db, connectionId, queries, unseen)
  const accountOf = new Map<string, CrmRecord | Unknown>()
  const candidatesOf = new Map<string, readonly CrmRecord[]>()
  const dealAccounts = new Map<string, string>() // account id -> deal object
  for (const query of queries) {
    const { account, candidates = [] } = accounts(query)
    const key = refKey(query.record)
    if (account !== null) accountOf.set(key, account)
    if (candidates.length > 0) candidatesOf.set(key, candidates)
    if (query.dealObject) {
      if (query.isAccount) dealAccounts.set(query.record.recordId, query.dealObject)
      else if (account !== null && !(account instanceof Unknown)) dealAccounts.set(account.recordId, query.dealObject)
      for (const candidate of candidates) dealAccounts.set(candidate.recordId, query.dealObject)
    }
  }
  const deals = await readDeals(db, connectionId, dealAccounts)
  const holders = await readHolders(db, [...new Set(queries.flatMap((q) => q.keys))])
  const matched = new Map(queries.map((query) => [query, matchesOf(query, holders)]))
  const ancestors = await readAncestors(db, connectionId, queries, (query) => matched.get(query)!.matches)

  const sameDomainOf = await readSameDomain(
    db,
    queries,
    ({ record }) => ({
      account: accountOf.get(refKey(record)) ?? null,
      candidates: candidatesOf.get(refKey(record)) ?? [],
    }),
    unseen,
  )

  const result = new Map<string, Neighbours>()
  for (const query of queries) {
    const key = refKey(query.record)
    const account = accountOf.get(key) ?? null
    const candidates = candidatesOf.get(key)
    const dealsOf = query.isAccount ? [query.record] : account instanceof Unknown ? (candidates ?? []) : [account]
    const withDeals = dealsOf.flatMap((one) => (one === null ? [] : [one.recordId]))
    let dealsUnknown = withDeals.length === 0 ? null : unseenDeals(query.record, query.dealObject, unseen)
    for (const id of withDeals) dealsUnknown = Unknown.both(dealsUnknown, deals.unread.get(id) ?? null)
    const { matches, unread } = matched.get(query)!
    const unseenKeys = unread.length === 0 ? unseen.keys : [...unseen.keys, ...unread]
    const sameDomain = sameDomainOf(query)
    result.set(key, {
      account,
      ...(candidates === undefined ? {} : { accountCandidates: candidates }),
      deals: withDeals.flatMap((id) => deals.read.get(id) ?? []),
      ...(dealsUnknown === null ? {} : { dealsUnknown }),
      matches,
      ...(sameDomain === undefined ? {} : { sameDomain }),
      ...(query.isAccount && ancestors.size > 0 ? { ancestors } : {}),
      ...(unseenKeys.length === 0 ? {} : { unseenKeys }),
    })
  }
  return result
}

type Holders = {
  readonly records: ReadonlyMap<string, CrmRecord>
  /** Those of them that are not to be judged, and why. */
  readonly unread: ReadonlyMap<string, WhyUnknown>
  readonly byKey: ReadonlyMap<string, readonly string[]>
}

async function readHolders(db: Kysely<Tables>, keys: readonly string[]): Promise<Holders> {
  const records = new Map<string, CrmRecord>()
  const unread = new Map<string, WhyUnknown>()
  const byKey = new Map<string, string[]>()
  if (keys.length === 0) return { records, unread, byKey }
  const { rows: held } = await sql<{ key: string; connection_id: string; object_type: string; record_id: string }>`
    select wanted.key, m.connection_id, m.object_type, m.record_id
    from unnest(${keys}::text[]) as wanted(key)
    cross join lateral (
      select k.*, count(*) over () as holders
      from (${holdersOf(sql`wanted.key`, sql`${HOLDERS_MAX + 1}`)}) k
    ) m
    where m.holders between 2 and ${HOLDERS_MAX}`.execute(db)
  // Each record once, however many of the keys it holds.
  const refs = [...new Map(held.map((one) => [keyOf(one), one])).values()]
  const { rows } = await sql<GapRow>`
    select ${COLUMNS}, ${NOT_READ} as gap
    from unnest(${refs.map((r) => r.connection_id)}::text[], ${refs.map((r) => r.object_type)}::text[],
      ${refs.map((r) => r.record_id)}::text[]) as held(connection_id, object_type, record_id)
    -- one by one by its key, whatever the planner believes of the length of the list
    cross join lateral (select * from record r where r.connection_id = held.connection_id
      and r.object_type = held.object_type and r.record_id = held.record_id limit 1) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type
    where not r.deleted and r.merged_into is null`.execute(db)
  for (const row of rows) {
    records.set(keyOf(row), toRecord(row))
    if (row.gap !== null) unread.set(keyOf(row), row.gap)
  }
  for (const one of held) {
    const ref = keyOf(one)
    if (!records.has(ref)) continue
    const list = byKey.get(one.key)
    if (list) list.push(ref)
    else byKey.set(one.key, [ref])
  }
  return { records, unread, byKey }
}

function keyOf(row: {
  readonly connection_id: string
  readonly object_type: string
  readonly record_id: string
}): string {
  return `${row.connection_id}/${row.object_type}/${row.record_id}`
}

/** Records that share a key with the record, and those of them that say nothing before they are read or shown again. */
function matchesOf(
  query: NeighbourQuery,
  holders: Holders,
): { readonly matches: Match[]; readonly unread: readonly MissingInput[] } {
  const self = refKey(query.record)
  const shared = new Map<string, { key: string; holders: number }[]>()
  const unread = new Map<string, MissingInput>()
  for (const key of query.keys) {
    const refs = holders.byKey.get(key)
    if (!refs) continue
    const read = refs.filter((ref) => !holders.unread.has(ref))
    for (const ref of refs) {
      if (ref === self) continue
      const gap = holders.unread.get(ref)
      if (gap !== undefined) {
        unread.set(ref, missingMatch(holders.records.get(ref)!, gap))
        continue
      }
      const list = shared.get(ref)
      if (list) list.push({ key, holders: read.length })
      else shared.set(ref, [{ key, holders: read.length }])
    }
  }
  // Sorted, so that a decision never depends on the order in which Postgres returned rows.
  const matches = [...shared.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ref, keys]) => ({ record: holders.records.get(ref)!, keys }))
  return { matches, unread: [...unread].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, input]) => input) }
}
