import { type HeldInput, SETTLE_AFTER_DAYS } from '../../model/decision/input-case.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { type DueInput, lookAtInputAgain } from '../../store/decisions/held-records.ts'
import { unseenRecords } from '../../store/records/unseen-records.ts'

export type ToReport = DueInput & Pick<HeldInput, 'unseen'>

/** Counts what the CRM does not show, and has the case looked at again when more of it has to be settled. */
export async function withUnseen(trx: DatabaseTransaction, input: DueInput): Promise<ToReport> {
  if (input.why !== 'not-visible') return input
  const { count, overdue, nextAt } = await unseenRecords(trx, input.connectionId, input.objectType, SETTLE_AFTER_DAYS)
  if (input.held > 0 && nextAt !== null) await lookAtInputAgain(trx, input.id, nextAt)
  return { ...input, unseen: { count, overdue } }
}
