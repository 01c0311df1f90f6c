import { canonicalJson } from '../../model/policy/canonical.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { releaseBacklog } from '../../store/decisions/backlog-view.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'

export type LettingGo = {
  readonly workflow: string
  readonly versionId: number
  /** The last that was seen to wait. */
  readonly upTo: number
  readonly by: string
}

/**
 * A person lets go what they saw waiting for a new version, without the limit of the hours; the ledger says who. Returns how
 * many records that are, or null where another version is in force by now. What is let go is a row, worked off in batches.
 */
export async function letBacklogGo(db: Database, letting: LettingGo): Promise<number | null> {
  return inTransaction(db, async (trx) => {
    const released = await releaseBacklog(trx, letting)
    if (released === null || released === 0) return released
    await appendLedger(trx, [
      {
        at: new Date(await databaseNowMs(trx)),
        kind: 'backlog-released',
        actor: letting.by,
        subject: letting.workflow,
        body: canonicalJson({ records: released, versionId: letting.versionId }),
      },
    ])
    return released
  })
}
