import { type CrmClient, type CrmReconnectError, CrmRefusedError, crmTimeMs } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { mergedEventForLosers } from '../../model/record/fold/merged-events.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import { count } from '../../store/database/counters.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { insertEvents } from '../../store/events/change-events.ts'
import { postponeReads, type ToRead, takeRecordsToRead } from '../../store/records/records-to-read.ts'
import { requestUnseen, UNSEEN_BEFORE } from '../../store/records/unseen-records.ts'
import { noteGone } from '../../store/records/vanished-records.ts'
import { meansErasure } from './erase-vanished.ts'
import { foundEvent } from './inferred-event.ts'
import { isOfOneObject } from './unreadable-object.ts'

export type RefreshDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  readonly nowMs: () => number
}

/** Reads before a missing record counts as absent: a read right after an event can be early (trap 15 in docs/contracts). */
const READS_MAX = 4

/** Time for apply to fold a record that was read, before it is read again. */
const FOLDED_WITHIN_S = 5

/** Seconds until the next read: 1, 4, 16. Together longer than the search index or a slow replica takes to catch up. */
const delayS = (attempts: number): number => 4 ** attempts

/** A refused record is tried again after 5 min, 10, 20 ... 6 h. */
const refusedDelayS = (attempts: number): number => Math.min(300 * 2 ** Math.min(attempts, 10), 21_600)

/**
 * Refusals in one batch before the rest of it is postponed. Fifteen find one bad id among 200; where every id is refused,
 * halving to the end would cost two calls for each.
 */
const REFUSALS_MAX = 24

/** Reads one batch of records of which we only know that something happened. Answers become events. */
export async function refreshBatch(deps: RefreshDependencies): Promise<{ taken: number }> {
  const { db, connection } = deps
  const { readBatchMax } = crmProfile(connection.crm)
  const waiting = await inTransaction(db, async (trx) => {
    await requestUnseen(trx, connection.id, readBatchMax)
    return takeRecordsToRead(trx, connection.id, watchedObjects(connection.crm), readBatchMax)
  })
  if (waiting.length === 0) return { taken: 0 }
  const open = new Set(waiting)
  try {
    await readHalving(deps, waiting, open)
  } finally {
    // Records that were not read, because the CRM was busy or the call failed, can be taken again at once.
    await postpone(deps, [...open], () => 0, false)
  }
  return { taken: waiting.length }
}

/** Reads the records. A refused call is repeated in halves, until only the records that the CRM refuses are left. */
async function readHalving(deps: RefreshDependencies, waiting: readonly ToRead[], open: Set<ToRead>): Promise<void> {
  const parts: (readonly ToRead[])[] = [waiting]
  let refusals = 0
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      await readPart(deps, part)
    } catch (error) {
      // A missing scope concerns the object and not the connection, and is missing for every half.
      if (!isOfOneObject(error)) throw error
      refusals += 1
      if (error instanceof CrmRefusedError && part.length > 1 && refusals < REFUSALS_MAX) {
        parts.push(part.slice(0, part.length / 2), part.slice(part.length / 2))
        continue
      }
      await refused(deps, part, error)
    }
    for (const item of part) open.delete(item)
  }
}

async function refused(
  deps: RefreshDependencies,
  part: readonly ToRead[],
  error: CrmRefusedError | CrmReconnectError,
): Promise<void> {
  const { db, connection } = deps
  const [first] = part
  const which = part.length === 1 ? `${first!.objectType}/${first!.recordId}` : first!.objectType
  await count(db, 'record-failed', part.length, {
    connectionId: connection.id,
    detail: `refresh ${which}: ${error.code}`,
  })
  await postpone(deps, part, (item) => (part.length === 1 ? refusedDelayS(item.attempts) : 60), part.length === 1)
}

