import { sql } from 'kysely'
import type { ExceptionClass, Posture } from '../../model/classes/class.ts'
import { accountDomain } from '../../model/matching/keys.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm, FieldText } from '../../model/record/change-event.ts'
import { crmProfile, knownProfiles } from '../../model/record/crm-profile.ts'
import { objectShape, objectsAbout } from '../../model/record/object-shape.ts'
import type { WorstCase } from '../../model/surface/surface.ts'
import { withoutEmails } from '../../model/surface/without-emails.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { NOT_READ } from '../records/unread-neighbour.ts'
import { isIn, type LeftOut } from './left-out.ts'

export type RecordLink = (
  connection: { readonly id: string; readonly crm: Crm; readonly accountId: string; readonly baseUrl: string },
  objectType: string,
  recordId: string,
) => string | null

const WORST_MAX = 20
/** More open cases than this are compared by class and age alone; about 20 MB while it lasts. */
const COMPARED_MAX = 20_000

type Candidate = {
  id: number
  connection_id: string
  crm: Crm
  object_type: string
  record_id: string
  account_id: string | null
  /** Only of people without a linked account, to find the account of their domain. */
  values: Record<string, FieldText> | null
  class: ExceptionClass
  opened_at: Date
}

/**
 * The worst first: by class (money, then customers, then what nobody understands yet), within a class by the open
 * pipeline of the record's account, then the older case.
 */
export async function readWorstCases(
  trx: DatabaseTransaction,
  recordLink: RecordLink,
  leftOut: readonly LeftOut[] = [],
): Promise<WorstCase[]> {
  const { rows } = await sql<Candidate>`
    select e.id, e.connection_id, c.crm, e.object_type, e.record_id, r.account_id, e.class, e.opened_at,
           case when r.account_id is null and e.object_type = any(${objectsAbout('person')}::text[])
             then (select jsonb_object_agg(field, r.values->field) from unnest(${domainFields()}::text[]) field)
           end as values
    from exception e
    join connection c on c.id = e.connection_id
    left join record r on r.connection_id = e.connection_id and r.object_type = e.object_type and r.record_id = e.record_id
    where e.status = 'open' and ${isIn(leftOut, sql`e.connection_id`)}
    order by ${SEVERITY}, e.opened_at, e.id limit ${COMPARED_MAX}`.execute(trx)
  const accounts = await accountsOf(trx, rows)
  const money = await openPipelines(trx, accounts)
  const worst = rows
    .map((row) => {
      const account = accounts.get(row.id)
      return { row, openPipeline: account === undefined ? null : (money.get(keyOf(account)) ?? 0) }
    })
    .sort(
      (a, b) =>
        ORDER.indexOf(a.row.class) - ORDER.indexOf(b.row.class) ||
        (b.openPipeline ?? 0) - (a.openPipeline ?? 0) ||
        +a.row.opened_at - +b.row.opened_at ||
        a.row.id - b.row.id,
    )
    .slice(0, WORST_MAX)
  return describe(
    trx,
    worst.map(({ row, openPipeline }) => ({ id: row.id, openPipeline })),
    recordLink,
  )
}

/** The fields by which `accountDomain` finds the account of a person, in any of the CRMs. */
function domainFields(): string[] {
  const persons = knownProfiles().flatMap(({ objects }) =>
    Object.values(objects).filter(({ about }) => about === 'person'),
  )
  return [...new Set(persons.flatMap(({ email, domain }) => [email, domain]).filter((field) => field !== null))]
}

const ORDER: readonly ExceptionClass[] = ['revenue-impacting', 'customer-facing', 'unknown', 'risky', 'expected']
const SEVERITY = sql`array_position(${[...ORDER]}::text[], e.class)`

type Account = { readonly connectionId: string; readonly crm: Crm; readonly accountId: string }

function keyOf({ connectionId, accountId }: Account): string {
  return `${connectionId}/${accountId}`
}

