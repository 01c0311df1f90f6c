import { canonicalJson } from '../../model/policy/canonical.ts'
import { databaseNowMs } from '../database/clock.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { appendLedger, type LedgerEntry } from './ledger.ts'

/** What somebody did, before it has a moment and its canonical form. */
export type Note = Omit<LedgerEntry, 'at' | 'body'> & { readonly body: Readonly<Record<string, unknown>> }

/** Adds what was done at this moment of the database. In the transaction that does it, as its last statement. */
export async function noteInLedger(trx: DatabaseTransaction, notes: readonly Note[]): Promise<void> {
  const at = new Date(await databaseNowMs(trx))
  await appendLedger(
    trx,
    notes.map(({ body, ...note }) => ({ ...note, at, body: canonicalJson(body) })),
  )
}