async function readPart({ db, client, connection, fieldsOf, nowMs }: RefreshDependencies, items: readonly ToRead[]) {
  const objectType = items[0]!.objectType
  const { events, missing } = await client.readRecords({
    objectType,
    ids: items.map((item) => item.recordId),
    ...fieldsOf(connection.crm, objectType),
  })
  const gone = new Set(missing)
  const crmNowMs = crmTimeMs(client, nowMs())
  const isConfirmed = ({ why, attempts }: ToRead) => why === UNSEEN_BEFORE || attempts + 1 >= READS_MAX
  const confirmed = items.filter((item) => gone.has(item.recordId) && isConfirmed(item))
  const kind = crmProfile(connection.crm).hidesRecords ? 'unseen' : 'deleted'
  await inTransaction(db, async (trx) => {
    await assertConnected(trx, connection.id)
    await insertEvents(trx, [
      ...asAnswers(events, items, nowMs()),
      ...stillMerged(events, items, nowMs()),
      ...confirmed.map((item) => absence(connection.id, item, kind, crmNowMs)),
    ])
    if (meansErasure(connection.crm, objectType)) await noteGone(trx, connection.id, confirmed)
    await postponeReads(
      trx,
      connection.id,
      items.map((item) => {
        const notYet = gone.has(item.recordId) && !isConfirmed(item)
        return { ...item, delayS: notYet ? delayS(item.attempts) : FOLDED_WITHIN_S, attempted: true }
      }),
    )
  })
}

async function postpone(
  { db, connection }: RefreshDependencies,
  items: readonly ToRead[],
  delay: (item: ToRead) => number,
  attempted: boolean,
): Promise<void> {
  if (items.length === 0) return
  await inTransaction(db, (trx) =>
    postponeReads(
      trx,
      connection.id,
      items.map((item) => ({ ...item, delayS: delay(item), attempted })),
    ),
  )
}

/**
 * Each read has its own dedupe key, because it shows a moment and not a change. A record found in the recycle bin counts as
 * deleted after every sign of life that caused the read; otherwise the read would repeat for ever.
 */
function asAnswers(events: readonly ChangeEvent[], asked: readonly ToRead[], nowMs: number): ChangeEvent[] {
  const items = new Map(asked.map((item) => [item.recordId, item]))
  return events.map((event) => {
    const item = items.get(event.recordId)
    return {
      ...event,
      dedupeKey: `${event.dedupeKey}/read/${nowMs}`,
      answersUntilMs: item?.askedByMs ?? 0,
      ...(event.kind === 'deleted' && item !== undefined
        ? { occurredAtMs: Math.max(event.occurredAtMs, item.livedAtMs + 1) }
        : {}),
    }
  })
}

/**
 * A survivor's answer carries the time of the merge or of its own last change. A record found merged counts as merged after
 * everything that caused the read; otherwise the read would repeat for ever.
 */
function stillMerged(events: readonly ChangeEvent[], asked: readonly ToRead[], nowMs: number): ChangeEvent[] {
  const live = new Set(events.map((event) => event.recordId))
  return events.flatMap((survivor) =>
    asked
      .filter(({ recordId }) => !live.has(recordId) && (survivor.mergedIds ?? []).includes(recordId))
      .flatMap((item) =>
        mergedEventForLosers({
          ...survivor,
          dedupeKey: `still/${item.objectType}/${item.recordId}/${nowMs}`,
          mergedIds: [item.recordId],
          occurredAtMs: Math.max(survivor.occurredAtMs, item.askedByMs, item.livedAtMs + 1),
        }),
      ),
  )
}

/**
 * What it means that the CRM does not find the record: deleted, or, in a CRM that hides records, nothing but that.
 *
 * Dated by the CRM's clock: if that runs behind ours, a record restored within the difference would otherwise stay deleted.
 * And always after the last sign of life, whatever the clocks say.
 */
function absence(connectionId: ConnectionId, item: ToRead, kind: 'deleted' | 'unseen', crmNowMs: number): ChangeEvent {
  return foundEvent({
    connectionId,
    dedupeKey: `${kind === 'deleted' ? 'gone' : kind}/${item.objectType}/${item.recordId}/${crmNowMs}`,
    objectType: item.objectType,
    recordId: item.recordId,
    kind,
    occurredAtMs: Math.max(crmNowMs, item.askedByMs + 1, item.livedAtMs + 1),
  })
}
