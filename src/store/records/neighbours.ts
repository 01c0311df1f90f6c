import { type Kysely, sql } from 'kysely'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { type MissingInput, Unknown, WHOLE_RECORD, type WhyUnknown } from '../../model/record/knowledge.ts'
import type { Match, Neighbours } from '../../model/record/neighbours.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { COLUMNS, FROM, HOLDERS_MAX, toRecord } from './read-records.ts'
import { type UnseenObjects, unseenObjects } from './unseen-objects.ts'

/** What the caller already knows of each record, so that this file needs no rule of the model. */
export type NeighbourQuery = {
  readonly record: CrmRecord
  readonly keys: readonly string[]
  /** The account that the record names, if any. Unknown: it cannot be seen whether it names one. */
  readonly account: AccountRef | Unknown | null
  /** For a person without a named account: the key of the account that would own their domain. */
  readonly accountKey: { readonly objectType: string; readonly key: string } | null
  /** True when the record is itself an account: its deals are read. */
  readonly isAccount: boolean
  readonly dealObject: string | null
}

type AccountRef = { readonly objectType: string; readonly recordId: string }

/**
 * A record of which only a first event is known says nothing yet: who made it when, or who owns it, is still to be read.
 * Taking it for a neighbour would hold the older record against a younger one. It counts once it was read.
 */
const IS_UNREAD = sql`coalesce(r.needs_read = 'first-sight', false)`

type Row = Parameters<typeof toRecord>[0]

/** Reads what `decide` may look at for a whole batch of one connection: five statements, whatever the batch's size. */
export async function readNeighbours(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
): Promise<Map<string, Neighbours>> {
  const unseen = await unseenObjects(db)
  const accounts = await readAccounts(db, connectionId, queries, unseen)
  const accountOf = new Map<string, CrmRecord | Unknown>()
  const dealAccounts = new Map<string, string>() // account id -> deal object
  for (const query of queries) {
    const account = accounts(query)
    if (account !== null) accountOf.set(refKey(query.record), account)
    if (query.dealObject) {
      if (query.isAccount) dealAccounts.set(query.record.recordId, query.dealObject)
      else if (account !== null && !(account instanceof Unknown)) dealAccounts.set(account.recordId, query.dealObject)
    }
  }
  const deals = await readDeals(db, connectionId, dealAccounts)
  const holders = await readHolders(db, [...new Set(queries.flatMap((q) => q.keys))])

  const result = new Map<string, Neighbours>()
  for (const query of queries) {
    const key = refKey(query.record)
    const account = accountOf.get(key) ?? null
    const dealsOf = query.isAccount ? query.record : account
    const dealsUnknown =
      dealsOf === null || dealsOf instanceof Unknown
        ? null
        : Unknown.both(unseenDeals(query, unseen), deals.unread.get(dealsOf.recordId) ?? null)
    const { matches, unread } = matchesOf(query, holders)
    const unseenKeys = unread.length === 0 ? unseen.keys : [...unseen.keys, ...unread]
    result.set(key, {
      account,
      deals: dealsOf === null || dealsOf instanceof Unknown ? [] : (deals.read.get(dealsOf.recordId) ?? []),
      ...(dealsUnknown === null ? {} : { dealsUnknown }),
      matches,
      ...(unseenKeys.length === 0 ? {} : { unseenKeys }),
    })
  }
  return result
}

type UnreadRow = Row & { is_unread: boolean }

