import { sql } from 'kysely'
import type { ExceptionClass } from '../../model/classes/class.ts'
import { mergePeople } from '../../model/people/company-directory.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { CaseOwner, RecordOwner, Rest } from '../../model/surface/surface.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { isIn, type LeftOut } from './left-out.ts'

const LISTED_MAX = 12

type Listed<Owner> = { readonly listed: Owner[]; readonly rest: Rest }

/** A person of both CRMs is one, joined by e-mail and by the links of the company; the e-mail itself does not leave this file. */
export async function readRecordOwners(
  trx: DatabaseTransaction,
  policies: readonly Policy[],
  leftOut: readonly LeftOut[],
): Promise<Listed<RecordOwner>> {
  const watched = policies.flatMap(({ objects }) => objects)
  const { rows } = await sql<{
    name: string | null
    state: RecordOwner['state']
    cases: number
    records: number
    owned: number
    owners: number
    all_cases: number
  }>`
    with link as (${linksOf(policies)}), person as (
      select connection_id, user_id, name, kind, active, active_members,
             coalesce(case when kind = 'person' then coalesce(l.who, lower(u.email)) end, connection_id || '/' || user_id)
               as who
      from crm_user u left join link l on l.email = lower(u.email) where gone_at is null
    ), broken as (
      select e.connection_id, e.object_type, e.record_id, count(*) as cases
      from exception e where e.status = 'open' and ${isIn(leftOut, sql`e.connection_id`)} group by 1, 2, 3
    ), per_owner as (
      select r.connection_id, coalesce(r.owner_id, '') as owner_id, sum(b.cases) as cases, count(*) as records
      from broken b join record r using (connection_id, object_type, record_id) group by 1, 2
    ), watched as (
      select distinct c.id as connection_id, w.object as object_type
      from unnest(${watched.map((w) => w.crm)}::text[], ${watched.map((w) => w.object)}::text[]) as w(crm, object)
      join connection c on c.crm = w.crm and ${isIn(leftOut, sql`c.id`)}
    ), owned as (
      select r.connection_id, coalesce(r.owner_id, '') as owner_id, count(*) as owned
      from record r join watched using (connection_id, object_type)
      where not r.deleted and r.merged_into is null group by 1, 2
    ), named as (
      select coalesce(p.who, case when o.owner_id = '' then '' else o.connection_id || '/' || o.owner_id end) as who,
             o.owner_id, p.name, p.kind, p.active, o.cases, o.records, coalesce(w.owned, 0) as owned
      from per_owner o
      left join person p on p.connection_id = o.connection_id and p.user_id = o.owner_id
      left join owned w on w.connection_id = o.connection_id and w.owner_id = o.owner_id
    )
    select max(name) as name,
           case when who = '' then 'nobody'
                when max(kind) is null then 'unknown to the CRM'
                when max(kind) = 'queue' then 'queue'
                when bool_or(active) then 'active' else 'left' end as state,
           sum(cases)::bigint as cases, sum(records)::bigint as records, sum(owned)::bigint as owned,
           count(*) over () as owners, (sum(sum(cases)) over ())::bigint as all_cases
    from named group by who order by 3 desc, 1 limit ${LISTED_MAX}`.execute(trx)
  return {
    listed: rows.map(({ name, state, cases, records, owned }) => ({
      name: name ?? (state === 'nobody' ? 'Nobody' : 'An owner the CRM no longer lists'),
      state,
      cases,
      records,
      owned,
    })),
    rest: restOf(rows),
  }
}

export async function readCaseOwners(
  trx: DatabaseTransaction,
  policies: readonly Policy[],
  now: Date,
  leftOut: readonly LeftOut[],
): Promise<Listed<CaseOwner>> {
  const { rows } = await sql<{
    name: string | null
    is_active: boolean | null
    cases: number
    overdue: number
    by_class: Partial<Record<ExceptionClass, number>>
    owners: number
    all_cases: number
  }>`
    with link as (${linksOf(policies)}), person as (
      select coalesce(l.who, lower(u.email)) as who, max(name) as name, bool_or(active) as active
      from crm_user u left join link l on l.email = lower(u.email)
      where kind = 'person' and u.email is not null group by 1
    ), cells as (
      select coalesce(l.who, lower(owner_email)) as who, class, count(*) as cases,
             count(*) filter (where due_at < ${now} and waits_since is null) as overdue
      from exception left join link l on l.email = lower(owner_email)
      where status = 'open' and ${isIn(leftOut)} group by 1, 2
    )
    select p.name, bool_or(p.active) as is_active, sum(cases)::bigint as cases, sum(overdue)::bigint as overdue,
           jsonb_object_agg(class, cases) as by_class,
           count(*) over () as owners, (sum(sum(cases)) over ())::bigint as all_cases
    from cells left join person p using (who)
    group by who, p.name order by 3 desc, 1 limit ${LISTED_MAX}`.execute(trx)
  return {
    listed: rows.map(({ name, is_active, cases, overdue, by_class }) => ({
      name: name ?? 'Somebody no CRM knows',
      isActive: is_active ?? false,
      cases,
      overdue,
      byClass: { expected: 0, risky: 0, 'customer-facing': 0, 'revenue-impacting': 0, unknown: 0, ...by_class },
    })),
    rest: restOf(rows),
  }
}

/** Each e-mail that the company links with others, and the one that stands for them all. */
function linksOf(policies: readonly Policy[]) {
  const { persons } = mergePeople(policies.flatMap(({ people }) => people ?? []))
  const links = persons.flatMap((emails) => emails.map((email) => ({ email, who: emails[0]! })))
  return sql`select email, who from jsonb_to_recordset(${JSON.stringify(links)}::jsonb) as x(email text, who text)`
}

function restOf(
  rows: readonly { readonly owners: number; readonly all_cases: number; readonly cases: number }[],
): Rest {
  const shown = rows.reduce((total, row) => total + row.cases, 0)
  return { owners: (rows[0]?.owners ?? 0) - rows.length, cases: (rows[0]?.all_cases ?? 0) - shown }
}
