import type { Actor } from '../model/authority/acts.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { appendLedger } from '../store/ledger/ledger.ts'
import { findCrmUser } from '../store/offers/crm-user.ts'
import { confirmIdentity, identitiesOf } from '../store/people/identities.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import { actorOf, findPerson, type PersonId } from '../store/people/persons.ts'
import { ledgerActor, requireMay } from './permitted.ts'

/**
 * Confirms that a user of a CRM is this person: said by the person, or by an admin. Returns why not, or null. A person is
 * one user of an account: whoever was given the address of another one is never joined by it.
 */
export async function joinUser(
  db: Database,
  actor: Actor,
  of: { readonly personId: PersonId; readonly connectionId: string; readonly userId: string },
): Promise<string | null> {
  const { personId } = of
  await requireMay(db, actor, 'confirm-join', { personId })
  return inTransaction(db, async (trx) => {
    const [person, user] = [await findPerson(trx, personId), await findCrmUser(trx, of)]
    if (person === null || person.endedAt !== null) return 'There is no such person any more.'
    if (user === null) return 'This user is no longer active in the CRM.'
    const own = (await identitiesOf(trx, [personId])).filter(({ state }) => state === 'confirmed')
    if (
      own.some(
        ({ kind, issuer, subject }) =>
          kind === 'crm' && issuer === user.identity.issuer && subject !== user.identity.subject,
      )
    ) {
      return `${person.name} is another user of this account. Nobody is two users of one.`
    }
    const by = ledgerActor(actor)
    const isJoined = await confirmIdentity(trx, personId, user.identity, { email: user.email, by, why: 'Same address' })
    if (!isJoined) return 'This user is somebody else here.'
    await refreshLaneHolders(trx, null)
    const at = new Date(await databaseNowMs(trx))
    const body = canonicalJson({ way: 'crm', because: 'same-email' })
    await appendLedger(trx, [{ at, kind: 'join-confirmed', actor: by, subject: actorOf(personId), body }])
    return null
  })
}
