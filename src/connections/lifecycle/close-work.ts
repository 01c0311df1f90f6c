import { canonicalJson } from '../../model/policy/canonical.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { closeNextWork, ENDED, type EndedCase, endOf } from '../../store/lifecycle/end-connection.ts'
import type { ConnectDeps } from '../context.ts'

/** Rows of each kind in one transaction, which holds the ledger's head for as long as it takes to write them. */
const BATCH_ROWS = 1_000

/**
 * Closes what waits at a connection that has ended, in batches that each ask first whether it still is; stopped in the
 * middle, the next call goes on. Nothing of it is sent meanwhile, since the gate knows that the connection has ended.
 */
export async function closeWork(
  { db, nowMs }: ConnectDeps,
  connectionId: string,
  batchRows = BATCH_ROWS,
): Promise<void> {
  for (let closed = 1; closed > 0; ) {
    closed = await inTransaction(db, async (trx) => {
      const end = await endOf(trx, connectionId)
      if (end === null) return 0
      const { cases, n } = await closeNextWork(trx, connectionId, batchRows)
      // Where the history goes, its cases are not written down again on the way.
      const entries = end.isErased ? [] : cases.map((one) => closedCase(new Date(nowMs()), connectionId, end.by, one))
      await appendLedger(trx, entries)
      return n
    })
  }
}

function closedCase(at: Date, connectionId: string, by: string, one: EndedCase): LedgerEntry {
  return {
    at,
    kind: 'exception-resolved',
    actor: by,
    subject: `${connectionId}/${one.objectType}/${one.recordId}`,
    body: canonicalJson({
      exception: one.id,
      workflow: one.workflow,
      pattern: one.pattern,
      resolution: ENDED,
      policy: one.policyHash,
    }),
  }
}
