import type { ChangeEvent } from '../../model/record/change-event.ts'
import { count } from '../../store/database/counters.ts'
import type { Database } from '../../store/database/database.ts'
import { insertEvents } from '../../store/events/change-events.ts'

/** `duplicate`: what the CRM had delivered before. */
export type Received = { readonly stored: number; readonly duplicate: number }

/**
 * Commits change events and returns how many were new. When it returns, they are durable and the sender can be answered;
 * nothing else happens before that answer. The caller wakes apply after the commit: a lost wake costs the five seconds until
 * the sweeper runs.
 */
export async function receiveEvents(db: Database, events: readonly ChangeEvent[]): Promise<Received> {
  if (events.length === 0) return { stored: 0, duplicate: 0 }
  const delivered = events.filter(isDeliveredOnce)
  const stored = await insertEvents(db, delivered)
  const others = delivered.length === events.length ? [] : events.filter((event) => !isDeliveredOnce(event))
  const storedOthers = await insertEvents(db, others)
  const duplicate = delivered.length - stored
  // Counted after the commit and apart from it: a count may be off by one batch, but no event is lost.
  if (duplicate > 0) {
    const connectionId = delivered[0]!.connectionId
    for (const [detail, n] of perObject(delivered, stored))
      await count(db, 'events-duplicate', n, { connectionId, detail })
  }
  return { stored: stored + storedOthers, duplicate }
}

/**
 * False: to find the event stored already does not mean that the CRM delivered it twice. A CRM may tell of a link from both
 * of its ends, in one delivery or in two, and what we read ourselves is stored at every reading.
 */
function isDeliveredOnce({ source, kind }: ChangeEvent): boolean {
  return (source === 'webhook' || source === 'stream') && kind !== 'associated'
}

/**
 * How many duplicates there were per object. Known when the whole delivery was a duplicate, or is of one object. Otherwise
 * they count under an empty name: the insert could return them, but at a cost for every delivery.
 */
function perObject(events: readonly ChangeEvent[], stored: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { objectType } of events) counts.set(objectType, (counts.get(objectType) ?? 0) + 1)
  if (stored === 0) return counts
  const [only] = counts.keys()
  return new Map([[counts.size === 1 ? only! : '', events.length - stored]])
}
