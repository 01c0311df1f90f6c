import { type Kysely, sql } from 'kysely'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { type MissingInput, Unknown, WHOLE_RECORD, type WhyUnknown } from '../../model/record/knowledge.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { isPerson } from '../../model/record/person-form.ts'
import type { Tables } from '../database/tables.ts'
import { MERGES_MAX } from './merged-accounts.ts'
import { COLUMNS, FROM, toRecord } from './read-records.ts'
import { type GapRow, NOT_READ } from './unread-neighbour.ts'
import type { UnseenObjects } from './unseen-objects.ts'

/** What the caller already knows of each record, so that this file needs no rule of the model. */
export type NeighbourQuery = {
  readonly record: CrmRecord
  readonly keys: readonly string[]
  /** The account that the record names, if any. Unknown: it cannot be seen whether it names one. */
  readonly account: AccountRef | Unknown | null
  /** For a person without a named account: the key of the account that would own their domain. */
  readonly accountKey: { readonly objectType: string; readonly key: string } | null
  /** The company's domain that the record names. Unknown: it cannot be seen. */
  readonly domain: string | Unknown | null
  /** True when the record is itself an account: its deals are read. */
  readonly isAccount: boolean
  readonly dealObject: string | null
}

export type AccountRef = { readonly objectType: string; readonly recordId: string }

/** Accounts of one domain that are compared with each other; more of them are never alike. */
const CANDIDATES_MAX = 10

type FoundAccount = {
  readonly account: CrmRecord | Unknown | null
  /** The record belongs to one of these, and nothing says to which. */
  readonly candidates?: readonly CrmRecord[]
}

/** The account of each record: the one it names, else the one that owns its domain. */
export async function readAccounts(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
  unseen: UnseenObjects,
): Promise<(query: NeighbourQuery) => FoundAccount> {
  const named = await readNamedAccounts(db, connectionId, queries)
  const byDomain = await readAccountsByDomain(db, connectionId, queries)
  const withoutDomain = await readAccountsWithoutDomain(db, connectionId, queries)
  return (query) => {
    const { account, accountKey, record } = query
    if (account instanceof Unknown) return { account }
    if (account !== null) return { account: namedAccount(record, account, named, unseen) }
    if (accountKey === null) return { account: null }
    const { objectType, key } = accountKey
    const field = domainField(record, objectType)
    const why = unseen.why(connectionId, objectType, field)
    if (why === 'refused') return { account: new Unknown([ofAccount(record, objectType, why)]) }
    if (why !== null)
      return { account: new Unknown([{ ...ofAccount(record, objectType, why), field, name: `account.${field}` }]) }
    const stub = withoutDomain.get(objectType)
    // Whatever it is called: it may have this domain, too.
    if (stub !== undefined)
      return { account: new Unknown([{ ...ofAccount(record, objectType, stub.why), recordId: stub.recordId }]) }
    return ownerOfDomain(record, objectType, byDomain.get(`${objectType}/${key}`) ?? [], unseen)
  }
}

function namedAccount(
  record: CrmRecord,
  { objectType, recordId }: AccountRef,
  named: ReadonlyMap<string, GapRow>,
  unseen: UnseenObjects,
): CrmRecord | Unknown | null {
  const row = named.get(`${objectType}/${recordId}`)
  if (row === undefined) return missingAccount(record, { objectType, recordId }, 'not-read', unseen)
  if (row.deleted) return null
  // Until the CRM has moved the reference, the survivor speaks for it: the last one, where that was merged too.
  let into = { objectType, recordId }
  let survivor: GapRow | undefined = row
  for (let merges = 0; survivor !== undefined && survivor.merged_into !== null; merges += 1) {
    into = { objectType, recordId: survivor.merged_into }
    survivor = merges < MERGES_MAX ? named.get(`${objectType}/${survivor.merged_into}`) : undefined
  }
  if (survivor === undefined) return missingAccount(record, into, 'not-read', unseen)
  if (survivor.deleted) return null
  return survivor.gap === null ? toRecord(survivor) : missingAccount(record, into, survivor.gap, unseen)
}

function ownerOfDomain(
  record: CrmRecord,
  objectType: string,
  rows: readonly GapRow[],
  unseen: UnseenObjects,
): FoundAccount {
  const missing = rows.find(({ gap }) => gap !== null)
  if (missing !== undefined) {
    return { account: missingAccount(record, { objectType, recordId: missing.record_id }, missing.gap!, unseen) }
  }
  const accounts: CrmRecord[] = []
  for (const account of rows.map(toRecord)) {
    // A person owns no domain, whatever stands in their web site.
    const person = isPerson(account)
    if (person instanceof Unknown) return { account: person }
    if (!person) accounts.push(account)
  }
  const [only, ...others] = accounts
  if (only === undefined) return { account: null }
  if (others.length === 0) return { account: only }
  const field = domainField(record, objectType)
  const account = new Unknown([{ ...ofAccount(record, objectType, 'ambiguous'), field }])
  return accounts.length > CANDIDATES_MAX ? { account } : { account, candidates: accounts }
}

