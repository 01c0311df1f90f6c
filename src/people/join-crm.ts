import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteCrmJoins } from '../store/people/crm-joins.ts'
import { noteSignIn } from './sign-in.ts'

/** Proposes which users of the CRMs are whom, for people to confirm. Asked again it changes nothing. Returns how many. */
export async function proposeCrmUsers(db: Database): Promise<number> {
  return inTransaction(db, async (trx) => {
    const joins = await noteCrmJoins(trx)
    for (const { personId, state } of joins) {
      const kind = state === 'proposed' ? 'join-proposed' : 'join-conflict'
      await noteSignIn(trx, { kind, personId, actor: 'lanekeeper', body: { way: 'crm', because: 'same-email' } })
    }
    return joins.length
  })
}
