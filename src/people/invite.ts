import type { Actor } from '../model/authority/acts.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { findCrmUser } from '../store/offers/crm-user.ts'
import { confirmIdentity, type IdentityKey, mailIdentity, personOfIdentity } from '../store/people/identities.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import { actorOf, createPerson, type PersonId } from '../store/people/persons.ts'
import { ledgerActor, requireMay } from './permitted.ts'

export type Invitation =
  /** A user of a connected CRM, by id: whatever e-mail they have there today or tomorrow. */
  | { readonly by: 'user'; readonly connectionId: string; readonly userId: string }
  | { readonly by: 'email'; readonly email: string; readonly name: string }

export type Invited = { readonly personId: PersonId; readonly isNew: boolean }

/**
 * Makes a person of a user of a CRM, or of somebody with an e-mail. Who is one already is that person. Null: there is no
 * such active user any more. An invitation gives nobody a job and signs nobody in.
 */
export async function invite(db: Database, actor: Actor, of: Invitation): Promise<Invited | null> {
  await requireMay(db, actor, 'invite', {})
  return inTransaction(db, async (trx) => {
    const who = of.by === 'user' ? await findCrmUser(trx, of) : { ...of, identity: mailIdentity(of.email) }
    if (who === null) return null
    const known = await personOfIdentity(trx, who.identity)
    if (known !== null) return { personId: known, isNew: false }
    const by = ledgerActor(actor)
    const personId = await createPerson(trx, { name: who.name, madeBy: by })
    await confirmIdentity(trx, personId, who.identity, { email: who.email, by, why: 'Invited' })
    await refreshLaneHolders(trx, null)
    const body = { as: kindOf(who.identity) }
    await noteInLedger(trx, [{ kind: 'person-invited', actor: by, subject: actorOf(personId), body }])
    return { personId, isNew: true }
  })
}

/** Never the address: the ledger cannot forget. */
function kindOf({ kind, issuer }: IdentityKey): string {
  return issuer === '' ? kind : `${kind} ${issuer}`
}
