import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { actorOf, findPerson, type PersonId } from '../store/people/persons.ts'
import { openSession, type Session, type SessionMade, type SignInMethod } from '../store/people/sessions.ts'
import { isCastOpen, type SandboxAddresses } from '../store/people/sign-in-cast.ts'
import { useSignInLink } from '../store/people/sign-in-links.ts'

/** Opens a session for somebody who has proved who they are, and says so in the ledger. */
export async function signIn(
  trx: DatabaseTransaction,
  of: {
    readonly personId: PersonId
    readonly method: SignInMethod
    readonly browser: string
    /** Of a link: who made it. */
    readonly linkMadeBy?: string
    readonly onlyPauses?: boolean
  },
): Promise<SessionMade> {
  const made = await openSession(trx, of)
  await noteSignIn(trx, {
    kind: 'signed-in',
    personId: of.personId,
    body: {
      method: of.method,
      ...(of.linkMadeBy === undefined ? {} : { linkMadeBy: of.linkMadeBy }),
      ...(of.onlyPauses ? { onlyPauses: true } : {}),
    },
  })
  return made
}

/** Null: the link was used, is too old, or was never ours. */
export async function signInByLink(db: Database, secret: string, browser: string): Promise<SessionMade | null> {
  return inTransaction(db, async (trx) => {
    const link = await useSignInLink(trx, secret)
    if (link === null) return null
    const { personId, method, madeBy: linkMadeBy } = link
    return signIn(trx, { personId, method, linkMadeBy, browser })
  })
}

/** As one of the sandbox's cast. Null: there is none here, or nobody with this id. */
export async function signInAsCast(
  db: Database,
  of: { readonly personId: PersonId; readonly browser: string; readonly sandbox: SandboxAddresses },
): Promise<SessionMade | null> {
  return inTransaction(db, async (trx) => {
    if (!(await isCastOpen(trx, of.sandbox))) return null
    const person = await findPerson(trx, of.personId)
    if (person === null || person.endedAt !== null) return null
    return signIn(trx, { personId: of.personId, method: 'sandbox', browser: of.browser })
  })
}

/** A page that may stay open for weeks and can only pause. Null: this sign-in is too weak to last that long. */
export async function openPausePage(db: Database, session: Session, browser: string): Promise<SessionMade | null> {
  const { personId, method, onlyPauses } = session
  if (onlyPauses || method === 'link' || method === 'terminal') return null
  return inTransaction(db, (trx) => signIn(trx, { personId, method, browser, onlyPauses: true }))
}

/** An entry about signing in, by the person it is about. */
export async function noteSignIn(
  trx: DatabaseTransaction,
  of: {
    readonly kind: string
    readonly personId: PersonId
    readonly actor?: string
    readonly body: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const subject = actorOf(of.personId)
  await noteInLedger(trx, [{ kind: of.kind, actor: of.actor ?? subject, subject, body: of.body }])
}
