import type { ChangeEvent, ConnectionId } from '../../model/record/change-event.ts'
import type { Stamp } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { erasedAmong, mergedAway } from '../../store/erasure/erasures-due.ts'
import type { StoredEvent } from '../../store/events/change-events.ts'
import { DERIVED } from './sort-events.ts'

/**
 * The CRM erases a person by the one record that is left of them. Returns an erasure for each record that was merged into
 * one which is erased now, or was before its merge became known.
 */
export async function erasedByMerge(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  waiting: readonly StoredEvent[],
): Promise<StoredEvent[]> {
  const derived: StoredEvent[] = []
  for (const { event } of waiting) {
    if (event.kind !== 'erased') continue
    for (const id of await mergedAway(trx, event))
      derived.push(erasureOf(event, id, { atMs: event.occurredAtMs, order: event.order }))
  }
  const merges = waiting.filter(({ event }) => event.kind === 'merged')
  for (const [objectType, ofObject] of Map.groupBy(merges, ({ event }) => event.objectType)) {
    const survivors = ofObject.map(({ event }) => event.recordId)
    const erased = await erasedAmong(trx, { connectionId, objectType }, survivors)
    for (const { event } of ofObject) {
      const at = erased.get(event.recordId)
      if (at === undefined) continue
      const losers = [...(event.mergedIds ?? []), ...(await mergedAway(trx, event))]
      for (const id of new Set(losers)) if (id !== event.recordId) derived.push(erasureOf(event, id, at))
    }
  }
  return derived
}

function erasureOf(event: ChangeEvent, recordId: string, { atMs, order }: Stamp): StoredEvent {
  const { connectionId, objectType, dedupeKey, source, actor } = event
  return {
    id: DERIVED,
    event: {
      connectionId,
      objectType,
      recordId,
      dedupeKey: `${dedupeKey}/erased/${recordId}`,
      kind: 'erased',
      occurredAtMs: atMs,
      order,
      fields: {},
      complete: false,
      source,
      actor,
    },
  }
}