/** The account of each record: the one it names, else the one that owns its domain. */
async function readAccounts(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
  unseen: UnseenObjects,
): Promise<(query: NeighbourQuery) => CrmRecord | Unknown | null> {
  const named = await readNamedAccounts(db, connectionId, queries)
  const byDomain = await readAccountsByDomain(db, connectionId, queries)
  return (query) => {
    const { account, accountKey, record } = query
    if (account instanceof Unknown) return account
    if (account !== null) {
      const row = named.get(`${account.objectType}/${account.recordId}`)
      if (row === undefined || row.is_unread) return missingAccount(record, account, unseen)
      if (row.merged_into !== null && !row.deleted) {
        // Until the CRM has moved the reference, the survivor speaks for it.
        const survivor = named.get(`${account.objectType}/${row.merged_into}`)
        const into = { objectType: account.objectType, recordId: row.merged_into }
        return survivor === undefined || survivor.is_unread ? missingAccount(record, into, unseen) : toRecord(survivor)
      }
      return row.deleted ? null : toRecord(row)
    }
    if (accountKey === null) return null
    const { objectType, key } = accountKey
    const field = domainField(record, objectType)
    const why = unseen.why(connectionId, objectType, field)
    if (why === 'refused') return new Unknown([ofAccount(record, objectType, why)])
    if (why !== null) return new Unknown([{ ...ofAccount(record, objectType, why), field, name: `account.${field}` }])
    const rows = byDomain.get(`${objectType}/${key}`) ?? []
    const [row] = rows
    // A domain of two accounts names neither.
    if (row === undefined || rows.length > 1) return null
    return row.is_unread ? missingAccount(record, { objectType, recordId: row.record_id }, unseen) : toRecord(row)
  }
}

/** The record names an account that we have not read: not the same as one without an account. */
function missingAccount(record: CrmRecord, { objectType, recordId }: AccountRef, unseen: UnseenObjects): Unknown {
  const why = unseen.why(record.connectionId, objectType, WHOLE_RECORD) === 'refused' ? 'refused' : 'not-read'
  return new Unknown([{ ...ofAccount(record, objectType, why), recordId }])
}

function ofAccount({ connectionId, crm }: CrmRecord, objectType: string, why: WhyUnknown): MissingInput {
  return { connectionId, crm, objectType, field: WHOLE_RECORD, why, name: 'account' }
}

function domainField({ crm }: CrmRecord, objectType: string): string {
  return objectShape(crm, objectType)?.domain ?? WHOLE_RECORD
}

/** Null: the deals of the account are all that there are. */
function unseenDeals({ record, dealObject }: NeighbourQuery, unseen: UnseenObjects): Unknown | null {
  if (dealObject === null) return null
  const { connectionId, crm } = record
  // Without the reference nobody can tell of which account a deal is.
  const link = objectShape(crm, dealObject)?.account ?? WHOLE_RECORD
  const why = unseen.why(connectionId, dealObject, link)
  if (why === null) return null
  const field = why === 'refused' ? WHOLE_RECORD : link
  return new Unknown([{ connectionId, crm, objectType: dealObject, field, why, name: dealObject }])
}

async function readNamedAccounts(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap(({ account }) => (account === null || account instanceof Unknown ? [] : [account]))
  const found = new Map<string, UnreadRow>()
  if (wanted.length === 0) return found
  const { rows } = await sql<UnreadRow>`
    select ${COLUMNS}, ${IS_UNREAD} as is_unread from ${FROM}
    join (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.recordId)}::text[])
          as d(t, i)) w on w.t = r.object_type and w.i = r.record_id
    where r.connection_id = ${connectionId}
    union
    select ${COLUMNS}, ${IS_UNREAD} as is_unread from ${FROM}
    join record loser on loser.connection_id = r.connection_id and loser.object_type = r.object_type
      and loser.merged_into = r.record_id
    join (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.recordId)}::text[])
          as d(t, i)) w on w.t = loser.object_type and w.i = loser.record_id
    where r.connection_id = ${connectionId}`.execute(db)
  for (const row of rows) found.set(`${row.object_type}/${row.record_id}`, row)
  return found
}

