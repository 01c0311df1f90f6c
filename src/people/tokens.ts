import type { Actor } from '../model/authority/acts.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { findPerson, type PersonId } from '../store/people/persons.ts'
import { createToken, endToken, type TokenScope } from '../store/people/tokens.ts'
import { ledgerActor, requireMay } from './permitted.ts'

/** Made for a workflow, with a person who answers for it. Null: the keeper is nobody here, or has left. */
export async function makeToken(
  db: Database,
  actor: Actor,
  of: {
    readonly title: string
    readonly workflow: string
    readonly keeperId: PersonId
    readonly scopes: readonly TokenScope[]
  },
): Promise<{ readonly id: string; readonly token: string } | null> {
  await requireMay(db, actor, 'make-token', { workflow: of.workflow })
  return inTransaction(db, async (trx) => {
    const keeper = await findPerson(trx, of.keeperId)
    if (keeper === null || keeper.endedAt !== null) return null
    const by = ledgerActor(actor)
    const made = await createToken(trx, { ...of, madeBy: by })
    await note(trx, 'token-made', by, { id: made.id, workflow: of.workflow, keeper: of.keeperId, scopes: of.scopes })
    return made
  })
}

/** False: it was revoked before. */
export async function revokeToken(db: Database, actor: Actor, id: string): Promise<boolean> {
  await requireMay(db, actor, 'make-token', {})
  return inTransaction(db, async (trx) => {
    const by = ledgerActor(actor)
    if (!(await endToken(trx, id, by))) return false
    await note(trx, 'token-ended', by, { id })
    return true
  })
}

async function note(
  trx: DatabaseTransaction,
  kind: string,
  actor: string,
  { id, ...body }: { readonly id: string } & Readonly<Record<string, unknown>>,
): Promise<void> {
  await noteInLedger(trx, [{ kind, actor, subject: `token:${id}`, body }])
}
