import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { type Identity, type IdentityKey, personOfIdentity } from './identities.ts'
import type { Person, PersonId } from './persons.ts'

/** An invitation is open this long after an address was confirmed by whoever invited, and for one join. */
const INVITED_DAYS = 14

export type Join = Identity & {
  readonly personName: string
  readonly proposedAt: Date
  /** Who made the link of the session that proposed it, and may not confirm it. */
  readonly linkMadeBy: string | null
}

/** Whose this is, although they have ended or it was never confirmed: for telling, never for signing in. */
export async function formerPersonOf(db: Kysely<Tables>, key: IdentityKey): Promise<PersonId | null> {
  const { rows } = await sql<{ person_id: string }>`
    select i.person_id from identity i join person p on p.id = i.person_id
    where i.kind = ${key.kind} and i.issuer = ${key.issuer} and i.subject = ${key.subject}
      and i.state = 'confirmed' and p.ended_at is not null`.execute(db)
  return rows[0]?.person_id ?? null
}

/**
 * Who was invited under exactly this address, has never joined by a provider, and not long ago. Null: nobody. `by`: who
 * invited.
 */
export async function invitedAs(
  db: Kysely<Tables>,
  address: string,
): Promise<{ readonly personId: PersonId; readonly by: string } | null> {
  const { rows } = await sql<{ personId: string; by: string }>`
    select i.person_id as "personId", i.confirmed_by as by from identity i
    join person p on p.id = i.person_id and p.ended_at is null
    where i.kind = 'mail' and i.subject = ${address} and i.state = 'confirmed'
      and i.confirmed_at > now() - make_interval(days => ${INVITED_DAYS})
      and not exists (select 1 from identity o where o.person_id = i.person_id and o.kind = 'oidc')`.execute(db)
  return rows[0] ?? null
}

/**
 * Everybody who has this address now, here or as a user of a connected CRM. The sandbox of an org spells addresses with
 * `.invalid` at the end, which is left out to propose, and for nothing else.
 */
export async function personsToPropose(db: Kysely<Tables>, address: string): Promise<Person[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select distinct p.id, p.name from person p
    join identity i on i.person_id = p.id and i.state = 'confirmed'
    left join connection c on i.kind = 'crm' and i.issuer = c.identity_issuer and c.status <> 'disconnected'
    left join crm_user u on u.connection_id = c.id and u.user_id = i.subject
    where p.ended_at is null and ${address} in (
      case when i.kind = 'mail' then i.subject end,
      regexp_replace(lower(coalesce(u.email, case when i.kind = 'crm' then i.email end)), '\\.invalid$', ''))
    order by p.id`.execute(db)
  return rows.map(({ id, name }) => ({ id, name, endedAt: null }))
}

/** What is known of this identity and person: nothing, or the state of the proposal. */
export async function joinStateOf(
  db: Kysely<Tables>,
  personId: PersonId,
  { kind, issuer, subject }: IdentityKey,
): Promise<Identity['state'] | null> {
  const { rows } = await sql<{ state: Identity['state'] }>`
    select state from identity where person_id = ${personId} and kind = ${kind} and issuer = ${issuer}
      and subject = ${subject} and state <> 'ended' order by id desc limit 1`.execute(db)
  return rows[0]?.state ?? null
}

/** Notes a proposal or a conflict, once. It signs nobody in. False: it is there already. */
export async function proposeIdentity(
  db: Kysely<Tables>,
  personId: PersonId,
  { kind, issuer, subject }: IdentityKey,
  of: {
    readonly email: string | null
    readonly state: 'proposed' | 'conflict'
    readonly why: string
    readonly linkMadeBy?: string | null
  },
): Promise<boolean> {
  const { rows } = await sql`
    insert into identity as i (person_id, kind, issuer, subject, email, state, why, link_made_by)
    values (${personId}, ${kind}, ${issuer}, ${subject}, ${of.email}, ${of.state}, ${of.why}, ${of.linkMadeBy ?? null})
    on conflict (person_id, kind, issuer, subject) where state in ('proposed', 'confirmed', 'conflict')
    do update set state = excluded.state, why = excluded.why, email = excluded.email
      where i.state <> 'confirmed' and (i.state, i.why) is distinct from (excluded.state, excluded.why)
    returning 1`.execute(db)
  return rows.length > 0
}

/** What waits for a yes or a no, and what contradicts itself. The oldest first. */
export async function listJoins(db: Kysely<Tables>, personId: PersonId | null = null): Promise<Join[]> {
  const { rows } = await sql<Join>`
    select i.id::int as id, i.person_id as "personId", p.name as "personName", i.kind, i.issuer, i.subject, i.email,
      i.state, i.why, i.proposed_at as "proposedAt", i.link_made_by as "linkMadeBy"
    from identity i join person p on p.id = i.person_id and p.ended_at is null
    where i.state in ('proposed', 'conflict') and (${personId}::text is null or i.person_id = ${personId})
    order by i.proposed_at, i.id limit 500`.execute(db)
  return rows
}

/** Locked until the transaction ends, so that of two answers one counts. */
export async function lockJoin(trx: Kysely<Tables>, id: number): Promise<Join | null> {
  const { rows } = await sql<Join>`
    select i.id::int as id, i.person_id as "personId", p.name as "personName", i.kind, i.issuer, i.subject, i.email,
      i.state, i.why, i.proposed_at as "proposedAt", i.link_made_by as "linkMadeBy"
    from identity i join person p on p.id = i.person_id and p.ended_at is null
    where i.id = ${id} and i.state in ('proposed', 'conflict') for update of i`.execute(trx)
  return rows[0] ?? null
}

/** False, with nothing changed: it is confirmed as somebody else's, and nobody is two people. */
export async function settleJoin(
  trx: Kysely<Tables>,
  join: Join,
  { answer, by }: { readonly answer: 'confirm' | 'refuse'; readonly by: string },
): Promise<boolean> {
  if (answer === 'confirm') {
    const owner = await personOfIdentity(trx, join)
    if (owner !== null && owner !== join.personId) return false
    await sql`update identity set state = 'confirmed', confirmed_at = clock_timestamp(), confirmed_by = ${by}
      where id = ${join.id}`.execute(trx)
    return true
  }
  await sql`update identity set state = 'refused', ended_at = clock_timestamp(), ended_by = ${by}
    where id = ${join.id}`.execute(trx)
  return true
}

/** A way to sign in that is taken away. False: this person has no such way. */
export async function endIdentity(
  trx: Kysely<Tables>,
  of: { readonly id: number; readonly personId: PersonId; readonly by: string },
): Promise<boolean> {
  const { rows } = await sql`
    update identity set state = 'ended', ended_at = clock_timestamp(), ended_by = ${of.by}
    where id = ${of.id} and person_id = ${of.personId} and state = 'confirmed' returning 1`.execute(trx)
  return rows.length > 0
}

/** What the provider calls them today. It is shown, and decides nothing. True: it was another before. */
export async function noteEmail(db: Kysely<Tables>, key: IdentityKey, email: string | null): Promise<boolean> {
  const { rows } = await sql`
    update identity set email = ${email} where kind = ${key.kind} and issuer = ${key.issuer}
      and subject = ${key.subject} and state = 'confirmed' and email is distinct from ${email} returning 1`.execute(db)
  return rows.length > 0
}
