import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock, tryStageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { isNothingDecided } from '../../store/decisions/decision-start.ts'
import { ownTasks } from '../../store/decisions/task-contents.ts'
import {
  type EventOutcome,
  eraseEventValues,
  insertEvents,
  recordOutcomes,
  type StoredEvent,
  takeWaitingEvents,
} from '../../store/events/change-events.ts'
import { markNeighboursDirty } from '../../store/records/mark-dirty.ts'
import { saveRecords } from '../../store/records/save-records.ts'
import type { BatchChanges } from './affected-records.ts'
import { foldRecords } from './fold-records.ts'
import { sortEvents } from './sort-events.ts'

/** Events per transaction: large enough that statements are shared, small enough for a short lock and flat memory. */
export const APPLY_BATCH = 1_000

export type Applied = {
  readonly taken: number
  readonly changed: boolean
  readonly toRead: boolean
  /** Users changed in the CRM: the list of people must be read again. */
  readonly people: boolean
  /** One of our tasks changed in the CRM. */
  readonly tasks: boolean
  /** Another process folds events of this connection, so nothing was taken; what came since may wait. */
  readonly isHeldUp: boolean
}

const NOTHING: Applied = { taken: 0, changed: false, toRead: false, people: false, tasks: false, isHeldUp: false }

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/** Folds one batch of waiting events of one connection into its records. One transaction; running it twice is harmless. */
export async function applyBatch(db: Database, connection: Connection): Promise<Applied> {
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connection.id))) return NOTHING
    // One process per connection at a time: two would fold the same record from the same starting point.
    if (!(await tryStageLock(trx, `apply/${connection.id}`))) return { ...NOTHING, isHeldUp: true }
    const waiting = await takeWaitingEvents(trx, connection.id, APPLY_BATCH)
    if (waiting.length === 0) return NOTHING
    const { outcomes, applied } = await foldIntoRecords(trx, connection, waiting, 'mark')
    await recordOutcomes(trx, outcomes)
    return applied
  })
}

/**
 * Stores events and folds them at once, in the caller's transaction. For events that we read ourselves, as the first
 * import does: no sender waits for an answer in between. An event that is already stored is folded again, which changes
 * nothing, and keeps its outcome.
 */
export async function storeAndApply(
  trx: DatabaseTransaction,
  connection: Connection,
  events: readonly ChangeEvent[],
): Promise<Applied> {
  if (events.length === 0) return NOTHING
  await stageLock(trx, `apply/${connection.id}`)
  const neighbours = (await isNothingDecided(trx, connection.id)) ? 'leave' : 'mark'
  const numbered = events.map((event, id) => ({ id, event }))
  const { outcomes, applied } = await foldIntoRecords(trx, connection, numbered, neighbours)
  await insertEvents(trx, events, outcomes)
  return applied
}

/**
 * `leave`: no record has been decided yet, so each is marked by its own first event. Searching for neighbours to mark
 * would be most of the work of an import.
 */
type MarkNeighbours = 'mark' | 'leave'

async function foldIntoRecords(
  trx: DatabaseTransaction,
  connection: Connection,
  waiting: readonly StoredEvent[],
  neighbours: MarkNeighbours,
): Promise<{ readonly outcomes: readonly EventOutcome[]; readonly applied: Applied }> {
  const { taskObject } = crmProfile(connection.crm)
  const ourTasks = await ownTasks(trx, connection.id, recordsOf(waiting, taskObject))
  const { groups, skipped, people, tasks } = sortEvents(waiting, connection.crm, taskObject, ourTasks)
  const { outcomes, changes } = await foldRecords(trx, connection, groups)
  await saveRecords(trx, changes.writes)
  if (neighbours === 'mark') await markNeighbours(trx, connection.id, changes)
  for (const { event } of waiting) if (event.kind === 'erased') await eraseEventValues(trx, event)
  const toRead = changes.writes.some(({ needsRead }) => needsRead !== null)
  return {
    outcomes: [...skipped, ...outcomes],
    applied: { taken: waiting.length, changed: changes.changed, toRead, people, tasks, isHeldUp: false },
  }
}

function recordsOf(waiting: readonly StoredEvent[], objectType: string): string[] {
  return waiting.flatMap(({ event }) => (event.objectType === objectType ? [event.recordId] : []))
}

async function markNeighbours(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  { keys, accounts, linksBefore }: BatchChanges,
): Promise<void> {
  await markNeighboursDirty(trx, connectionId, { keys, accountIds: [...accounts], linksBefore: [...linksBefore] })
}
