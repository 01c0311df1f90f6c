import { canonicalJson } from '../model/policy/canonical.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { appendLedger } from '../store/ledger/ledger.ts'
import { actorOf, type PersonId } from '../store/people/persons.ts'
import { createSignInLink } from '../store/people/sign-in-links.ts'

/** A link that signs this person in once. The ledger names whom it is for and who made it. */
export async function makeSignInLink(
  db: Database,
  publicUrl: string,
  of: { readonly personId: PersonId; readonly by: string },
): Promise<string> {
  const { personId, by } = of
  const method = by === 'terminal' ? 'terminal' : 'link'
  const link = await createSignInLink(db, publicUrl, { personId, madeBy: by, method })
  const at = new Date(await databaseNowMs(db))
  await db.transaction().execute(async (trx) => {
    await appendLedger(trx, [
      { at, kind: 'link-made', actor: by, subject: actorOf(personId), body: canonicalJson({ method }) },
    ])
  })
  return link
}
