import { type Kysely, sql } from 'kysely'
import type { Candidate, CasesPerWeek } from '../../model/authority/smallest-cast.ts'
import type { ExceptionClass } from '../../model/classes/class.ts'
import type { Tables } from '../database/tables.ts'

/** Every list of users has a few thousand at most; whoever is further down is not the first to ask. */
const CANDIDATES_MAX = 200

/** Connections to CRMs that the workflow watches, or that a draft of it would. */
const watchedBy = (workflow: string) => sql`
  select c.id, c.identity_issuer as issuer from connection c
  where c.status <> 'disconnected' and exists (
    select 1 from (
      select p.document -> 'objects' as objects from workflow w join policy_version p on p.hash = w.hash
        where w.workflow = ${workflow}
      -- before anything of it is in force
      union all select x.content -> 'objects' from policy_draft d join policy_draft_text x on x.draft_id = d.id
        where d.document = 'workflow:' || ${workflow} and d.ended_at is null) o
    where o.objects @> jsonb_build_array(jsonb_build_object('crm', c.crm)))`

/**
 * Active people of the CRMs that the workflow watches, one per person where that is known, else one per e-mail. An e-mail
 * that two users of one CRM have is nobody in particular.
 */
export async function castCandidates(db: Kysely<Tables>, workflow: string): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    with watched as (
      ${watchedBy(workflow)}
    ), users as (
      select u.connection_id, u.user_id, u.name, u.email, i.person_id from crm_user u join watched c on c.id = u.connection_id
      left join identity i on i.kind = 'crm' and i.issuer = c.issuer and i.subject = u.user_id and i.state = 'confirmed'
      where u.kind = 'person' and u.active and u.gone_at is null and u.frozen is not true and u.integration is not true
        and u.email is not null
        and not exists (select 1 from person p where p.id = i.person_id and p.ended_at is not null)
        -- whoever they are is to be confirmed first
        and (i.id is not null or not exists (select 1 from identity o where o.kind = 'crm' and o.issuer = c.issuer
          and o.subject = u.user_id and o.state in ('proposed', 'conflict')))
    )
    -- an org's sandbox spells addresses with .invalid; the person is the same
    select coalesce(u.person_id, regexp_replace(lower(u.email), '\\.invalid$', '')) as id, min(u.name) as name, min(u.email) as email,
      bool_or(u.person_id is not null) as "isKnown", count(distinct u.connection_id)::int as connections,
      coalesce(sum(o.cases), 0)::int as "ownCases"
    from users u
    left join lateral (
      select count(*) as cases from exception e join record r
        on (r.connection_id, r.object_type, r.record_id) = (e.connection_id, e.object_type, e.record_id)
      where e.status = 'open' and e.workflow = ${workflow} and e.connection_id = u.connection_id
        and r.owner_id = u.user_id) o on true
    group by 1 having bool_or(u.person_id is not null) or count(*) = count(distinct u.connection_id)
    order by connections desc, "isKnown" desc, "ownCases", name limit ${CANDIDATES_MAX}`.execute(db)
  return rows
}

/** The user by whom a candidate who is nobody here yet is invited. Null: there is none any longer. */
export async function userOfCandidate(
  db: Kysely<Tables>,
  workflow: string,
  email: string,
): Promise<{ readonly connectionId: string; readonly userId: string } | null> {
  const { rows } = await sql<{ connectionId: string; userId: string }>`
    select u.connection_id as "connectionId", u.user_id as "userId" from crm_user u
    join (${watchedBy(workflow)}) c on c.id = u.connection_id
    where u.email = ${email} and u.kind = 'person' and u.active and u.gone_at is null and u.frozen is not true
      and u.integration is not true order by 1, 2 limit 1`.execute(db)
  return rows[0] ?? null
}

/** By workflow, cases of each class that a week brought, on average of the last four or of as many as there were. */
export async function casesPerWeek(db: Kysely<Tables>): Promise<ReadonlyMap<string, CasesPerWeek>> {
  const { rows } = await sql<{ workflow: string; class: ExceptionClass; n: number }>`
    select workflow, class, ceil(count(*) / greatest(1, least(4, ceil(extract(epoch from clock_timestamp()
      - min(min(opened_at)) over (partition by workflow)) / (7 * 86400)))))::int as n
    from exception where opened_at > clock_timestamp() - interval '28 days' group by workflow, class`.execute(db)
  const weeks = new Map<string, Record<string, number>>()
  for (const { workflow, class: of, n } of rows) weeks.set(workflow, { ...weeks.get(workflow), [of]: n })
  return weeks
}
