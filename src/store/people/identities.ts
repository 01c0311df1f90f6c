import { type Kysely, sql } from 'kysely'
import type { IdentityKind, IdentityState } from '../database/tables/people.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/** Who somebody is elsewhere, whatever e-mail they have there today. */
export type IdentityKey = {
  readonly kind: IdentityKind
  /** crm: `CRM:ACCOUNT`; oidc: the issuer's address; mail: empty. */
  readonly issuer: string
  /** crm: the user's id; oidc: the subject; mail: the address in lower case. */
  readonly subject: string
}

export type Identity = IdentityKey & {
  readonly id: number
  readonly personId: PersonId
  readonly email: string | null
  readonly state: IdentityState
  readonly why: string
}

/** The address of a person in lower case, which is how identities keep it. */
export function mailIdentity(address: string): IdentityKey {
  return { kind: 'mail', issuer: '', subject: address.trim().toLowerCase() }
}

/** A user of one account of a CRM. The account of a sandbox org has another id, and there the user is somebody else. */
export function crmIdentity(of: {
  readonly crm: string
  readonly accountId: string
  readonly userId: string
}): IdentityKey {
  return { kind: 'crm', issuer: `${of.crm}:${of.accountId}`, subject: of.userId }
}

/** The person whose confirmed identity this is. Null: nobody's yet. */
export async function personOfIdentity(
  db: Kysely<Tables>,
  { kind, issuer, subject }: IdentityKey,
): Promise<PersonId | null> {
  const { rows } = await sql<{ person_id: string }>`
    select i.person_id from identity i join person p on p.id = i.person_id and p.ended_at is null
    where i.kind = ${kind} and i.issuer = ${issuer} and i.subject = ${subject} and i.state = 'confirmed'`.execute(db)
  return rows[0]?.person_id ?? null
}

/**
 * Notes that this identity is that person, confirmed by whoever `by` names. False, with nothing changed, where it is
 * confirmed as somebody else's: nobody is two people.
 */
export async function confirmIdentity(
  db: Kysely<Tables>,
  personId: PersonId,
  { kind, issuer, subject }: IdentityKey,
  { email, by, why = '' }: { readonly email: string | null; readonly by: string; readonly why?: string },
): Promise<boolean> {
  const { rows } = await sql`
    insert into identity as i (person_id, kind, issuer, subject, email, state, why, confirmed_at, confirmed_by)
    select ${personId}, ${kind}, ${issuer}, ${subject}, ${email}, 'confirmed', ${why}, clock_timestamp(), ${by}
    where not exists (
      select 1 from identity o where o.kind = ${kind} and o.issuer = ${issuer} and o.subject = ${subject}
        and o.state = 'confirmed' and o.person_id <> ${personId})
    on conflict (person_id, kind, issuer, subject) where state in ('proposed', 'confirmed', 'conflict')
    do update set state = 'confirmed', email = coalesce(excluded.email, i.email),
      confirmed_at = coalesce(i.confirmed_at, excluded.confirmed_at),
      confirmed_by = coalesce(i.confirmed_by, excluded.confirmed_by)
    returning 1`.execute(db)
  return rows.length > 0
}

/** Every identity of these people that has not ended, the oldest first. */
export async function identitiesOf(db: Kysely<Tables>, personIds: readonly PersonId[]): Promise<Identity[]> {
  if (personIds.length === 0) return []
  const { rows } = await sql<Identity>`
    select id, person_id as "personId", kind, issuer, subject, email, state, why from identity
    where person_id = any(${[...personIds]}::text[]) and state <> 'ended' order by id`.execute(db)
  return rows
}
