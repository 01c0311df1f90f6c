import { canonicalJson } from '../../model/policy/canonical.ts'
import { findConnection } from '../../store/connections/connections.ts'
import { setWriting } from '../../store/connections/write-permission.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { queueRedecision } from '../../store/decisions/redecide-queue.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { NotThereError } from '../errors.ts'

/**
 * A person lets the workflows write to a CRM, or takes that back. A connection begins read only: whoever connects it sees
 * what would be written first. It counts from the commit on: what waits to be written is not claimed, and what was decided
 * before is not written later (store/intents.ts). Either way every record is decided again, and the ledger names who said so. Throws
 * `NotThereError` for a connection that is not there or was ended.
 */
export async function setWritePermission(
  db: Database,
  connectionId: string,
  { allowed, by, nowMs }: { readonly allowed: boolean; readonly by: string; readonly nowMs: number },
): Promise<void> {
  const connection = await findConnection(db, connectionId)
  if (!connection || connection.status === 'disconnected') {
    throw new NotThereError(`There is no connection "${connectionId}".`)
  }
  await inTransaction(db, (trx) => changeWriting(trx, connectionId, { allowed, by, nowMs }))
}

/** As a part of the caller's transaction, which asked before whether they may. */
export async function changeWriting(
  trx: DatabaseTransaction,
  connectionId: string,
  { allowed, by, nowMs }: { readonly allowed: boolean; readonly by: string; readonly nowMs: number },
): Promise<void> {
  if (!(await setWriting(trx, connectionId, { allowed, by }))) return
  await queueRedecision(trx, connectionId)
  await appendLedger(trx, [
    {
      at: new Date(nowMs),
      kind: allowed ? 'writing-allowed' : 'writing-held',
      actor: by,
      subject: connectionId,
      body: canonicalJson({}),
    },
  ])
}