/** The accounts that hold each domain key. */
async function readAccountsByDomain(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap((q) => (q.account === null && q.accountKey ? [q.accountKey] : []))
  const found = new Map<string, UnreadRow[]>()
  if (wanted.length === 0) return found
  const { rows } = await sql<UnreadRow & { key: string }>`
    select ${COLUMNS}, ${IS_UNREAD} as is_unread, w.k as key
    from (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.key)}::text[])
          as d(t, k)) w
    cross join lateral (
      select * from match_key m where m.key = w.k and m.connection_id = ${connectionId} and m.object_type = w.t limit 3
    ) m
    join ${FROM} on r.connection_id = m.connection_id and r.object_type = m.object_type and r.record_id = m.record_id
    where not r.deleted and r.merged_into is null
    order by r.record_id`.execute(db)
  for (const row of rows) {
    const key = `${row.object_type}/${row.key}`
    found.set(key, [...(found.get(key) ?? []), row])
  }
  return found
}

/** Per account its deals, and those of which only a first event is known: they may be worth anything. */
async function readDeals(db: Kysely<Tables>, connectionId: string, accounts: ReadonlyMap<string, string>) {
  const read = new Map<string, CrmRecord[]>()
  const unread = new Map<string, Unknown>()
  const deals = { read, unread }
  if (accounts.size === 0) return deals
  const objects = [...new Set(accounts.values())]
  const { rows } = await sql<UnreadRow & { account_id: string }>`
    select ${COLUMNS}, ${IS_UNREAD} as is_unread, r.account_id from ${FROM}
    where r.connection_id = ${connectionId} and r.object_type = any(${objects}::text[])
      and r.account_id = any(${[...accounts.keys()]}::text[]) and not r.deleted
    order by r.record_id`.execute(db)
  for (const row of rows) {
    if (row.is_unread) {
      const known = unread.get(row.account_id) ?? null
      unread.set(row.account_id, Unknown.both(known, new Unknown([unreadMatch(toRecord(row))])) as Unknown)
      continue
    }
    const list = read.get(row.account_id)
    if (list) list.push(toRecord(row))
    else read.set(row.account_id, [toRecord(row)])
  }
  return deals
}

type Holders = {
  readonly records: ReadonlyMap<string, CrmRecord>
  /** Those of them of which only a first event is known. */
  readonly unread: ReadonlySet<string>
  readonly byKey: ReadonlyMap<string, readonly string[]>
}

async function readHolders(db: Kysely<Tables>, keys: readonly string[]): Promise<Holders> {
  const records = new Map<string, CrmRecord>()
  const unread = new Set<string>()
  const byKey = new Map<string, string[]>()
  if (keys.length === 0) return { records, unread, byKey }
  const { rows } = await sql<UnreadRow & { key: string }>`
    with held as materialized (
      select wanted.key, m.connection_id, m.object_type, m.record_id
      from unnest(${keys}::text[]) as wanted(key)
      cross join lateral (
        select k.*, count(*) over () as holders
        from (select * from match_key where key = wanted.key limit ${HOLDERS_MAX + 1}) k
      ) m
      where m.holders between 2 and ${HOLDERS_MAX}
    )
    select ${COLUMNS}, ${IS_UNREAD} as is_unread, held.key
    from held
    -- one by one by its key, whatever the planner believes of the length of the list
    cross join lateral (select * from record r where r.connection_id = held.connection_id
      and r.object_type = held.object_type and r.record_id = held.record_id limit 1) r
    join connection c on c.id = r.connection_id
    left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type
    where not r.deleted and r.merged_into is null`.execute(db)
  for (const row of rows) {
    const ref = `${row.connection_id}/${row.object_type}/${row.record_id}`
    if (!records.has(ref)) records.set(ref, toRecord(row))
    if (row.is_unread) unread.add(ref)
    const list = byKey.get(row.key)
    if (list) list.push(ref)
    else byKey.set(row.key, [ref])
  }
  return { records, unread, byKey }
}

/** Records that share a key with the record, and those of them that have to be read before they say anything. */
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
      if (holders.unread.has(ref)) {
        unread.set(ref, unreadMatch(holders.records.get(ref)!))
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

function unreadMatch({ connectionId, crm, objectType, recordId }: CrmRecord): MissingInput {
  return { connectionId, crm, objectType, field: WHOLE_RECORD, why: 'not-read', name: objectType, recordId }
}
