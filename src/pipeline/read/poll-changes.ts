import type { ChangedPage, CrmClient } from '../../crm/crm-client.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import type { Baseline } from '../../store/connections/baseline.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { insertEvents } from '../../store/events/change-events.ts'
import { noteMissedChanges, wasPolled } from '../../store/events/missed-changes.ts'
import {
  forgetReadingPlace,
  type ReadingPlace,
  readingPlaces,
  saveReadingPlace,
} from '../../store/records/poll-cursors.ts'
import { refusedObjects } from '../../store/records/unreadable-objects.ts'
import { advanceWatermark, readWatermarks } from '../../store/records/watermarks.ts'
import { foundChanges, isNotified, resolveMissedEvents, timeFields } from './missed-changes.ts'
import { isOfOneObject, noteObjectReadable, noteRefusedObject } from './unreadable-object.ts'

export type PollDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: {
    readonly id: ConnectionId
    readonly crm: Crm
    readonly baseline: Baseline
    readonly feed: 'push' | 'poll' | 'stream'
    readonly timeZone: string | null
  }
  readonly fieldsOf: (
    crm: Crm,
    objectType: string,
  ) => { fields: readonly string[]; historyFields: readonly string[]; ours?: readonly string[] }
  readonly nowMs: () => number
  /** Called after each committed page, so that apply starts while the import goes on. */
  readonly onPage: () => void
  readonly signal: AbortSignal
}

/**
 * Late commits and a delayed search index can put a change behind a watermark that has passed it: each poll looks this
 * far back again. Integrators report up to 30 s of index delay (docs/contracts).
 */
const OVERLAP_MS = 90_000

/**
 * A first watermark is the start of the baseline by our clock, every later one a time that the CRM has shown us. Until
 * then the CRM's clock may be behind ours by this much without a change being lost.
 */
const CLOCKS_APART_MS = 900_000

/**
 * Polls every watched object by modification date, to find changes whose event never came. Returns how many records it
 * read, and whether it is complete: not when it was stopped, nor when an object has to be read again. For an object that
 * the CRM refuses it raises a notice, and reads the others.
 */
export async function pollChanges(
  deps: PollDependencies,
): Promise<{ readonly read: number; readonly complete: boolean }> {
  const outcome = await pollObjects(deps, watchedObjects(deps.connection.crm))
  if (!outcome.isStopped) await resolveMissedEvents(deps.db, deps.connection)
  return outcome
}

/**
 * Polls tasks alone: reviewers expect an answer within a minute when they complete one, and not every CRM sends events for
 * tasks.
 */
export async function pollTasks(deps: PollDependencies): Promise<void> {
  await pollObjects(deps, [crmProfile(deps.connection.crm).taskObject])
}

async function pollObjects(
  deps: PollDependencies,
  objectTypes: readonly string[],
): Promise<{ readonly read: number; readonly complete: boolean; readonly isStopped: boolean }> {
  const { db, connection } = deps
  const state: KnownState = {
    watermarks: await readWatermarks(db, connection.id),
    places: await readingPlaces(db, connection.id),
    refused: await refusedObjects(db, connection.id),
    isFirst: !(await wasPolled(db, connection.id)),
  }
  let read = 0
  let complete = true
  for (const objectType of objectTypes) {
    const outcome = await pollRefusable(deps, objectType, state)
    read += outcome.found
    if (outcome.outcome === 'stopped') return { read, complete: false, isStopped: true }
    if (outcome.outcome === 'again') complete = false
  }
  return { read, complete, isStopped: false }
}

type KnownState = {
  readonly watermarks: ReadonlyMap<string, number>
  readonly places: ReadonlyMap<string, ReadingPlace>
  readonly refused: ReadonlySet<string>
  readonly isFirst: boolean
}

type Poll = {
  readonly outcome: 'read' | 'stopped' | 'again'
  readonly found: number
  /** Fields that a page had to leave out. */
  readonly hidden: ReadonlySet<string>
}

async function pollRefusable(deps: PollDependencies, objectType: string, state: KnownState): Promise<Poll> {
  const wasRefused = state.refused.has(objectType)
  try {
    const poll = await pollObject(deps, objectType, state)
    if (wasRefused && poll.outcome === 'read') await noteObjectReadable(deps, objectType, poll.hidden)
    return poll
  } catch (error) {
    if (!isOfOneObject(error)) throw error
    const poll = wasRefused ? null : await pollAgain(deps, objectType)
    if (poll !== null) return poll
    await noteRefusedObject(deps, objectType, error)
    return { outcome: 'read', found: 0, hidden: new Set() }
  }
}

