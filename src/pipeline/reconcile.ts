import type { CrmClient } from '../crm/crm.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../model/record/change-event.ts'
import { watchedObjects } from '../model/record/object-shape.ts'
import { insertEvents } from '../store/change-events.ts'
import { advanceWatermark, type Baseline, readWatermarks } from '../store/connections.ts'
import type { Database } from '../store/database.ts'
import { assertStillThere } from '../store/still-there.ts'
import { inTransaction } from '../store/transaction.ts'
import { noteUntoldChanges, wasReconciled } from '../store/untold-changes.ts'
import { foundChanges, isToldOf, settleMissedEvents, timeFields } from './missed-events.ts'

export type ReconcileDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: {
    readonly id: ConnectionId
    readonly crm: Crm
    readonly baseline: Baseline
    readonly feed: 'push' | 'poll' | 'stream'
    readonly timeZone: string | null
  }
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  readonly nowMs: () => number
  /** Called after each committed page, so that apply starts while the import goes on. */
  readonly onPage: () => void
  readonly signal: AbortSignal
}

/**
 * Late commits and a delayed search index can put a change behind a watermark that has passed it: each poll looks this
 * far back again. Integrators report up to 30 s of index delay (contracts/hubspot.md 6.2).
 */
const OVERLAP_MS = 90_000

/**
 * A first watermark is the start of the baseline by our clock, every later one a time that the CRM has shown us. Until
 * then the CRM's clock may be behind ours by this much without a change being lost.
 */
const CLOCKS_APART_MS = 900_000

/**
 * Polls every watched object by modification date, so that a change whose event never came is found. Returns how many
 * records it read, and whether it came to the end: not when it was stopped, nor when an object has to be read again.
 */
export async function reconcile(
  deps: ReconcileDependencies,
): Promise<{ readonly read: number; readonly complete: boolean }> {
  const { db, client, connection, nowMs } = deps
  const watermarks = await readWatermarks(db, connection.id)
  const isFirst = !(await wasReconciled(db, connection.id))
  let read = 0
  let complete = true
  for (const objectType of watchedObjects(connection.crm)) {
    const untilMs = nowMs()
    const from = watermarks.get(objectType) ?? null
    const knownUntilMs = from ?? connection.baseline.startedAtMs ?? untilMs
    const isOurClock = from === null || from === connection.baseline.startedAtMs
    const sinceMs = Math.max(1, knownUntilMs - OVERLAP_MS - (isOurClock ? CLOCKS_APART_MS : 0))
    // What changed while the baseline was read is ours to find: nobody may have been subscribed to anything yet.
    const wasTold = isToldOf(connection, objectType) && !(isOurClock && isFirst)
    let cursor: string | null = null
    let found = 0
    let latestMs = 0
    do {
      if (deps.signal.aborted) return { read, complete: false }
      const page = await client.changedSince({
        objectType,
        sinceMs,
        cursor,
        ...deps.fieldsOf(connection.crm, objectType),
        source: 'reconcile',
      })
      cursor = page.cursor
      found += page.events.length
      latestMs = latestOf(page.events, latestMs)
      if (page.events.length > 0) {
        await inTransaction(db, async (trx) => {
          await assertStillThere(trx, connection.id)
          if (wasTold) {
            const found = foundChanges(page.events)
            await noteUntoldChanges(trx, connection.id, found, timeFields(connection.crm, objectType))
          }
          await insertEvents(trx, page.events)
        })
        deps.onPage()
      }
    } while (cursor !== null)
    // Only as far as the CRM has shown us something, or our own clock: a CRM clock that runs behind must not lose changes.
    const to = Math.min(untilMs, Math.max(latestMs, knownUntilMs, sinceMs + OVERLAP_MS))
    const isAdvanced = await inTransaction(db, async (trx) => {
      await assertStillThere(trx, connection.id)
      return advanceWatermark(trx, connection.id, objectType, { from, to }, found)
    })
    if (!isAdvanced) complete = false
    read += found
  }
  await settleMissedEvents(db, connection)
  return { read, complete }
}

function latestOf(events: readonly ChangeEvent[], latestMs: number): number {
  let latest = latestMs
  for (const event of events) if (event.occurredAtMs > latest) latest = event.occurredAtMs
  return latest
}
