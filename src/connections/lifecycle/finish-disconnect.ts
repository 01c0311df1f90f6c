import { canonicalJson } from '../../model/policy/canonical.ts'
import { findConnection } from '../../store/connections/connections.ts'
import { changeLife } from '../../store/connections/lifecycle-lock.ts'
import { aloneOrNull } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { eraseSecrets } from '../../store/lifecycle/end-connection.ts'
import { eraseHistory } from '../../store/lifecycle/erase-history.ts'
import { finishRecords } from '../../store/lifecycle/finish-disconnect.ts'
import type { ConnectDeps } from '../context.ts'
import { closeWork } from './close-work.ts'
import { type RevokedGrant, revokeGrant } from './revoke-grant.ts'

export type Settled = {
  /** Null: there was no grant any more. */
  readonly revokedGrant: RevokedGrant | null
  /** Rows of the history; null: that was not asked for, or is not through. */
  readonly erased: number | null
}

/**
 * Does what is left of the last end of a connection, or of its new beginning: gives the grant back and erases it, takes
 * its records from the others or puts them back, erases the history where that was asked for. One process at a time;
 * whoever dies in the middle is followed by the next who calls, with whatever is not done yet. Null: another is at it.
 */
export async function finishDisconnect(deps: ConnectDeps, connectionId: string): Promise<Settled | null> {
  const { db } = deps
  return aloneOrNull(db, `settle/${connectionId}`, async () => {
    const revokedGrant = await giveGrantBack(deps, connectionId)
    await closeWork(deps, connectionId)
    if (!(await finishRecords(db, connectionId))) return { revokedGrant, erased: null }
    return { revokedGrant, erased: await eraseHistory(db, connectionId) }
  })
}

async function giveGrantBack(deps: ConnectDeps, connectionId: string): Promise<RevokedGrant | null> {
  const { db } = deps
  const row = await findConnection(db, connectionId)
  if (row?.status !== 'disconnected' || row.credentials === null) return null
  const revokedGrant = await revokeGrant(deps, row)
  await inTransaction(db, async (trx) => {
    await changeLife(trx, connectionId)
    // Connected again meanwhile, its secrets are others.
    if ((await findConnection(trx, connectionId))?.revision !== row.revision) return
    await eraseSecrets(trx, connectionId)
    await appendLedger(trx, [
      {
        at: new Date(deps.nowMs()),
        kind: 'connection-secrets-erased',
        actor: 'lanekeeper',
        subject: connectionId,
        body: canonicalJson({ revoked: revokedGrant.revoked }),
      },
    ])
  })
  return revokedGrant
}
