import { type Kysely, sql } from 'kysely'
import type { PolicyOwners } from '../../model/policy/policy.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'
import type { JobKey } from './jobs.ts'
import type { PersonId } from './persons.ts'

/** A workflow whose jobs nobody was offered yet, with the owners that its file names. */
export type UnseededWorkflow = {
  readonly workflow: string
  readonly owners: PolicyOwners
}

/**
 * Those whose users were read in every connection that is there: in the sandbox, where connections come one after the
 * other, of each CRM that the workflow watches; elsewhere those alone that ran before people existed.
 */
export async function unseededWorkflows(db: Kysely<Tables>, isSandbox: boolean): Promise<UnseededWorkflow[]> {
  const { rows } = await sql<UnseededWorkflow>`
    select w.workflow, w.file_owners as owners from workflow w join policy_version p on p.hash = w.hash
    where w.file_owners is not null
      and case when ${isSandbox} then not exists (
          select 1 from jsonb_array_elements(p.document -> 'objects') o
          where not exists (select 1 from connection c where c.crm = o ->> 'crm' and c.status <> 'disconnected'))
        else w.jobs_from is not null end
      and not exists (select 1 from job j where j.workflow = w.workflow)
      and exists (select 1 from connection c where c.status <> 'disconnected')
      and not exists (select 1 from connection c where c.status <> 'disconnected'
        and not exists (select 1 from crm_user u where u.connection_id = c.id))
    order by w.workflow collate "C"`.execute(db)
  return rows
}

export type UserByEmail = {
  readonly email: string
  readonly connectionId: ConnectionId
  readonly crm: string
  readonly accountId: string
  readonly userId: string
  readonly name: string
}

/** The active users with these e-mails, where exactly one user of a connection has it. */
export async function onlyUsers(db: Kysely<Tables>, emails: readonly string[]): Promise<UserByEmail[]> {
  const { rows } = await sql<UserByEmail>`
    select u.email, c.id as "connectionId", c.crm, c.account_id as "accountId", u.user_id as "userId", u.name
    from crm_user u join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    where u.email = any(${[...emails]}::text[]) and u.kind = 'person' and u.active and u.gone_at is null
      and u.integration is not true
      and not exists (select 1 from crm_user o where o.connection_id = u.connection_id and o.email = u.email
        and o.user_id <> u.user_id and o.kind = 'person' and o.active and o.gone_at is null)
    order by u.email, c.id`.execute(db)
  return rows
}

/** Users of the sandbox's cast in a CRM that joined later: the one active user with an e-mail that the person has elsewhere. */
export async function unjoinedCast(db: Kysely<Tables>): Promise<(UserByEmail & { readonly personId: PersonId })[]> {
  const { rows } = await sql<UserByEmail & { personId: PersonId }>`
    select distinct p.id as "personId", u.email, c.id as "connectionId", c.crm, c.account_id as "accountId",
      u.user_id as "userId", u.name
    from person p
    join identity i on i.person_id = p.id and i.kind = 'crm' and i.state = 'confirmed'
    join crm_user u on u.email = i.email and u.kind = 'person' and u.active and u.gone_at is null
    join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    where p.made_by = 'sandbox' and p.ended_at is null
      and not exists (select 1 from identity o where o.kind = 'crm' and o.issuer = c.identity_issuer
        and o.state = 'confirmed' and (o.person_id = p.id or o.subject = u.user_id))
      and not exists (select 1 from crm_user o where o.connection_id = u.connection_id and o.email = u.email
        and o.user_id <> u.user_id and o.kind = 'person' and o.active and o.gone_at is null)
    order by 1, 3`.execute(db)
  return rows
}

/** Whether something else than what `npm start` brought is connected: then nobody is seeded. */
export async function isAnythingConnectedByPeople(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from connection where status <> 'disconnected' and made_by <> 'environment' limit 1`.execute(db)
  return rows.length > 0
}

export type SeededJob = Omit<JobKey, 'deputy'> & {
  readonly personId: PersonId
  readonly place: number
  readonly isAccepted: boolean
  readonly acceptedBeforePeople: boolean
}

/** Offers or gives jobs as files named them. */
export async function seedJobs(trx: Kysely<Tables>, jobs: readonly SeededJob[], by: string): Promise<void> {
  await sql`
    insert into job (workflow, lane, circle, place, person_id, offered_by, offered_at, accepted_at,
      accepted_before_people, confirm_by)
    select w, l, c, n, p, ${by}, clock_timestamp(), case when a then clock_timestamp() end, b,
      case when a then clock_timestamp() + interval '12 months' end
    from jsonb_to_recordset(${JSON.stringify(
      jobs.map((job) => ({
        w: job.workflow,
        l: job.lane,
        c: job.circle,
        n: job.place,
        p: job.personId,
        a: job.isAccepted,
        b: job.acceptedBeforePeople,
      })),
    )}::jsonb) as x(w text, l text, c text, n int, p text, a boolean, b boolean)
    on conflict (workflow, lane, coalesce(circle, ''), deputy, person_id) where ended_at is null do nothing`.execute(
    trx,
  )
}

/** A user who may be this person, until they confirm it. */
export async function proposeIdentity(
  trx: Kysely<Tables>,
  personId: PersonId,
  { crm, accountId, userId, email }: UserByEmail,
  why: string,
): Promise<void> {
  await sql`
    insert into identity (person_id, kind, issuer, subject, email, state, why)
    values (${personId}, 'crm', ${`${crm}:${accountId}`}, ${userId}, ${email}, 'proposed', ${why})
    on conflict (person_id, kind, issuer, subject) where state in ('proposed', 'confirmed', 'conflict') do nothing`.execute(
    trx,
  )
}

/** Whoever is this user, by a confirmed identity or by the one that was proposed first. */
export async function personOfUser(
  db: Kysely<Tables>,
  { crm, accountId, userId }: UserByEmail,
): Promise<PersonId | null> {
  const { rows } = await sql<{ id: PersonId }>`
    select i.person_id as id from identity i join person p on p.id = i.person_id and p.ended_at is null
    where i.kind = 'crm' and i.issuer = ${`${crm}:${accountId}`} and i.subject = ${userId}
      and i.state in ('confirmed', 'proposed')
    order by i.state = 'proposed', i.id limit 1`.execute(db)
  return rows[0]?.id ?? null
}
