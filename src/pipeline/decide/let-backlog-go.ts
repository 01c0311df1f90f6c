import type { Actor } from '../../model/authority/acts.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { ledgerActor, refuse, verdictOn } from '../../people/permitted.ts'
import type { Refusal } from '../../people/refused.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { releaseBacklog } from '../../store/decisions/backlog-view.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'

export type LettingGo = {
  readonly workflow: string
  readonly versionId: number
  /** The last that was seen to wait. */
  readonly upTo: number
  readonly actor: Actor
}

/**
 * A person lets go what they saw waiting for a new version, without the limit of the hours; the ledger says who. Returns how
 * many records that are, or null where another version is in force by now. Throws `RefusedError` where they may not. What is let go is a row, worked off in batches.
 */
export async function letBacklogGo(db: Database, letting: LettingGo): Promise<number | null> {
  const { actor, workflow } = letting
  const subject = { workflow }
  const outcome = await inTransaction(db, async (trx) => {
    const verdict = await verdictOn(trx, actor, 'apply-to-backlog', subject)
    if (!verdict.allowed) return verdict
    return releaseSeen(trx, { ...letting, by: ledgerActor(actor) })
  })
  return isRefused(outcome) ? refuse(db, actor, 'apply-to-backlog', subject, outcome) : outcome
}

/** For whoever asked before, or is nobody: the demo, which has no people at its start. */
export async function releaseSeen(
  trx: DatabaseTransaction,
  { by, ...seen }: Omit<LettingGo, 'actor'> & { readonly by: string },
): Promise<number | null> {
  const released = await releaseBacklog(trx, { ...seen, by })
  if (released === null || released === 0) return released
  const at = new Date(await databaseNowMs(trx))
  const body = canonicalJson({ records: released, versionId: seen.versionId })
  await appendLedger(trx, [{ at, kind: 'backlog-released', actor: by, subject: seen.workflow, body }])
  return released
}

function isRefused(outcome: number | null | Refusal): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null
}