/** As for a decision: the record itself, the account it is linked to, or the only account of its domain. */
async function accountsOf(trx: DatabaseTransaction, rows: readonly Candidate[]): Promise<Map<number, Account>> {
  const accounts = new Map<number, Account>()
  const byDomain: { id: number; crm: Crm; connectionId: string; key: string }[] = []
  for (const row of rows) {
    const of = { connectionId: row.connection_id, crm: row.crm }
    if (objectShape(row.crm, row.object_type)?.about === 'account')
      accounts.set(row.id, { ...of, accountId: row.record_id })
    else if (row.account_id !== null) accounts.set(row.id, { ...of, accountId: row.account_id })
    else if (row.values !== null) {
      const domain = accountDomain({
        connectionId: row.connection_id as ConnectionId,
        crm: row.crm,
        objectType: row.object_type,
        recordId: row.record_id,
        values: row.values,
        stamps: {},
        ownerHistory: [],
        deleted: false,
        mergedInto: null,
        unreadable: new Set(),
      })
      if (domain !== null) byDomain.push({ id: row.id, ...of, key: `domain:${domain}` })
    }
  }
  if (byDomain.length === 0) return accounts
  const { rows: owned } = await sql<{ connection_id: string; key: string; account_id: string }>`
    select m.connection_id, m.key, min(m.record_id) as account_id
    from match_key m join record r using (connection_id, object_type, record_id)
    join connection c on c.id = m.connection_id and c.joined_at is not null
    where m.key = any(${[...new Set(byDomain.map(({ key }) => key))]}::text[])
      and m.object_type = any(${objectsAbout('account')}::text[]) and not r.deleted and r.merged_into is null
    group by 1, 2 having count(*) = 1 and bool_and(${NOT_READ} is null)`.execute(trx)
  const accountOf = new Map(owned.map((row) => [`${row.connection_id}/${row.key}`, row.account_id]))
  for (const { id, crm, connectionId, key } of byDomain) {
    const accountId = accountOf.get(`${connectionId}/${key}`)
    if (accountId !== undefined) accounts.set(id, { connectionId, crm, accountId })
  }
  return accounts
}

async function openPipelines(
  trx: DatabaseTransaction,
  accounts: ReadonlyMap<number, Account>,
): Promise<Map<string, number>> {
  const wanted = [...new Map([...accounts.values()].map((account) => [keyOf(account), account])).values()]
  if (wanted.length === 0) return new Map()
  const dealShape = ({ crm }: Account) => objectShape(crm, crmProfile(crm).dealObject)!
  const { rows } = await sql<{ connection_id: string; account_id: string; money: number }>`
    select w.c as connection_id, w.a as account_id,
           sum(case when d.values->>w.amount ~ '^-?[0-9]+(\\.[0-9]+)?$' then (d.values->>w.amount)::numeric else 0 end)::float8 as money
    from unnest(${wanted.map((a) => a.connectionId)}::text[], ${wanted.map((a) => a.accountId)}::text[],
                ${wanted.map((a) => crmProfile(a.crm).dealObject)}::text[],
                ${wanted.map((a) => dealShape(a).amount)}::text[],
                ${wanted.map((a) => dealShape(a).closedFlag)}::text[]) as w(c, a, deal, amount, closed)
    join record d on d.connection_id = w.c and d.object_type = w.deal and d.account_id = w.a
      and not d.deleted and d.merged_into is null and (d.values->>w.closed) is distinct from 'true'
    group by 1, 2`.execute(trx)
  return new Map(rows.map((row) => [`${row.connection_id}/${row.account_id}`, row.money]))
}

async function describe(
  trx: DatabaseTransaction,
  worst: readonly { readonly id: number; readonly openPipeline: number | null }[],
  recordLink: RecordLink,
): Promise<WorstCase[]> {
  const { rows } = await sql<{
    id: number
    connection_id: string
    crm: Crm
    account_id: string
    base_url: string
    object_type: string
    record_id: string
    title: string
    pattern: PatternName
    class: ExceptionClass
    posture: Posture
    what: string
    class_because: string
    owner: string | null
    opened_at: Date
    due_at: Date
  }>`
    select e.id, e.connection_id, c.crm, c.account_id, c.base_url, e.object_type, e.record_id, e.title, e.pattern,
           e.class, e.posture, e.what, e.class_because, e.opened_at, e.due_at,
           (select max(u.name) from crm_user u where lower(u.email) = lower(e.owner_email) and u.kind = 'person') as owner
    from exception e join connection c on c.id = e.connection_id
    where e.id = any(${worst.map(({ id }) => id)}::bigint[])`.execute(trx)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return worst.flatMap(({ id, openPipeline }) => {
    const row = byId.get(id)
    if (row === undefined) return []
    const noun = objectShape(row.crm, row.object_type)?.noun ?? row.object_type
    const connection = { id: row.connection_id, crm: row.crm, accountId: row.account_id, baseUrl: row.base_url }
    return {
      // A record without a name goes by its e-mail address, which is not ours to send around.
      title: row.title.includes('@') ? `${noun} ${row.record_id}` : row.title,
      crm: row.crm,
      objectType: row.object_type,
      pattern: row.pattern,
      class: row.class,
      posture: row.posture,
      what: withoutEmails(row.what),
      classBecause: withoutEmails(row.class_because),
      owner: row.owner ?? 'Somebody no CRM knows',
      openPipeline,
      openedAt: row.opened_at.toISOString(),
      dueAt: row.due_at.toISOString(),
      recordUrl: recordLink(connection, row.object_type, row.record_id),
    }
  })
}
