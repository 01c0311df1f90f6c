import type { Mailer } from '../mail/send-mail.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { identitiesOf } from '../store/people/identities.ts'
import { actorOf, findPerson, type PersonId } from '../store/people/persons.ts'
import { createSignInLink, LINK_HOURS } from '../store/people/sign-in-links.ts'

/**
 * A link that signs this person in once. The ledger names whom it is for and who made it. They are told where mail works:
 * whoever makes a link can open it, so it must not happen behind their back.
 */
export async function makeSignInLink(
  db: Database,
  publicUrl: string,
  of: { readonly personId: PersonId; readonly by: string; readonly mailer?: Mailer | null },
): Promise<string> {
  const { personId, by } = of
  const method = by === 'terminal' ? 'terminal' : 'link'
  const link = await inTransaction(db, async (trx) => {
    const made = await createSignInLink(trx, publicUrl, { personId, madeBy: by, method })
    await noteInLedger(trx, [{ kind: 'link-made', actor: by, subject: actorOf(personId), body: { method } }])
    return made
  })
  if (of.mailer) await tell(db, of.mailer, { publicUrl, personId, by })
  return link
}

/** A mail that does not leave keeps nobody from the link: it stands on the person's own page all the same. */
async function tell(
  db: Database,
  mailer: Mailer,
  { publicUrl, personId, by }: { readonly publicUrl: string; readonly personId: PersonId; readonly by: string },
): Promise<void> {
  const address = (await identitiesOf(db, [personId])).find(
    ({ kind, state }) => kind === 'mail' && state === 'confirmed',
  )
  if (address === undefined) return
  const maker = await findPerson(db, by.replace(/^person:/, ''))
  const who = maker?.name ?? 'Somebody with access to the server'
  const text = `${who} made a link that signs somebody in to Lanekeeper (${publicUrl}) as you. It works once, within ${LINK_HOURS} hours, and not for resuming, approving or overriding.

You asked for it? Then use it. You did not? Ask them, and look at your sessions: ${new URL('/sessions', publicUrl)}
`
  const mail = { to: address.subject, subject: 'A sign-in link was made for you', text }
  await mailer.send(mail).catch(() => undefined)
}
