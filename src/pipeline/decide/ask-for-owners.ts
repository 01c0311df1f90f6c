import type { CrmRecord } from '../../model/record/crm-record.ts'
import { Unknown } from '../../model/record/knowledge.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { askForUsers } from '../../store/decisions/user-checks.ts'
import type { DecisionBatch } from './decision-batch.ts'

/**
 * An owner whom no list has held may be new since the last look: the CRM is asked about the id, and the records that name it
 * are decided again with the answer. Returns whether there is something to ask.
 */
export async function askForOwners(trx: DatabaseTransaction, batch: DecisionBatch): Promise<boolean> {
  const asks = [...unknownOwners(batch).values()]
  await askForUsers(trx, asks)
  return asks.length > 0
}

function unknownOwners({ watched, neighbours, directory }: DecisionBatch): Map<string, Ask> {
  const asks = new Map<string, Ask>()
  const look = (record: CrmRecord) => {
    const owner = objectShape(record.crm, record.objectType)?.owner
    const userId = owner === undefined ? null : (record.values[owner] ?? null)
    if (userId === null || userId.trim() === '') return
    const { connectionId } = record
    if (directory.user(connectionId, userId) !== undefined || directory.isGone(connectionId, userId)) return
    asks.set(`${connectionId}/${userId}`, { connectionId, userId })
  }
  for (const { record } of watched) look(record)
  for (const { account, matches } of neighbours.values()) {
    if (account !== null && !(account instanceof Unknown)) look(account)
    for (const match of matches) look(match.record)
  }
  return asks
}

type Ask = { readonly connectionId: string; readonly userId: string }
