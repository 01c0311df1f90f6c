import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { makeAdmin } from '../store/people/admins.ts'
import { confirmIdentity, mailIdentity, personOfIdentity } from '../store/people/identities.ts'
import { actorOf, createPerson, type PersonId } from '../store/people/persons.ts'

/**
 * Makes whoever has this address an admin, and a person where nobody has it yet. Only the terminal of the server may ask
 * for this: it is how the first admin comes in, and the way back when signing in is broken.
 */
export async function makeAdminByTerminal(
  db: Database,
  { address, name }: { readonly address: string; readonly name: string | null },
): Promise<{ readonly personId: PersonId; readonly isNew: boolean }> {
  return inTransaction(db, async (trx) => {
    const identity = mailIdentity(address)
    const known = await personOfIdentity(trx, identity)
    const personId = known ?? (await createPerson(trx, { name: name ?? nameIn(address), madeBy: 'terminal' }))
    if (known === null) await confirmIdentity(trx, personId, identity, { email: identity.subject, by: 'terminal' })
    const isNew = await makeAdmin(trx, personId, 'terminal')
    if (isNew) {
      await noteInLedger(trx, [{ kind: 'admin-made', actor: 'terminal', subject: actorOf(personId), body: {} }])
    }
    return { personId, isNew }
  })
}

/** Until somebody says how they are called: "priya.nair@acme.com" is Priya Nair. */
export function nameIn(address: string): string {
  const [local = address] = address.split('@', 1)
  const words = local.split(/[._+-]+/).filter((word) => word !== '')
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ') || address
}
