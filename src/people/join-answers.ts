import type { Actor } from '../model/authority/acts.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { endIdentity, lockJoin, settleJoin } from '../store/people/joins.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import type { Session } from '../store/people/sessions.ts'
import { actorOfSession, ledgerActor, requireMay } from './permitted.ts'
import { noteSignIn } from './sign-in.ts'

export type JoinAnswered = 'done' | 'gone' | 'somebody-elses' | 'made-the-link'

/** Confirms or refuses that a proposed identity is this person. Asked of the person themself, or of a second one. */
export async function answerJoin(
  db: Database,
  session: Session,
  of: { readonly id: number; readonly personId: string; readonly answer: 'confirm' | 'refuse' },
): Promise<JoinAnswered> {
  const actor: Actor = actorOfSession(session)
  await requireMay(db, actor, 'confirm-join', { personId: of.personId })
  return inTransaction(db, async (trx) => {
    const join = await lockJoin(trx, of.id)
    if (join === null || join.personId !== of.personId) return 'gone'
    const by = ledgerActor(actor)
    // Whoever made the link may be the one who added the way.
    if (of.answer === 'confirm' && join.linkMadeBy === by) return 'made-the-link'
    const isSettled = await settleJoin(trx, join, { answer: of.answer, by })
    const kind = !isSettled ? 'join-conflict' : of.answer === 'confirm' ? 'join-confirmed' : 'join-refused'
    await noteSignIn(trx, { kind, personId: join.personId, actor: by, body: { way: join.kind } })
    if (isSettled) await refreshLaneHolders(trx, null)
    return isSettled ? 'done' : 'somebody-elses'
  })
}

/** Takes away a way of one's own to sign in. Sessions that it began go on until they are ended. */
export async function endWay(db: Database, session: Session, id: number): Promise<boolean> {
  const { personId } = session
  const actor = actorOfSession(session)
  await requireMay(db, actor, 'confirm-join', { personId })
  return inTransaction(db, async (trx) => {
    const by = ledgerActor(actor)
    if (!(await endIdentity(trx, { id, personId, by }))) return false
    await noteSignIn(trx, { kind: 'way-ended', personId, actor: by, body: {} })
    await refreshLaneHolders(trx, null)
    return true
  })
}
