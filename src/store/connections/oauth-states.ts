import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

/** RFC 9700 asks for minutes: long enough for a password, a second factor and reading what is asked. */
const MINUTES = 10

export type OAuthState = {
  readonly draftId: string
  readonly redirectUri: string
  /** Sealed. */
  readonly verifier: Buffer
}

/** The state itself is known to the browser only; here stands its hash. */
export function stateHash(state: string): Buffer {
  return createHash('sha256').update(state, 'utf8').digest()
}

/** Earlier states of the draft end: of two tabs, the one that asked last may finish. */
export async function saveState(
  db: Kysely<Tables>,
  state: OAuthState & { readonly hash: Buffer; readonly sessionHash: Buffer; readonly provider: Crm },
): Promise<void> {
  await sql`delete from oauth_state where expires_at < now() - interval '1 day'`.execute(db)
  await sql`update oauth_state set used_at = now() where draft_id = ${state.draftId} and used_at is null`.execute(db)
  await sql`
    insert into oauth_state (state_hash, draft_id, session_hash, provider, redirect_uri, verifier, expires_at)
    values (${state.hash}, ${state.draftId}, ${state.sessionHash}, ${state.provider}, ${state.redirectUri},
            ${state.verifier}, now() + make_interval(mins => ${MINUTES}))`.execute(db)
}

export type StateRefusal = 'unknown' | 'used' | 'stale' | 'other-session' | 'other-provider'

/**
 * Uses a state up, once: of two answers with the same one, one wins. Somebody else's session, or another provider, does
 * not use it up: whoever began may still finish.
 */
export async function redeemState(
  db: Kysely<Tables>,
  answer: { readonly hash: Buffer; readonly sessionHash: Buffer; readonly provider: Crm },
): Promise<OAuthState | StateRefusal> {
  const { rows } = await sql<{ draft_id: string; redirect_uri: string; verifier: Buffer }>`
    update oauth_state set used_at = now()
    where state_hash = ${answer.hash} and session_hash = ${answer.sessionHash} and provider = ${answer.provider}
      and used_at is null and expires_at > now()
    returning draft_id, redirect_uri, verifier`.execute(db)
  const row = rows[0]
  if (row) return { draftId: row.draft_id, redirectUri: row.redirect_uri, verifier: row.verifier }
  const { rows: found } = await sql<{ used: boolean; stale: boolean; same_session: boolean; same_provider: boolean }>`
    select used_at is not null as used, expires_at <= now() as stale, session_hash = ${answer.sessionHash} as same_session,
      provider = ${answer.provider} as same_provider from oauth_state where state_hash = ${answer.hash}`.execute(db)
  const known = found[0]
  if (!known) return 'unknown'
  if (!known.same_session) return 'other-session'
  if (!known.same_provider) return 'other-provider'
  return known.used ? 'used' : 'stale'
}
