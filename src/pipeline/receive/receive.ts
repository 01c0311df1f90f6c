import type { ChangeEvent } from '../../model/record/change-event.ts'
import { count } from '../../store/database/counters.ts'
import type { Database } from '../../store/database/database.ts'
import { insertEvents } from '../../store/events/change-events.ts'

export type Received = { readonly stored: number; readonly duplicate: number }

/**
 * Commits change events and says how many were new. When this returns, they are durable and the sender may be told so;
 * nothing else happens before that answer. Waking apply is the caller's, after the commit: a lost wake-up costs the
 * sweeper's five seconds and nothing more.
 */
export async function receiveEvents(db: Database, events: readonly ChangeEvent[]): Promise<Received> {
  if (events.length === 0) return { stored: 0, duplicate: 0 }
  const stored = await insertEvents(db, events)
  const duplicate = events.length - stored
  // Counted after the commit and apart from it: a count that is off by one batch loses nobody's event.
  if (duplicate > 0) {
    const connectionId = events[0]!.connectionId
    for (const [detail, n] of perObject(events, stored))
      await count(db, 'events-duplicate', n, { connectionId, detail })
  }
  return { stored, duplicate }
}

/**
 * How many of each object were duplicates. Known when all of a delivery were, or all are of one object; else under no
 * name: asking the insert for it would cost every delivery what only a mixed one needs.
 */
function perObject(events: readonly ChangeEvent[], stored: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { objectType } of events) counts.set(objectType, (counts.get(objectType) ?? 0) + 1)
  if (stored === 0) return counts
  const [only] = counts.keys()
  return new Map([[counts.size === 1 ? only! : '', events.length - stored]])
}
