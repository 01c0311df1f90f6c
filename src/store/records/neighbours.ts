import { type Kysely, sql } from 'kysely'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import type { Match, Neighbours } from '../../model/record/neighbours.ts'
import type { Tables } from '../database/tables.ts'
import { COLUMNS, FROM, HOLDERS_MAX, toRecord } from './read-records.ts'

/** What the caller already knows of each record, so that this file needs no rule of the model. */
export type NeighbourQuery = {
  readonly record: CrmRecord
  readonly keys: readonly string[]
  /** The account that the record names, if any. */
  readonly account: { readonly objectType: string; readonly recordId: string } | null
  /** For a person without a named account: the key of the account that would own their domain. */
  readonly accountKey: { readonly objectType: string; readonly key: string } | null
  /** True when the record is itself an account: its deals are read. */
  readonly isAccount: boolean
  readonly dealObject: string | null
}

/**
 * A record of which only a first event is known says nothing yet: who made it when, or who owns it, is still to be read.
 * Taking it for a neighbour would hold the older record against a younger one. It counts once it was read.
 */
const KNOWN = sql`r.needs_read is distinct from 'first-sight'`

type Row = Parameters<typeof toRecord>[0]

/** Reads what `decide` may look at for a whole batch of one connection: five statements, whatever the batch's size. */
export async function readNeighbours(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
): Promise<Map<string, Neighbours>> {
  const accounts = await readAccounts(db, connectionId, queries)
  const byDomain = await readAccountsByDomain(db, connectionId, queries)
  const accountOf = new Map<string, CrmRecord>()
  const dealAccounts = new Map<string, string>() // account id -> deal object
  for (const query of queries) {
    const key = refKey(query.record)
    const account = query.account
      ? accounts.get(`${query.account.objectType}/${query.account.recordId}`)
      : query.accountKey
        ? byDomain.get(`${query.accountKey.objectType}/${query.accountKey.key}`)
        : undefined
    if (account) accountOf.set(key, account)
    if (query.dealObject) {
      if (query.isAccount) dealAccounts.set(query.record.recordId, query.dealObject)
      else if (account) dealAccounts.set(account.recordId, query.dealObject)
    }
  }
  const deals = await readDeals(db, connectionId, dealAccounts)
  const refused = await readRefused(db, connectionId, new Set(dealAccounts.values()))
  const holders = await readHolders(db, [...new Set(queries.flatMap((q) => q.keys))])

  const result = new Map<string, Neighbours>()
  for (const query of queries) {
    const key = refKey(query.record)
    const account = accountOf.get(key) ?? null
    const dealsOf = query.isAccount ? query.record.recordId : account?.recordId
    const isHidden = dealsOf !== undefined && query.dealObject !== null && refused.has(query.dealObject)
    result.set(key, {
      account,
      deals: (dealsOf && deals.get(dealsOf)) || [],
      ...(isHidden ? { dealsHidden: true } : {}),
      matches: matchesOf(query, holders),
    })
  }
  return result
}

async function readAccounts(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap((q) => (q.account ? [q.account] : []))
  const found = new Map<string, CrmRecord>()
  if (wanted.length === 0) return found
  const { rows } = await sql<Row>`
    select ${COLUMNS} from ${FROM}
    join (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.recordId)}::text[])
          as d(t, i)) w on w.t = r.object_type and w.i = r.record_id
    where r.connection_id = ${connectionId} and not r.deleted and ${KNOWN}`.execute(db)
  for (const row of rows) found.set(`${row.object_type}/${row.record_id}`, toRecord(row))
  return found
}