/** The record names an account that we have not read, or that is hidden: not the same as one without an account. */
function missingAccount(
  record: CrmRecord,
  { objectType, recordId }: AccountRef,
  gap: 'not-read' | 'not-visible',
  unseen: UnseenObjects,
): Unknown {
  const why = unseen.why(record.connectionId, objectType, WHOLE_RECORD) === 'refused' ? 'refused' : gap
  return new Unknown([{ ...ofAccount(record, objectType, why), recordId }])
}

function ofAccount({ connectionId, crm }: CrmRecord, objectType: string, why: WhyUnknown): MissingInput {
  return { connectionId, crm, objectType, field: WHOLE_RECORD, why, name: 'account' }
}

function domainField({ crm }: CrmRecord, objectType: string): string {
  return objectShape(crm, objectType)?.domain ?? WHOLE_RECORD
}

async function readNamedAccounts(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap(({ account }) => (account === null || account instanceof Unknown ? [] : [account]))
  const found = new Map<string, GapRow>()
  if (wanted.length === 0) return found
  const { rows } = await sql<GapRow>`
    with recursive line (t, i, merges) as (
      select distinct *, 0 from unnest(${wanted.map((w) => w.objectType)}::text[],
        ${wanted.map((w) => w.recordId)}::text[]) as d(t, i)
      union
      select l.t, r.merged_into, l.merges + 1 from line l
      cross join lateral (select * from record r where r.connection_id = ${connectionId} and r.object_type = l.t
        and r.record_id = l.i and r.merged_into is not null limit 1) r
      where l.merges < ${MERGES_MAX}
    )
    select ${COLUMNS}, ${NOT_READ} as gap from ${FROM}
    join (select distinct t, i from line) w on w.t = r.object_type and w.i = r.record_id
    where r.connection_id = ${connectionId}`.execute(db)
  for (const row of rows) found.set(`${row.object_type}/${row.record_id}`, row)
  return found
}

/** The accounts that hold each domain key. */
async function readAccountsByDomain(db: Kysely<Tables>, connectionId: string, queries: readonly NeighbourQuery[]) {
  const wanted = queries.flatMap((q) => (q.account === null && q.accountKey ? [q.accountKey] : []))
  const found = new Map<string, GapRow[]>()
  if (wanted.length === 0) return found
  const { rows } = await sql<GapRow & { key: string }>`
    select ${COLUMNS}, ${NOT_READ} as gap, w.k as key
    from (select distinct * from unnest(${wanted.map((w) => w.objectType)}::text[], ${wanted.map((w) => w.key)}::text[])
          as d(t, k)) w
    cross join lateral (
      select * from match_key m where m.key = w.k and m.connection_id = ${connectionId} and m.object_type = w.t
      limit ${CANDIDATES_MAX + 1}
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

/** Of each account object one account of which not even the domain is known, so that it may have any. */
async function readAccountsWithoutDomain(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
): Promise<Map<string, { readonly why: 'not-read' | 'not-visible'; readonly recordId: string }>> {
  const asking = queries.filter(({ account, accountKey }) => account === null && accountKey !== null)
  const fields = new Map(
    asking.map(({ record, accountKey }) => [accountKey!.objectType, domainField(record, accountKey!.objectType)]),
  )
  const found = new Map<string, { why: 'not-read' | 'not-visible'; recordId: string }>()
  if (fields.size === 0) return found
  const { rows } = await sql<{ objectType: string; recordId: string; why: 'not-read' | 'not-visible' }>`
    select w.t as "objectType", r.record_id as "recordId", ${NOT_READ} as why
    from unnest(${[...fields.keys()]}::text[], ${[...fields.values()]}::text[]) as w(t, field)
    cross join lateral (
      -- two look-ups, each by an index of its own
      (select * from record r where r.connection_id = ${connectionId} and r.object_type = w.t
        and r.needs_read = 'first-sight' and not r.values ? w.field
        and not r.deleted and r.merged_into is null limit 1)
      union all
      (select * from record r where r.connection_id = ${connectionId} and r.object_type = w.t
        and r.unseen_since is not null and not r.values ? w.field and not r.deleted and r.merged_into is null limit 1)
      limit 1
    ) r`.execute(db)
  for (const { objectType, recordId, why } of rows) found.set(objectType, { why, recordId })
  return found
}