/**
 * The CRM may have refused our place or our field list, so this tries once more with the newest schema and from the
 * watermark. Null: refused again.
 */
async function pollAgain(deps: PollDependencies, objectType: string): Promise<Poll | null> {
  const { db, client, connection } = deps
  try {
    await client.describe(objectType)
    await forgetReadingPlace(db, connection.id, objectType)
    return await pollObject(deps, objectType, {
      watermarks: await readWatermarks(db, connection.id),
      places: new Map(),
      refused: new Set(),
      isFirst: !(await wasPolled(db, connection.id)),
    })
  } catch (error) {
    if (!isOfOneObject(error)) throw error
    return null
  }
}

async function pollObject(deps: PollDependencies, objectType: string, state: KnownState): Promise<Poll> {
  const { db, client, connection, nowMs } = deps
  const { isFirst } = state
  const untilMs = nowMs()
  const from = state.watermarks.get(objectType) ?? null
  const place = state.places.get(objectType)
  const knownUntilMs = from ?? connection.baseline.startedAtMs ?? untilMs
  const isOurClock = from === null || from === connection.baseline.startedAtMs
  const sinceMs = place?.sinceMs ?? Math.max(1, knownUntilMs - OVERLAP_MS - (isOurClock ? CLOCKS_APART_MS : 0))
  // Changes during the import are ours to find: the event subscription may not have been there yet.
  const wasNotified = isNotified(connection, objectType) && !(isOurClock && isFirst)
  let cursor: string | null = place?.cursor ?? null
  /** The last stored place. It disappears only when a resync is requested. */
  let stored = cursor
  let latestMs = place?.latestMs ?? 0
  const hidden = new Set<string>()
  let found = 0
  do {
    if (deps.signal.aborted) return { outcome: 'stopped', found, hidden }
    const page = await client.changedSince({
      objectType,
      sinceMs,
      cursor,
      ...deps.fieldsOf(connection.crm, objectType),
      source: 'poll',
    })
    found += page.events.length
    for (const field of page.unreadable) hidden.add(field)
    latestMs = latestOf(page.events, latestMs)
    const isStill = await savePage(deps, objectType, page, {
      wasNotified,
      stands: { watermark: knownUntilMs, before: stored },
      sinceMs,
      latestMs,
    })
    if (page.events.length > 0) deps.onPage()
    if (!isStill) return { outcome: 'again', found, hidden }
    cursor = page.cursor
    if (cursor !== null) stored = cursor
  } while (cursor !== null)
  // Only as far as the CRM has shown changes, and never past our clock: a CRM clock that is behind must not lose any.
  const to = Math.min(untilMs, Math.max(latestMs, knownUntilMs, sinceMs + OVERLAP_MS))
  const isAdvanced = await inTransaction(db, async (trx) => {
    await assertConnected(trx, connection.id)
    return advanceWatermark(trx, connection.id, objectType, { from: knownUntilMs, to, place: stored }, found)
  })
  return { outcome: isAdvanced ? 'read' : 'again', found, hidden }
}

/** Stores the page's events and the place of the next page. False: a resync was requested, so the object starts over. */
async function savePage(
  { db, connection }: PollDependencies,
  objectType: string,
  { events, cursor }: ChangedPage,
  at: {
    readonly wasNotified: boolean
    readonly stands: { readonly watermark: number; readonly before: string | null }
    readonly sinceMs: number
    readonly latestMs: number
  },
): Promise<boolean> {
  if (events.length === 0 && cursor === null) return true
  return inTransaction(db, async (trx) => {
    await assertConnected(trx, connection.id)
    if (events.length > 0) {
      if (at.wasNotified) {
        await noteMissedChanges(trx, connection.id, foundChanges(events), timeFields(connection.crm, objectType))
      }
      await insertEvents(trx, events)
    }
    if (cursor === null) return true
    const { sinceMs, latestMs } = at
    return saveReadingPlace(trx, connection.id, objectType, at.stands, { cursor, sinceMs, latestMs })
  })
}

/**
 * The time of the newest change that was read. Deletions do not count: they are read after the changes, so a new one says
 * nothing about the changes just before it.
 */
function latestOf(events: readonly ChangeEvent[], latestMs: number): number {
  let latest = latestMs
  for (const event of events) {
    const isGone = event.kind === 'deleted' || (event.kind === 'merged' && !event.complete)
    if (!isGone && event.occurredAtMs > latest) latest = event.occurredAtMs
  }
  return latest
}
