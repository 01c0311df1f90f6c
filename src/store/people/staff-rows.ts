import { type Kysely, sql } from 'kysely'
import type { Staff, StaffJob, StaffPerson } from '../../model/people/staff.ts'
import type { JobHolder, PolicyOwners } from '../../model/policy/policy.ts'
import type { Tables } from '../database/tables.ts'

/** What the staff of one workflow is made from. */
export type StaffRow = {
  readonly workflow: string
  /** Null: retired, or put in force by code of before. */
  readonly file: PolicyOwners | null
  /** Nobody was ever offered a job of it. */
  readonly hasNoJobs: boolean
  /** Those of the file go on in what nobody has accepted yet. */
  readonly goesByFile: boolean
  readonly staff: Staff | null
  readonly jobs: readonly StaffJob[]
}

/** Of every workflow in force, or of one, also before it is. */
export async function staffRows(db: Kysely<Tables>, workflow: string | null): Promise<StaffRow[]> {
  const { rows } = await sql<StaffRow>`
    select w.workflow, w.file_owners as file, w.staff, j.id is null as "hasNoJobs",
      w.jobs_from is null or w.jobs_from > clock_timestamp() as "goesByFile", coalesce(j.jobs, '[]') as jobs
    from workflow w
    left join lateral (
      select min(x.id) as id, json_agg(json_build_object('lane', x.lane, 'circle', x.circle, 'personId', x.person_id,
        'acceptedOn', case when x.ended_at is null and p.ended_at is null
          and (x.confirm_by is null or x.confirm_by > clock_timestamp())
          then to_char(x.accepted_at at time zone 'UTC', 'YYYY-MM-DD') end) order by x.place, x.id)
        filter (where x.accepted_at is not null or x.ended_at is not null) as jobs
      from job x join person p on p.id = x.person_id
      where x.workflow = w.workflow and not x.deputy) j on true
    where case when ${workflow}::text is null then w.hash is not null else w.workflow = ${workflow} end
    order by w.workflow collate "C"`.execute(db)
  return rows
}

/** Everybody who has or had a job, or is away, as the CRMs and their sign-ins have them now. */
export async function staffPeople(db: Kysely<Tables>): Promise<StaffPerson[]> {
  const { rows } = await sql<StaffPerson>`
    select p.id, p.name,
      coalesce((select json_agg(json_build_object('connectionId', c.id, 'userId', u.user_id, 'email', u.email,
          'active', u.active and u.gone_at is null) order by c.id, u.user_id)
        from identity i join connection c on c.identity_issuer = i.issuer and c.status <> 'disconnected'
        join crm_user u on u.connection_id = c.id and u.user_id = i.subject and u.kind = 'person'
        where i.person_id = p.id and i.kind = 'crm' and i.state = 'confirmed'), '[]') as users,
      array(select lower(coalesce(i.email, i.subject)) from identity i
        where i.person_id = p.id and i.kind in ('oidc', 'mail') and i.state = 'confirmed'
          and coalesce(i.email, i.subject) like '%@%' order by i.id) as addresses,
      exists (select 1 from identity i
        where i.person_id = p.id and i.kind in ('oidc', 'mail') and i.state = 'confirmed') as "signsIn"
    from person p where exists (select 1 from job j where j.person_id = p.id and j.lane <> 'admin')
      or exists (select 1 from absence a where p.id in (a.person_id, a.delegate_id) and a.ended_at is null)
    order by p.id`.execute(db)
  return rows
}

/** The several e-mails of everybody whose users of several CRMs were confirmed as theirs. One that two people have joins nobody. */
export async function confirmedLinks(db: Kysely<Tables>): Promise<string[][]> {
  const { rows } = await sql<{ emails: string[] }>`
    with theirs as (
      select distinct i.person_id, u.email
      from identity i join person p on p.id = i.person_id and p.ended_at is null
      join connection c on c.identity_issuer = i.issuer and c.status <> 'disconnected'
      join crm_user u on u.connection_id = c.id and u.user_id = i.subject and u.kind = 'person'
      where i.kind = 'crm' and i.state = 'confirmed' and u.email is not null and u.active and u.gone_at is null
    ), own as (
      select t.person_id, t.email from theirs t
      where not exists (select 1 from theirs o where o.email = t.email and o.person_id <> t.person_id)
    )
    select array_agg(email order by email) as emails from own group by person_id having count(*) > 1
    order by 1`.execute(db)
  return rows.map(({ emails }) => emails)
}

/** Everybody who holds a job now, by the e-mail under which it is theirs. */
export async function holdersInForce(db: Kysely<Tables>): Promise<Readonly<Record<string, JobHolder>>> {
  const { rows } = await sql<{ email: string; holder: JobHolder }>`
    select distinct on (h.key) h.key as email, h.value as holder
    from workflow w, jsonb_each(w.staff #> '{owners,holders}') h
    where w.hash is not null and jsonb_typeof(w.staff #> '{owners,holders}') = 'object' order by h.key, w.workflow`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ email, holder }) => [email, holder]))
}

/** Keeps who does what now, for everybody who reads the policy. */
export async function saveStaff(trx: Kysely<Tables>, workflow: string, staff: Staff | null): Promise<void> {
  await sql`
    update workflow set staff = ${staff === null ? null : JSON.stringify(staff)}::jsonb, jobs_revision = jobs_revision + 1
    where workflow = ${workflow}`.execute(trx)
}
