import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { actorOf, type PersonId } from './persons.ts'
import { hashOf } from './secret-hash.ts'
import { isCastOpen, type SandboxAddresses } from './sign-in-cast.ts'

/**
 * The cookie only refers to a row, so that ending the row ends the session everywhere at once (ASVS 7.4.1). A session is
 * one person's; how they signed in says what it is good for.
 */
export type SignInMethod = 'oidc' | 'code' | 'terminal' | 'link' | 'sandbox'

export type Session = {
  readonly tokenHash: Buffer
  /** Names it in lists; is no secret. */
  readonly id: string
  readonly personId: PersonId
  readonly name: string
  readonly method: SignInMethod
  /** When the person last proved who they are. */
  readonly signedInAt: Date
  readonly onlyPauses: boolean
  /** Of a link: who made it. */
  readonly linkMadeBy: string | null
  /** What the ledger says of an act in this session. */
  readonly actor: string
  readonly expiresAt: Date
}

export type SessionMade = { readonly token: string; readonly session: Session }

/** A working day with a long lunch; and a week in all, however busy. */
const IDLE_HOURS = 12
const ABSOLUTE_DAYS = 7
/** A page that can only pause: whoever may stop everything must not look for a code first. */
const PAUSE_PAGE_DAYS = 30
/** What a browser calls itself, as far as it tells sessions apart. */
const BROWSER_MAX = 200

/** A new token at every sign-in, for whoever has just proved who they are. */
export async function openSession(
  trx: Kysely<Tables>,
  of: {
    readonly personId: PersonId
    readonly method: SignInMethod
    readonly browser: string
    readonly onlyPauses?: boolean
    readonly linkMadeBy?: string | null
  },
): Promise<SessionMade> {
  const token = randomBytes(32).toString('base64url')
  const onlyPauses = of.onlyPauses ?? false
  await sql`delete from session where expires_at < now()`.execute(trx)
  await sql`
    insert into session (token_hash, id, person_id, actor, method, only_pauses, link_made_by, browser, expires_at)
    values (${hashOf(token)}, ${randomBytes(8).toString('hex')}, ${of.personId}, ${actorOf(of.personId)}, ${of.method},
      ${onlyPauses}, ${of.linkMadeBy ?? null}, ${of.browser.slice(0, BROWSER_MAX)},
      now() + make_interval(days => ${onlyPauses ? PAUSE_PAGE_DAYS : ABSOLUTE_DAYS}))`.execute(trx)
  const session = await readSession(trx, hashOf(token))
  if (session === null) throw new Error('A session that was opened is not there')
  return { token, session }
}

/**
 * The live session behind a cookie, or null. Being asked counts as activity, noted at most once a minute. Sessions of the
 * sandbox's cast end, all of them, as soon as a CRM of somebody's own is connected.
 */
export async function findSession(
  db: Database,
  token: string,
  sandbox: SandboxAddresses = null,
): Promise<Session | null> {
  const tokenHash = hashOf(token)
  const session = await readSession(db, tokenHash)
  if (session === null) return null
  if (session.method === 'sandbox' && !(await isCastOpen(db, sandbox))) {
    await sql`delete from session where method = 'sandbox'`.execute(db)
    return null
  }
  await sql`update session set seen_at = now()
    where token_hash = ${tokenHash} and seen_at < now() - interval '1 minute'`.execute(db)
  return session
}

async function readSession(db: Kysely<Tables>, tokenHash: Buffer): Promise<Session | null> {
  const { rows } = await sql<Omit<Session, 'tokenHash'>>`
    select s.id, s.person_id as "personId", p.name, s.method, s.signed_in_at as "signedInAt",
      s.only_pauses as "onlyPauses", s.link_made_by as "linkMadeBy", s.actor, s.expires_at as "expiresAt"
    from session s join person p on p.id = s.person_id and p.ended_at is null
    where s.token_hash = ${tokenHash} and s.expires_at > now()
      and (s.only_pauses or s.seen_at > now() - make_interval(hours => ${IDLE_HOURS}))`.execute(db)
  const row = rows[0]
  return row === undefined ? null : { tokenHash, ...row }
}

export async function endSession(db: Kysely<Tables>, session: Pick<Session, 'tokenHash'>): Promise<void> {
  await sql`delete from session where token_hash = ${session.tokenHash}`.execute(db)
}

/** Ends one of a person's sessions by its id. False: they have no such session. */
export async function endSessionById(db: Kysely<Tables>, personId: PersonId, id: string): Promise<boolean> {
  const { rows } = await sql`delete from session where person_id = ${personId} and id = ${id} returning 1`.execute(db)
  return rows.length > 0
}

/** Ends all sessions of a person, but for the one they ask from. Returns how many ended. */
export async function endSessionsOf(
  db: Kysely<Tables>,
  personId: PersonId,
  exceptId: string | null = null,
): Promise<number> {
  const { rows } = await sql`
    delete from session where person_id = ${personId} and id is distinct from ${exceptId} returning 1`.execute(db)
  return rows.length
}

export type OpenSession = {
  readonly id: string
  readonly personId: PersonId
  readonly personName: string
  readonly method: SignInMethod
  readonly browser: string
  readonly signedInAt: Date
  readonly seenAt: Date
  readonly expiresAt: Date
  readonly onlyPauses: boolean
}

/** The sessions that still count, of one person or of everybody, the last used first. */
export async function listSessions(db: Kysely<Tables>, personId: PersonId | null): Promise<OpenSession[]> {
  const { rows } = await sql<OpenSession>`
    select s.id, s.person_id as "personId", p.name as "personName", s.method, s.browser,
      s.signed_in_at as "signedInAt", s.seen_at as "seenAt", s.expires_at as "expiresAt", s.only_pauses as "onlyPauses"
    from session s join person p on p.id = s.person_id and p.ended_at is null
    where s.expires_at > now() and (s.only_pauses or s.seen_at > now() - make_interval(hours => ${IDLE_HOURS}))
      and (${personId}::text is null or s.person_id = ${personId})
    order by s.seen_at desc, s.id limit 500`.execute(db)
  return rows
}
