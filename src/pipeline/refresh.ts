import { type CrmClient, READ_BATCH_MAX } from '../crm/crm.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../model/record/change-event.ts'
import { insertEvents } from '../store/change-events.ts'
import type { Database } from '../store/database.ts'
import { postponeReads, recordsToRead, type ToRead } from '../store/records.ts'

export type RefreshDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  readonly nowMs: () => number
}

/** Looks before a missing record counts as deleted: a read right after an event can be early (contracts/hubspot.md trap 15). */
const LOOKS = 4

/** Seconds until the next look: 1, 4, 16. Together longer than the search index or a slow replica takes to catch up. */
const delayS = (attempts: number): number => 4 ** attempts

/** Asks the CRM about one batch of records of which we only know that something happened. Answers become events. */
export async function refreshBatch({
  db,
  client,
  connection,
  fieldsOf,
  nowMs,
}: RefreshDependencies): Promise<{ taken: number }> {
  const waiting = await recordsToRead(db, connection.id, READ_BATCH_MAX[connection.crm])
  if (waiting.length === 0) return { taken: 0 }
  const byObject = new Map<string, ToRead[]>()
  for (const item of waiting) {
    const list = byObject.get(item.objectType)
    if (list) list.push(item)
    else byObject.set(item.objectType, [item])
  }
  for (const [objectType, items] of byObject) {
    const { events, missing } = await client.readRecords({
      objectType,
      ids: items.map((item) => item.recordId),
      ...fieldsOf(connection.crm, objectType),
    })
    const gone = new Set(missing)
    const surelyGone = items.filter((item) => gone.has(item.recordId) && item.attempts + 1 >= LOOKS)
    const notYet = items.filter((item) => gone.has(item.recordId) && item.attempts + 1 < LOOKS)
    await insertEvents(db, [
      ...asAnswers(events, items, nowMs()),
      ...surelyGone.map((item) => deletion(connection.id, item, nowMs())),
    ])
    // Not found, or found but not folded yet: either way not asked about again at once.
    await postponeReads(
      db,
      connection.id,
      objectType,
      items.filter((i) => !gone.has(i.recordId)).map((i) => i.recordId),
      5,
    )
    for (const item of notYet)
      await postponeReads(db, connection.id, objectType, [item.recordId], delayS(item.attempts))
  }
  return { taken: waiting.length }
}

/** A read has a key of its own each time: it is a look at a moment, not a change. */
function asAnswers(events: readonly ChangeEvent[], asked: readonly ToRead[], nowMs: number): ChangeEvent[] {
  const askedBy = new Map(asked.map((item) => [item.recordId, item.askedByMs]))
  return events.map((event) => ({
    ...event,
    dedupeKey: `${event.dedupeKey}/read/${nowMs}`,
    answersUntilMs: askedBy.get(event.recordId) ?? 0,
  }))
}

function deletion(connectionId: ConnectionId, item: ToRead, nowMs: number): ChangeEvent {
  return {
    connectionId,
    dedupeKey: `gone/${item.objectType}/${item.recordId}/${nowMs}`,
    objectType: item.objectType,
    recordId: item.recordId,
    kind: 'deleted',
    occurredAtMs: nowMs,
    order: 0,
    fields: {},
    complete: false,
    source: 'reconcile',
    actor: { kind: 'unknown', id: null, ours: false },
  }
}
