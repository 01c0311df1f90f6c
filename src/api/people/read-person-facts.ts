import { sql } from 'kysely'
import { crmProfile, isKnownCrm } from '../../model/record/crm-profile.ts'
import type { Database } from '../../store/database/database.ts'
import type { PersonId } from '../../store/people/persons.ts'
import type { IdentityView, PersonView, UsersReply } from './people-types.ts'

type Away = PersonView['away'][number]

/** Absences that are not over, by person. */
export async function readAway(db: Database): Promise<ReadonlyMap<PersonId, Away[]>> {
  const { rows } = await sql<{
    person_id: string
    id: number
    from: string
    until: string
    is_now: boolean
    delegate_id: string | null
    delegate: string | null
  }>`
    select a.person_id, a.id, a.from_day::text as from, a.until_day::text as until,
      current_date between a.from_day and a.until_day as is_now, a.delegate_id, d.name as delegate
    from absence a left join person d on d.id = a.delegate_id
    where a.ended_at is null and a.until_day >= current_date order by a.person_id, a.from_day, a.id`.execute(db)
  const away = new Map<PersonId, Away[]>()
  for (const { person_id: id, is_now: isNow, delegate_id: delegateId, delegate, ...days } of rows) {
    const one = { ...days, isNow, delegate: delegateId === null ? null : { id: delegateId, name: delegate ?? '' } }
    away.set(id, [...(away.get(id) ?? []), one])
  }
  return away
}

/** Open tasks of each person, in every CRM in which they are a confirmed user. */
export async function readLoad(db: Database): Promise<ReadonlyMap<PersonId, number>> {
  const { rows } = await sql<{ person_id: string; n: number }>`
    select i.person_id, count(*)::int as n
    from (select distinct i.person_id, c.id as connection_id, u.email
      from identity i join connection c on i.issuer = c.identity_issuer and c.status <> 'disconnected'
      join crm_user u on u.connection_id = c.id and u.user_id = i.subject
      where i.kind = 'crm' and i.state = 'confirmed' and u.email is not null) i
    join task t on t.connection_id = i.connection_id and t.status = 'open' and t.owner_email = i.email
    group by 1`.execute(db)
  return new Map(rows.map(({ person_id: id, n }) => [id, n]))
}

type IdentityRow = Omit<IdentityView, 'where'> & {
  readonly person_id: string
  readonly issuer: string
  readonly title: string | null
}

/** Who each person is elsewhere, also where that is only proposed or in conflict. */
export async function readIdentities(db: Database): Promise<ReadonlyMap<PersonId, IdentityView[]>> {
  const { rows } = await sql<IdentityRow>`
    select i.person_id, i.id, u.name, i.kind, i.issuer, coalesce(i.email, case when i.kind = 'mail' then i.subject end) as email,
      i.state, i.why, c.title
    from identity i
    left join connection c on i.kind = 'crm' and i.issuer = c.identity_issuer and c.status <> 'disconnected'
    left join crm_user u on u.connection_id = c.id and u.user_id = i.subject
    where i.state <> 'ended' order by i.person_id, i.state = 'refused', i.id`.execute(db)
  const all = new Map<PersonId, IdentityView[]>()
  for (const { person_id: id, issuer, title, ...one } of rows) {
    const view = { ...one, where: whereOf(one.kind, issuer, title) }
    all.set(id, [...(all.get(id) ?? []), view])
  }
  return all
}

function whereOf(kind: IdentityView['kind'], issuer: string, title: string | null): string {
  if (kind === 'mail') return 'Mailed code'
  if (kind === 'oidc') return URL.canParse(issuer) ? `Sign-in of ${new URL(issuer).host}` : 'Sign-in'
  const [crm = ''] = issuer.split(':')
  const name = isKnownCrm(crm) ? crmProfile(crm).title : crm
  return title === null ? `${name} (not connected)` : `${name}, ${title}`
}

const USERS_MAX = 20

/** Active users of the connected CRMs who are nobody here yet, by what is typed. */
export async function readUsers(db: Database, q: string): Promise<UsersReply> {
  const like = `%${q
    .trim()
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')}%`
  const { rows } = await sql<UsersReply['users'][number] & { crm: string; title: string }>`
    select c.id as "connectionId", u.user_id as "userId", u.name, u.email, c.crm, c.title
    from crm_user u join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    where u.kind = 'person' and u.active and u.frozen is not true and u.integration is not true and u.gone_at is null
      and (lower(u.name) like ${like} or lower(coalesce(u.email, '')) like ${like})
      and not exists (select 1 from identity i where i.kind = 'crm' and i.issuer = c.identity_issuer
        and i.subject = u.user_id and i.state = 'confirmed')
    order by lower(u.name), c.id, u.user_id limit ${USERS_MAX}`.execute(db)
  return {
    users: rows.map(({ crm, title, ...user }) => ({ ...user, where: whereOf('crm', crm, title) })),
  }
}
