import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import type { PersonId } from '../store/people/persons.ts'
import { endSessionById, endSessionsOf, type Session } from '../store/people/sessions.ts'
import { actorOfSession, ledgerActor, requireMay } from './permitted.ts'
import { noteSignIn } from './sign-in.ts'

/** Ends a session of one's own, or as an admin one of somebody else, which the ledger says. False: there is none. */
export async function endOneSession(
  db: Database,
  session: Session,
  of: { readonly id: string; readonly personId: PersonId },
): Promise<boolean> {
  const isOwn = of.personId === session.personId
  const actor = actorOfSession(session)
  // Whoever may sign somebody in may sign them out.
  if (!isOwn) await requireMay(db, actor, 'make-link', { personId: of.personId })
  return inTransaction(db, async (trx) => {
    if (!(await endSessionById(trx, of.personId, of.id))) return false
    if (!isOwn) {
      const by = ledgerActor(actor)
      await noteSignIn(trx, { kind: 'session-ended', personId: of.personId, actor: by, body: { session: of.id } })
    }
    return true
  })
}

/** Ends all of one's sessions but this one. Returns how many. */
export function endOtherSessions(db: Database, { personId, id }: Session): Promise<number> {
  return endSessionsOf(db, personId, id)
}
