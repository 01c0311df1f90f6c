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
 * Time between the first read that did not find a record and the read that erases it. An erasure cannot be undone, so it
 * is longer than an outage of an hour; and short enough to stay near the day that an erasure may take.
 */
const RECHECK_AFTER_S = 3_600

/** Calls per poll; the rest is due at the next one. */
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

/** Rechecks records that were missing and erases those that still are. Returns how many. No call where none is due. */
export async function eraseVanished(deps: EraseVanishedDependencies): Promise<number> {
  const { db, client, connection, nowMs } = deps
  let erased = 0
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const due = await dueGone(db, connection.id, {
      afterS: RECHECK_AFTER_S,
      limit: crmProfile(connection.crm).readBatchMax,
    })
    if (due === null) return erased
    const { objectType, recordIds } = due
    const missing = await stillMissing(client, objectType, recordIds)
    // The CRM refused: they stay due.
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
      await endNotice(trx, { ...notice, message: 'No action needed.' })
    })
    erased += missing.length
  }
  return erased
}

/** Null: we may no longer read this object, so a record that is not found may still exist. */
async function stillMissing(client: CrmClient, objectType: string, ids: readonly string[]) {
  try {
    return (await client.readRecords({ objectType, ids, fields: [], historyFields: [] })).missing
  } catch (error) {
    if (isOfOneObject(error)) return null
    throw error
  }
}

function sentence(title: string, n: number): string {
  const [gone, people] = n === 1 ? ['A contact is gone', 'that person'] : [`${n} contacts are gone`, 'those people']
  return `${gone} from ${title}, also from its recycle bin, and it sent no event. Lanekeeper erased its data about ${people}.`
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
