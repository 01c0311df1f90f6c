import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

export type CrmJoin = { readonly personId: PersonId; readonly state: 'proposed' | 'conflict' }

/** In one turn: an org of ten thousand users is proposed over minutes, and nobody waits for it. */
const JOINS_MAX = 200

/**
 * Notes which active users of a CRM may be which person, by an e-mail that both have, each once. It confirms nothing and
 * moves nothing: a user who was given somebody's address, and an address of several, are conflicts. A user that is
 * confirmed, refused or noted as this person is left alone, whatever is renamed, frozen or merged there.
 */
export async function noteCrmJoins(trx: Kysely<Tables>): Promise<CrmJoin[]> {
  const { rows } = await sql<CrmJoin>`
    with users as (
      select c.identity_issuer as issuer, u.user_id, u.email,
        -- an org's sandbox spells addresses so; the person is the same, the acceptance is not
        regexp_replace(lower(u.email), '\\.invalid$', '') as address
      from crm_user u join connection c on c.id = u.connection_id and c.status <> 'disconnected'
      where u.kind = 'person' and u.active and u.gone_at is null and u.email is not null
    ), addresses as (
      select i.person_id, i.subject as address from identity i where i.kind = 'mail' and i.state = 'confirmed'
      union
      select i.person_id, u.address from identity i
      join users u on i.kind = 'crm' and i.issuer = u.issuer and i.subject = u.user_id
      where i.state = 'confirmed'
    ), pairs as (
      select u.issuer, u.user_id, u.email, a.person_id, count(*) over (partition by u.issuer, u.user_id) as persons,
        count(*) over (partition by u.issuer, a.person_id) as users
      from users u join addresses a using (address)
      join person p on p.id = a.person_id and p.ended_at is null
    )
    insert into identity (person_id, kind, issuer, subject, email, state, why)
    select n.person_id, 'crm', n.issuer, n.user_id, n.email,
      case when n.taken or n.persons > 1 or n.users > 1 then 'conflict' else 'proposed' end,
      case when n.taken then 'This user is confirmed as somebody else, and has the same e-mail address now'
        when n.persons > 1 then n.persons || ' people have this e-mail address'
        when n.users > 1 then n.users || ' users of this CRM have this e-mail address'
        else 'Has the same e-mail address' end
    from (
      select pairs.*, exists (
        select 1 from identity o where o.kind = 'crm' and o.issuer = pairs.issuer and o.subject = pairs.user_id
          and o.state = 'confirmed' and o.person_id <> pairs.person_id) as taken
      from pairs
      where not exists (
        select 1 from identity o where o.kind = 'crm' and o.issuer = pairs.issuer and o.subject = pairs.user_id
          and o.person_id = pairs.person_id)
      order by pairs.issuer, pairs.user_id limit ${JOINS_MAX}) n
    on conflict do nothing
    returning person_id as "personId", state`.execute(trx)
  return rows
}
