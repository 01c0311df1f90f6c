import { timingSafeEqual } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'
import { hashOf, keyedHashOf } from './secret-hash.ts'

/**
 * A sign-in that has begun and waits for its answer: a browser that comes back from the provider, or a code that was
 * mailed. It is bound to the browser that began it by a secret in a cookie, of which the hash is kept here.
 */
export const ATTEMPT_MINUTES = 10
export const CODE_TRIES_MAX = 5
/** Codes for one address in `ATTEMPT_MINUTES`, whoever asks: five tries each leave a guess at 1 in 4 million. */
export const CODES_PER_ADDRESS = 5

export type Begun = {
  readonly cookie: string
  /** A page of ours. */
  readonly returnTo: string | null
  /** Somebody who is signed in adds a way to sign in. */
  readonly forPerson: PersonId | null
}

export async function saveOidcAttempt(
  db: Kysely<Tables>,
  of: Begun & { readonly state: string; readonly nonce: string; readonly verifier: string },
): Promise<void> {
  await sql`delete from sign_in_attempt where expires_at < now() - interval '1 day'`.execute(db)
  await sql`
    insert into sign_in_attempt (state_hash, cookie_hash, method, nonce, verifier, return_to, for_person, expires_at)
    values (${hashOf(of.state)}, ${hashOf(of.cookie)}, 'oidc', ${of.nonce}, ${of.verifier}, ${of.returnTo},
      ${of.forPerson}, now() + make_interval(mins => ${ATTEMPT_MINUTES}))`.execute(db)
}

export type OidcAttempt = {
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string | null
  readonly forPerson: PersonId | null
}

export type AttemptRefusal = 'not-ours' | 'used' | 'expired' | 'other-browser'

/** Takes the attempt that this browser began, once. Another browser uses nothing up. */
export async function takeOidcAttempt(
  db: Kysely<Tables>,
  of: { readonly state: string; readonly cookie: string | null },
): Promise<OidcAttempt | AttemptRefusal> {
  const stateHash = hashOf(of.state)
  const cookieHash = of.cookie === null ? null : hashOf(of.cookie)
  const { rows } = await sql<OidcAttempt>`
    update sign_in_attempt set used_at = now()
    where state_hash = ${stateHash} and method = 'oidc' and cookie_hash = ${cookieHash} and used_at is null
      and expires_at > now()
    returning nonce, verifier, return_to as "returnTo", for_person as "forPerson"`.execute(db)
  if (rows[0] !== undefined) return rows[0]
  const { rows: found } = await sql<{ why: AttemptRefusal }>`
    select case when cookie_hash is distinct from ${cookieHash} then 'other-browser'
      when used_at is not null then 'used' else 'expired' end as why
    from sign_in_attempt where state_hash = ${stateHash} and method = 'oidc'`.execute(db)
  return found[0]?.why ?? 'not-ours'
}

/** False: too many were asked for, for this address. An address that nobody has is noted the same way. */
export async function saveCodeAttempt(
  trx: Kysely<Tables>,
  of: Begun & { readonly state: string; readonly address: string; readonly code: string },
): Promise<boolean> {
  await sql`delete from sign_in_attempt where expires_at < now() - interval '1 day'`.execute(trx)
  // Two that ask at the same moment are counted one after the other.
  await sql`select pg_advisory_xact_lock(hashtextextended('sign-in-code:' || ${of.address}, 0))`.execute(trx)
  const cookieHash = hashOf(of.cookie)
  const { rows } = await sql`
    insert into sign_in_attempt (state_hash, cookie_hash, method, address, code_hash, return_to, for_person, expires_at)
    select ${hashOf(of.state)}, ${cookieHash}, 'code', ${of.address}, ${keyedHashOf(of.cookie, of.code)},
      ${of.returnTo}, ${of.forPerson}, clock_timestamp() + make_interval(mins => ${ATTEMPT_MINUTES})
    where (select count(*) from sign_in_attempt where method = 'code' and address = ${of.address}
      and expires_at > clock_timestamp()) < ${CODES_PER_ADDRESS}
    returning 1`.execute(trx)
  if (rows.length === 0) return false
  // Of a browser only the newest code counts, so that its mails cannot be mixed up.
  await sql`update sign_in_attempt set tries = ${CODE_TRIES_MAX} where method = 'code' and address = ${of.address}
    and cookie_hash = ${cookieHash} and state_hash <> ${hashOf(of.state)} and used_at is null`.execute(trx)
  return true
}

export type CodeTried =
  | { readonly is: 'right'; readonly returnTo: string | null; readonly forPerson: PersonId | null }
  | { readonly is: 'wrong'; readonly triesLeft: number }
  | { readonly is: 'used' | 'expired' | 'too-often' | 'other-browser' }

/** Counts the try before it compares. Commit it whatever comes out. */
export async function tryCode(
  trx: Kysely<Tables>,
  of: { readonly cookie: string | null; readonly address: string; readonly code: string },
): Promise<CodeTried> {
  if (of.cookie === null) return { is: 'other-browser' }
  const { rows } = await sql<{
    state_hash: Buffer
    code_hash: Buffer
    tries: number
    is_used: boolean
    is_old: boolean
    return_to: string | null
    for_person: string | null
  }>`
    select state_hash, code_hash, tries, used_at is not null as is_used, expires_at <= clock_timestamp() as is_old,
      return_to, for_person
    from sign_in_attempt where method = 'code' and cookie_hash = ${hashOf(of.cookie)} and address = ${of.address}
    order by expires_at desc limit 1 for update`.execute(trx)
  const attempt = rows[0]
  if (attempt === undefined) return { is: 'other-browser' }
  if (attempt.is_used) return { is: 'used' }
  if (attempt.is_old) return { is: 'expired' }
  if (attempt.tries >= CODE_TRIES_MAX) return { is: 'too-often' }
  const isRight = timingSafeEqual(attempt.code_hash, keyedHashOf(of.cookie, of.code))
  await sql`update sign_in_attempt set tries = tries + 1, used_at = case when ${isRight} then now() end
    where state_hash = ${attempt.state_hash}`.execute(trx)
  if (isRight) return { is: 'right', returnTo: attempt.return_to, forPerson: attempt.for_person }
  return { is: 'wrong', triesLeft: CODE_TRIES_MAX - attempt.tries - 1 }
}
