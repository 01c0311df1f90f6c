import type { Actor } from '../model/authority/acts.ts'
import type { Database } from '../store/database/database.ts'
import { crmUsersOf } from '../store/people/crm-users.ts'

/** Whether this user is active now, by the CRM itself. Null: it gave no answer. */
export type AskUser = (user: { readonly connectionId: string; readonly userId: string }) => Promise<boolean | null>

/**
 * The actor with what the CRMs say of their users at this moment, for acts that ask for it. One CRM where they are active is
 * enough; where none says so and one gave no answer, nobody knows.
 */
export async function askedNow(db: Database, actor: Actor, ask: AskUser | null): Promise<Actor> {
  if (actor.kind !== 'person') return actor
  const users = await crmUsersOf(db, actor.personId)
  if (users.length === 0) return { ...actor, isActiveInCrm: 'no-user' }
  if (ask === null) return actor
  const answers = await Promise.all(users.map(ask))
  const isActiveInCrm = answers.includes(true) ? true : answers.includes(null) ? null : false
  return { ...actor, isActiveInCrm }
}
