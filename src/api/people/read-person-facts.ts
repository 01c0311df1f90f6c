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
export async function readLoad(db: Database): Promise<ReadonlyMap<PersonId, PersonView['load']>> {
  const { rows } = await sql<{ person_id: string; n: number }>`
    select i.person_id, count(*)::int as n
    from (select distinct i.person_id, c.id as connection_id, u.email
      from identity i join connection c on i.issuer = c.crm || ':' || c.account_id and c.status <> 'disconnected'
      join crm_user u on u.connection_id = c.id and u.user_id = i.subject
      where i.kind = 'crm' and i.state = 'confirmed' and u.email is not null) i
    join task t on t.connection_id = i.connection_id and t.status = 'open' and t.owner_email = i.email
    group by 1`.execute(db)
  return new Map(rows.map(({ person_id: id, n }) => [id, { openTasks: n, minutesAWeek: null }]))
}

type IdentityRow = Omit<IdentityView, 'where'> & {
  readonly person_id: string
  readonly issuer: string
  readonly title: string | null
}

/** Who each person is elsewhere, also where that is only proposed or in conflict. */
export async function readIdentities(db: Database): Promise<ReadonlyMap<PersonId, IdentityView[]>> {
  const { rows } = await sql<IdentityRow>`
    select i.person_id, i.id, null as user, i.kind, i.issuer, coalesce(i.email, case when i.kind = 'mail' then i.subject end) as email,
      i.state, i.why, c.title
    from identity i
    left join connection c on i.kind = 'crm' and i.issuer = c.crm || ':' || c.account_id and c.status <> 'disconnected'
    where i.state <> 'ended' order by i.person_id, i.state = 'refused', i.id`.execute(db)
  const all = new Map<PersonId, IdentityView[]>()
  for (const { person_id: id, issuer, title, ...one } of [...(await readNamesakes(db)), ...rows]) {
    const view = { ...one, where: whereOf(one.kind, issuer, title) }
    all.set(id, [...(all.get(id) ?? []), view])
  }
  return all
}

/**
 * Active users of a CRM who have the address of a person and are not known to be that person. Where the person is another
 * user of the same account, somebody was given their address: a conflict, by which nobody gains anything. Elsewhere it may be
 * the same person, who has to say so.
 */
async function readNamesakes(db: Database): Promise<IdentityRow[]> {
  const { rows } = await sql<IdentityRow & { is_other: boolean; owner: string | null }>`
    select p.person_id, null as id, 'crm' as kind, c.crm || ':' || c.account_id as issuer, c.title, u.email,
      jsonb_build_object('connectionId', c.id, 'userId', u.user_id, 'name', u.name) as user,
      o.name as owner, exists (
        select 1 from identity s where s.person_id = p.person_id and s.kind = 'crm' and s.state = 'confirmed'
          and s.issuer = c.crm || ':' || c.account_id) as is_other
    from (select distinct person_id, lower(coalesce(email, case when kind = 'mail' then subject end)) as address
      from identity where state = 'confirmed') p
    join person h on h.id = p.person_id and h.ended_at is null
    join crm_user u on lower(u.email) = p.address and u.kind = 'person' and u.active and u.gone_at is null
    join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    left join identity n on n.kind = 'crm' and n.issuer = c.crm || ':' || c.account_id and n.subject = u.user_id
      and n.state = 'confirmed'
    left join person o on o.id = n.person_id
    where n.person_id is distinct from p.person_id
      and not exists (select 1 from identity r where r.person_id = p.person_id and r.kind = 'crm'
        and r.issuer = c.crm || ':' || c.account_id and r.subject = u.user_id and r.state in ('refused', 'proposed', 'conflict'))
    order by p.person_id, c.id, u.user_id`.execute(db)
  return rows.map(({ is_other: isOther, owner, ...row }) => {
    const whose = owner === null || owner === row.user!.name ? row.user!.name : `${row.user!.name} (${owner})`
    const isConflict = isOther || owner !== null
    const why = isConflict
      ? `${whose} has this address in the CRM now. It moves no job: jobs stay with the user, not with the address.`
      : `${row.user!.name} has the same address there. An address proves nothing: confirm it if it is the same person.`
    return { ...row, state: isConflict ? 'conflict' : 'proposed', why }
  })
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
      and not exists (select 1 from identity i where i.kind = 'crm' and i.issuer = c.crm || ':' || c.account_id
        and i.subject = u.user_id and i.state = 'confirmed')
    order by lower(u.name), c.id, u.user_id limit ${USERS_MAX}`.execute(db)
  return {
    users: rows.map(({ crm, title, ...user }) => ({ ...user, where: whereOf('crm', crm, title) })),
  }
}
