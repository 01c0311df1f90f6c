import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { ownTasks } from '../../store/decisions/task-contents.ts'
import { eraseTraces } from '../../store/erasure/erase-traces.ts'
import type { EventOutcome, StoredEvent } from '../../store/events/change-events.ts'
import { markHeldFor, markNeighboursDirty } from '../../store/records/mark-dirty.ts'
import { saveRecords } from '../../store/records/save-records.ts'
import type { BatchChanges } from './affected-records.ts'
import { erasedByMerge } from './erased-by-merge.ts'
import { foldRecords } from './fold-records.ts'
import { sortEvents } from './sort-events.ts'

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
  /** The batch was full: there are probably more. */
  readonly isMore: boolean
}

export const NOTHING: Applied = {
  taken: 0,
  changed: false,
  toRead: false,
  people: false,
  tasks: false,
  isHeldUp: false,
  isMore: false,
}

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/**
 * `leave`: no record of the connection is decided or compared with yet, so each is marked already. Searching for neighbours
 * to mark would be most of the work of an import.
 */
export type MarkNeighbours = 'mark' | 'leave'

export async function foldIntoRecords(
  trx: DatabaseTransaction,
  connection: Connection,
  waiting: readonly StoredEvent[],
  neighbours: MarkNeighbours,
): Promise<{ readonly outcomes: readonly EventOutcome[]; readonly applied: Applied }> {
  // What was merged into an erased person is that person, too.
  const events = [...waiting, ...(await erasedByMerge(trx, connection.id, waiting))]
  const { taskObject } = crmProfile(connection.crm)
  const ourTasks = await ownTasks(trx, connection.id, recordsOf(waiting, taskObject))
  const { groups, skipped, people, tasks } = sortEvents(events, connection.crm, taskObject, ourTasks)
  const { outcomes, changes } = await foldRecords(trx, connection, groups)
  await saveRecords(trx, changes.writes)
  if (neighbours === 'mark') await markNeighbours(trx, connection.id, changes)
  for (const { event } of events) if (event.kind === 'erased') await eraseTraces(trx, event)
  const toRead = changes.writes.some(({ needsRead }) => needsRead !== null)
  return {
    outcomes: [...skipped, ...outcomes],
    applied: { taken: waiting.length, changed: changes.changed, toRead, people, tasks, isHeldUp: false, isMore: false },
  }
}

function recordsOf(waiting: readonly StoredEvent[], objectType: string): string[] {
  return waiting.flatMap(({ event }) => (event.objectType === objectType ? [event.recordId] : []))
}

async function markNeighbours(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  { keys, accounts, linksBefore, ofDomain, awaited }: BatchChanges,
): Promise<void> {
  await markNeighboursDirty(trx, connectionId, {
    keys,
    accountIds: [...accounts],
    linksBefore: [...linksBefore],
    ofDomain: [...ofDomain],
  })
  for (const objectType of awaited) await markHeldFor(trx, connectionId, objectType)
}
