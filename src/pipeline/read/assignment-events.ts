import type { ChangeEvent, ConnectionId } from '../../model/record/change-event.ts'
import { joinTerritories, TERRITORIES, TERRITORY_NAMES } from '../../model/record/territories-field.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import type { AssignmentPlace } from '../../store/database/tables/records.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { type AssignedRecord, type AssignmentPoll, assignedRecords } from '../../store/records/territory-assignments.ts'
import { storeAndApply } from '../apply/apply.ts'
import { type AssignmentRun, BEFORE_THE_FIRST, moveIn } from './assignment-poll.ts'
import { foundEvent } from './inferred-event.ts'

/** Records per transaction that are compared with their assignments. */
const COMPARED_AT_ONCE = 1_000

/** Compares the next records by key, and after the last one begins again, so that new and restored records get theirs. */
export async function compareNext({ deps, active }: AssignmentRun, poll: AssignmentPoll): Promise<AssignmentPoll> {
  const { db, connection, objects } = deps
  const moved = await inTransaction(db, async (trx) => {
    await assertConnected(trx, connection.id)
    const compared = await applyAssignments(trx, { deps, active }, () =>
      assignedRecords(trx, connection.id, { objects, after: poll.place.compared, limit: COMPARED_AT_ONCE }),
    )
    const last = compared.length < COMPARED_AT_ONCE ? undefined : compared.at(-1)
    const place: AssignmentPlace =
      last === undefined
        ? { ...poll.place, phase: 'follow', compared: BEFORE_THE_FIRST }
        : { ...poll.place, compared: { objectType: last.objectType, recordId: last.recordId } }
    return moveIn(trx, deps, poll, place)
  })
  deps.onPage()
  return moved
}

/** Folds the assignments of each record where they changed. Read under apply's lock, so that no other fold comes between. */
export async function applyAssignments(
  trx: DatabaseTransaction,
  { deps: { connection, objects }, active }: AssignmentRun,
  read: () => Promise<AssignedRecord[]>,
): Promise<AssignedRecord[]> {
  await stageLock(trx, `apply/${connection.id}`)
  const records = await read()
  const byId = new Map(active.territories.map((territory) => [territory.territoryId, territory]))
  const events = records.flatMap((record) => {
    if (!objects.includes(record.objectType)) return []
    // A territory that was created after the list was read is left to the next poll, which knows its name.
    const territories = record.territoryIds.flatMap((id) => byId.get(id) ?? [])
    const fields = {
      [TERRITORIES]: joinTerritories(territories.map(({ developerName }) => developerName)),
      [TERRITORY_NAMES]: joinTerritories(territories.map(({ name }) => name)),
    }
    const { told } = record
    const isNews = told === null || told.territories !== fields[TERRITORIES] || told.names !== fields[TERRITORY_NAMES]
    return isNews ? [assignmentEvent(connection.id, record, fields, active.atMs)] : []
  })
  await storeAndApply(trx, connection, events)
  return records
}

function assignmentEvent(
  connectionId: ConnectionId,
  { objectType, recordId, told }: AssignedRecord,
  fields: ChangeEvent['fields'],
  readAtMs: number,
): ChangeEvent {
  // A deletion leaves no time behind, so the time of the read counts. The newest read wins, even where a clock was wrong.
  const occurredAtMs = told === null ? readAtMs : Math.max(readAtMs, told.atMs + 1)
  return foundEvent({
    connectionId,
    dedupeKey: `territories/${objectType}/${recordId}/${occurredAtMs}`,
    objectType,
    recordId,
    kind: 'changed',
    occurredAtMs,
    fields,
  })
}