/** The one account that holds each domain key. A domain of two accounts names neither. */
async function readAccountsByDomain(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap((q) => (!q.account && q.accountKey ? [q.accountKey] : []))
  const found = new Map<string, CrmRecord>()
  if (wanted.length === 0) return found
  const { rows } = await sql<Row & { key: string; holders: number }>`
    select ${COLUMNS}, w.k as key, count(*) over (partition by w.t, w.k) as holders
    from (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.key)}::text[])
          as d(t, k)) w
    join match_key m on m.key = w.k and m.connection_id = ${connectionId} and m.object_type = w.t
    join ${FROM} on r.connection_id = m.connection_id and r.object_type = m.object_type and r.record_id = m.record_id
    where not r.deleted and r.merged_into is null and ${KNOWN}`.execute(db)
  for (const row of rows) if (Number(row.holders) === 1) found.set(`${row.object_type}/${row.key}`, toRecord(row))
  return found
}

async function readDeals(db: Kysely<Tables>, connectionId: string, accounts: ReadonlyMap<string, string>) {
  const deals = new Map<string, CrmRecord[]>()
  if (accounts.size === 0) return deals
  const objects = [...new Set(accounts.values())]
  const { rows } = await sql<Row & { account_id: string }>`
    select ${COLUMNS}, r.account_id from ${FROM}
    where r.connection_id = ${connectionId} and r.object_type = any(${objects}::text[])
      and r.account_id = any(${[...accounts.keys()]}::text[]) and not r.deleted and ${KNOWN}
    order by r.record_id`.execute(db)
  for (const row of rows) {
    const list = deals.get(row.account_id)
    if (list) list.push(toRecord(row))
    else deals.set(row.account_id, [toRecord(row)])
  }
  return deals
}

/** Those of these objects that the CRM refuses to show us at all. */
async function readRefused(db: Kysely<Tables>, connectionId: string, objects: ReadonlySet<string>) {
  if (objects.size === 0) return objects
  const { rows } = await sql<{ object_type: string }>`
    select object_type from object_schema
    where connection_id = ${connectionId} and object_type = any(${[...objects]}::text[]) and refused_since is not null`.execute(
    db,
  )
  return new Set(rows.map((row) => row.object_type))
}

type Holders = {
  readonly records: ReadonlyMap<string, CrmRecord>
  readonly byKey: ReadonlyMap<string, readonly string[]>
}

async function readHolders(db: Kysely<Tables>, keys: readonly string[]): Promise<Holders> {
  const records = new Map<string, CrmRecord>()
  const byKey = new Map<string, string[]>()
  if (keys.length === 0) return { records, byKey }
  const { rows } = await sql<Row & { key: string }>`
    with held as materialized (
      select wanted.key, m.connection_id, m.object_type, m.record_id
      from unnest(${keys}::text[]) as wanted(key)
      cross join lateral (
        select k.*, count(*) over () as holders
        from (select * from match_key where key = wanted.key limit ${HOLDERS_MAX + 1}) k
      ) m
      where m.holders between 2 and ${HOLDERS_MAX}
    )
    select ${COLUMNS}, held.key
    from held
    -- one by one by its key, whatever the planner believes of the length of the list
    cross join lateral (select * from record r where r.connection_id = held.connection_id
      and r.object_type = held.object_type and r.record_id = held.record_id limit 1) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type
    where not r.deleted and r.merged_into is null and ${KNOWN}`.execute(db)
  for (const row of rows) {
    const ref = `${row.connection_id}/${row.object_type}/${row.record_id}`
    if (!records.has(ref)) records.set(ref, toRecord(row))
    const list = byKey.get(row.key)
    if (list) list.push(ref)
    else byKey.set(row.key, [ref])
  }
  return { records, byKey }
}

function matchesOf(query: NeighbourQuery, holders: Holders): Match[] {
  const self = refKey(query.record)
  const shared = new Map<string, { key: string; holders: number }[]>()
  for (const key of query.keys) {
    const refs = holders.byKey.get(key)
    if (!refs) continue
    for (const ref of refs) {
      if (ref === self) continue
      const list = shared.get(ref)
      if (list) list.push({ key, holders: refs.length })
      else shared.set(ref, [{ key, holders: refs.length }])
    }
  }
  // Sorted, so that a decision never depends on the order in which Postgres returned rows.
  return [...shared.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ref, keys]) => ({ record: holders.records.get(ref)!, keys }))
}
