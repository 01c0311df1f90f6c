import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'
import { hashOf } from './secret-hash.ts'

/**
 * A link signs in one named person, once. It takes a click, so that a scanner that opens every link in a mail uses
 * nothing up. Whoever can make one may also have read it: its session is weak, unless the terminal of the server made it,
 * whose holder has the database anyway.
 */
export type SignInLink = { readonly personId: PersonId; readonly name: string; readonly expiresAt: Date }

export const LINK_HOURS = 24
/** As long as people see which links were made for them. */
const SHOWN_DAYS = 30

/** The secret stands in the fragment: browsers keep it to themselves, so it is in no server's or proxy's log. */
export async function createSignInLink(
  db: Kysely<Tables>,
  publicUrl: string,
  of: { readonly personId: PersonId; readonly madeBy: string; readonly method: 'terminal' | 'link' },
): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  await sql`delete from sign_in_link where expires_at < now() - make_interval(days => ${SHOWN_DAYS})`.execute(db)
  await sql`insert into sign_in_link (token_hash, expires_at, person_id, made_by, method)
            values (${hashOf(secret)}, now() + make_interval(hours => ${LINK_HOURS}), ${of.personId}, ${of.madeBy},
              ${of.method})`.execute(db)
  const url = new URL('/sign-in', publicUrl)
  url.hash = secret
  return url.href
}

/** Whom the link would sign in. Uses nothing up. Null when it was used, is too old, or was never ours. */
export async function lookAtLink(db: Database, secret: string): Promise<SignInLink | null> {
  const { rows } = await sql<SignInLink>`
    select l.person_id as "personId", p.name, l.expires_at as "expiresAt" from sign_in_link l
    join person p on p.id = l.person_id and p.ended_at is null
    where l.token_hash = ${hashOf(secret)} and l.used_at is null and l.expires_at > now()`.execute(db)
  return rows[0] ?? null
}

export type UsedLink = {
  readonly personId: PersonId
  readonly method: 'terminal' | 'link'
  /** `person:ID` or `terminal`. */
  readonly madeBy: string
}

/** Null when the link was used before, is too old, or was never ours: the caller cannot tell which, on purpose. */
export async function useSignInLink(trx: Kysely<Tables>, secret: string): Promise<UsedLink | null> {
  // One statement decides, so that of two simultaneous uses exactly one wins.
  const { rows } = await sql<UsedLink>`
    update sign_in_link l set used_at = now()
    where token_hash = ${hashOf(secret)} and used_at is null and expires_at > now()
      and exists (select 1 from person p where p.id = l.person_id and p.ended_at is null)
    returning person_id as "personId", method, made_by as "madeBy"`.execute(trx)
  return rows[0] ?? null
}

export type LinkMade = {
  readonly madeBy: string
  readonly createdAt: Date
  readonly usedAt: Date | null
  readonly isOpen: boolean
}

/** The links that others made for this person, the newest first. */
export async function linksMadeFor(db: Kysely<Tables>, personId: PersonId): Promise<LinkMade[]> {
  const { rows } = await sql<LinkMade>`
    select made_by as "madeBy", created_at as "createdAt", used_at as "usedAt",
      used_at is null and expires_at > now() as "isOpen"
    from sign_in_link where person_id = ${personId} order by created_at desc limit 50`.execute(db)
  return rows
}
