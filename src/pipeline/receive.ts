import type { ChangeEvent } from '../model/record/change-event.ts'
import { insertEvents } from '../store/change-events.ts'
import { count } from '../store/counters.ts'
import type { Database } from '../store/database.ts'

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
  if (duplicate > 0) await count(db, 'events-duplicate', duplicate, { connectionId: events[0]!.connectionId })
  return { stored, duplicate }
}
