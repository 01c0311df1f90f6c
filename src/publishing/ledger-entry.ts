import { canonicalJson } from '../model/policy/canonical.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { DatabaseTransaction } from '../store/database/database.ts'
import { appendLedger } from '../store/ledger/ledger.ts'

export type PublishingEntry = {
  /** draft-made, draft-changed, draft-adopted, draft-rebased, draft-approved, draft-withdrawn, version-in-force */
  readonly kind: string
  readonly actor: string
  /** The document. */
  readonly subject: string
  readonly body: Readonly<Record<string, unknown>>
}

/** In the transaction that does it, as its last statement. */
export async function noteInLedger(trx: DatabaseTransaction, entries: readonly PublishingEntry[]): Promise<void> {
  const at = new Date(await databaseNowMs(trx))
  await appendLedger(
    trx,
    entries.map(({ body, ...entry }) => ({ ...entry, at, body: canonicalJson(body) })),
  )
}
