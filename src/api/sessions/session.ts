import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'

/**
 * Who may use the console: whoever holds a one-time link that this machine printed. The link is exchanged once for a
 * session row; the cookie only refers to that row, so that ending the row ends the session everywhere at once
 * (ASVS 7.4.1). Both secrets have 256 random bits and are stored as hashes.
 */

/** Long enough to walk to another machine, short enough that a link in a scroll-back is worth nothing. */
export const LINK_MINUTES = 15
/** A working day with a long lunch; and a week in all, however busy. */
const IDLE_HOURS = 12
const ABSOLUTE_DAYS = 7

export type Session = { readonly tokenHash: Buffer; readonly actor: string; readonly expiresAt: Date }

/** The secret stands in the fragment: browsers keep it to themselves, so it is in no server's or proxy's log. */
export async function createSignInLink(db: Database, publicUrl: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  await sql`delete from sign_in_link where expires_at < now() - interval '1 day'`.execute(db)
  await sql`insert into sign_in_link (token_hash, expires_at)
            values (${hashOf(secret)}, now() + make_interval(mins => ${LINK_MINUTES}))`.execute(db)
  const url = new URL('/sign-in', publicUrl)
  url.hash = secret
  return url.href
}

/** Null when the link was used before, is too old, or was never ours: the caller cannot tell which, on purpose. */
export async function exchangeLink(db: Database, secret: string): Promise<{ token: string; session: Session } | null> {
  return db.transaction().execute(async (trx) => {
    // One statement decides, so that of two simultaneous exchanges exactly one wins.
    const used = await sql`update sign_in_link set used_at = now()
      where token_hash = ${hashOf(secret)} and used_at is null and expires_at > now()
      returning 1`.execute(trx)
    if (used.rows.length === 0) return null
    const token = randomBytes(32).toString('base64url')
    const tokenHash = hashOf(token)
    await sql`delete from session where expires_at < now()`.execute(trx)
    const made = await sql<{ actor: string; expires_at: Date }>`
      insert into session (token_hash, actor, expires_at)
      values (${tokenHash}, ${actorOf(tokenHash)}, now() + make_interval(days => ${ABSOLUTE_DAYS}))
      returning actor, expires_at`.execute(trx)
    const row = made.rows[0]!
    return { token, session: { tokenHash, actor: row.actor, expiresAt: row.expires_at } }
  })
}

/** The live session behind a cookie, or null. Being asked counts as activity, noted at most once a minute. */
export async function findSession(db: Database, token: string): Promise<Session | null> {
  const tokenHash = hashOf(token)
  const { rows } = await sql<{ actor: string; expires_at: Date; quiet: boolean }>`
    select actor, expires_at, seen_at < now() - interval '1 minute' as quiet from session
    where token_hash = ${tokenHash} and expires_at > now()
      and seen_at > now() - make_interval(hours => ${IDLE_HOURS})`.execute(db)
  const row = rows[0]
  if (!row) return null
  if (row.quiet) await sql`update session set seen_at = now() where token_hash = ${tokenHash}`.execute(db)
  return { tokenHash, actor: row.actor, expiresAt: row.expires_at }
}

export async function endSession(db: Database, session: Session): Promise<void> {
  await sql`delete from session where token_hash = ${session.tokenHash}`.execute(db)
}

/** What the ledger says of an act in this session. It cannot forget, so it names the session and no person. */
function actorOf(tokenHash: Buffer): string {
  return `console:${tokenHash.toString('hex').slice(0, 12)}`
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
