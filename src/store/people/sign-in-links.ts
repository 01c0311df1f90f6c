import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { PersonId } from './persons.ts'
import { hashOf } from './secret-hash.ts'
import { openSession, type SessionMade } from './sessions.ts'

/**
 * A link signs in one named person, once. It takes a click, so that a scanner that opens every link in a mail uses
 * nothing up. Whoever can make one may also have read it: its session is weak, unless the terminal of the server made it,
 * whose holder has the database anyway.
 */
export type SignInLink = { readonly personId: PersonId; readonly name: string; readonly expiresAt: Date }

export const LINK_HOURS = 24

/** The secret stands in the fragment: browsers keep it to themselves, so it is in no server's or proxy's log. */
export async function createSignInLink(
  db: Database,
  publicUrl: string,
  of: { readonly personId: PersonId; readonly madeBy: string; readonly method: 'terminal' | 'link' },
): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  await sql`delete from sign_in_link where expires_at < now() - interval '1 day'`.execute(db)
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

/** Null when the link was used before, is too old, or was never ours: the caller cannot tell which, on purpose. */
export async function exchangeLink(
  db: Database,
  secret: string,
  browser: string,
): Promise<(SessionMade & { readonly madeBy: string }) | null> {
  return db.transaction().execute(async (trx) => {
    // One statement decides, so that of two simultaneous exchanges exactly one wins.
    const used = await sql<{ person_id: string; method: 'terminal' | 'link'; made_by: string }>`
      update sign_in_link l set used_at = now()
      where token_hash = ${hashOf(secret)} and used_at is null and expires_at > now()
        and exists (select 1 from person p where p.id = l.person_id and p.ended_at is null)
      returning person_id, method, made_by`.execute(trx)
    const link = used.rows[0]
    if (link === undefined) return null
    const made = await openSession(trx, { personId: link.person_id, method: link.method, browser })
    return { ...made, madeBy: link.made_by }
  })
}
