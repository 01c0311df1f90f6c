import { setTimeout as wait } from 'node:timers/promises'
import type { ConnectDeps } from '../connections/context.ts'
import { openConnection } from '../connections/open-connection.ts'
import type { UserAnswer } from '../crm/crm-client.ts'
import type { Actor } from '../model/authority/acts.ts'
import { type ConnectionRow, listConnections } from '../store/connections/connections.ts'
import type { Database } from '../store/database/database.ts'
import { identitiesOf } from '../store/people/identities.ts'
import type { PersonId } from '../store/people/persons.ts'

/** Reads one user from the CRM, now. */
export type AskForUser = (connection: ConnectionRow, userId: string) => Promise<UserAnswer | undefined>

/** Somebody presses a button and waits. A CRM that takes longer has not answered. */
const ANSWER_WITHIN_MS = 10_000

/**
 * The same actor with the word of the CRMs about their user, read now: before resume, undo and approve, because what we know
 * of users is a sync interval old. Null stays null where no CRM answered, and that is not a yes.
 */
export async function withLiveUser(db: Database, actor: Actor, ask: AskForUser): Promise<Actor> {
  if (actor.kind !== 'person') return actor
  return { ...actor, isActiveInCrm: await isActiveNow(db, actor.personId, ask) }
}

/** Through the connections as they are opened for everything else. */
export function askThrough(deps: ConnectDeps): AskForUser {
  return async (connection, userId) => (await openConnection(deps, connection).client.usersById([userId]))[0]
}

async function isActiveNow(db: Database, personId: PersonId, ask: AskForUser): Promise<boolean | 'no-user' | null> {
  const identities = await identitiesOf(db, [personId])
  const connections = (await listConnections(db)).filter(({ status }) => status !== 'disconnected')
  const users = identities
    .filter(({ kind, state }) => kind === 'crm' && state === 'confirmed')
    .flatMap(({ issuer, subject }) =>
      connections
        .filter(({ crm, accountId }) => issuer === `${crm}:${accountId}`)
        .map((connection) => ({ connection, userId: subject })),
    )
  if (users.length === 0) return 'no-user'
  const words = await Promise.all(users.map(({ connection, userId }) => wordOf(ask(connection, userId))))
  // Whoever works in one CRM has not left; whoever every CRM that knows them calls inactive has.
  if (words.includes(true)) return true
  return words.includes(null) ? null : false
}

async function wordOf(asked: Promise<UserAnswer | undefined>): Promise<boolean | null> {
  const waiting = new AbortController()
  try {
    const answer = await Promise.race([asked, wait(ANSWER_WITHIN_MS, undefined, { signal: waiting.signal })])
    if (answer === undefined || answer.answer === 'unknown') return null
    if (answer.answer === 'gone') return false
    const { active, frozen, integration } = answer.user
    return active && frozen !== true && integration !== true
  } catch {
    // Out of reach, revoked or out of calls: the CRM gave no word, and the refusal says so.
    return null
  } finally {
    waiting.abort()
  }
}
