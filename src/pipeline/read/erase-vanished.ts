import { type CrmClient, crmTimeMs } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { insertEvents } from '../../store/events/change-events.ts'
import { endNotice, raiseNotice } from '../../store/notices/notices.ts'
import { dueGone, finishGone } from '../../store/records/vanished-records.ts'
import { foundEvent } from './inferred-event.ts'
import { isOfOneObject } from './unreadable-object.ts'

/**
 * Between the first time that nothing was found of a record and the look that erases it. Long enough that a bad hour of
 * the CRM erases nothing, since that cannot be taken back; short enough to stay near the day that an erasure may take.
 */
const LOOK_AGAIN_AFTER_S = 3_600

/** Calls in one go; what is left is due at the next poll. */
const ROUNDS_MAX = 10

export type EraseVanishedDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm; readonly title: string }
  readonly nowMs: () => number
}

/** Whether a record that the CRM does not know any more was erased for privacy, so that our copy of the person must go. */
export function meansErasure(crm: Crm, objectType: string): boolean {
  return crmProfile(crm).vanishedPersonIsErased && objectShape(crm, objectType)?.about === 'person'
}

/** Looks once more at what was found gone for good, and erases what still is. Returns how many; no call where none is due. */
export async function eraseVanished(deps: EraseVanishedDependencies): Promise<number> {
  const { db, client, connection, nowMs } = deps
  let erased = 0
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const due = await dueGone(db, connection.id, {
      afterS: LOOK_AGAIN_AFTER_S,
      limit: crmProfile(connection.crm).readBatchMax,
    })
    if (due === null) return erased
    const { objectType, recordIds } = due
    const missing = await stillMissing(client, objectType, recordIds)
    // Nobody may say: they stay due.
    if (missing === null) return erased
    const atMs = crmTimeMs(client, nowMs())
    await inTransaction(db, async (trx) => {
      await assertConnected(trx, connection.id)
      await insertEvents(
        trx,
        missing.map((recordId) => erasure(connection.id, objectType, recordId, atMs)),
      )
      await finishGone(trx, connection.id, due)
      if (missing.length === 0) return
      const notice = { connectionId: connection.id, code: 'erased' }
      await raiseNotice(trx, {
        ...notice,
        level: 'info',
        message: sentence(connection.title, missing.length),
        remedy: null,
      })
      await endNotice(trx, { ...notice, message: 'Nothing is left to do.' })
    })
    erased += missing.length
  }
  return erased
}

/** Null: what may be read of this object has changed, so that nothing that is not found is known to be gone. */
async function stillMissing(client: CrmClient, objectType: string, ids: readonly string[]) {
  try {
    return (await client.readRecords({ objectType, ids, fields: [], historyFields: [] })).missing
  } catch (error) {
    if (isOfOneObject(error)) return null
    throw error
  }
}

function sentence(title: string, n: number): string {
  const [contacts, people] = n === 1 ? ['a contact', 'that person'] : [`${n} contacts`, 'those people']
  return `${title} has ${contacts} no more, not even in its recycle bin, and nobody told us. What was known here of ${people} was erased.`
}

function erasure(connectionId: ConnectionId, objectType: string, recordId: string, atMs: number): ChangeEvent {
  return foundEvent({
    connectionId,
    dedupeKey: `erased-for-good/${objectType}/${recordId}/${atMs}`,
    objectType,
    recordId,
    kind: 'erased',
    occurredAtMs: atMs,
  })
}
