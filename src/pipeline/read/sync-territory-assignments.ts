import { createHash } from 'node:crypto'
import { CrmUnknownError } from '../../crm/crm-client.ts'
import type { ActiveTerritories, AssignmentVerbs } from '../../crm/salesforce/territories/assignments.ts'
import type { ChangeEvent, ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { joinTerritories, TERRITORIES, TERRITORY_NAMES } from '../../model/record/territories-field.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'
import {
  type AssignedRecord,
  type AssignmentPlace,
  type AssignmentPoll,
  assignedRecords,
  assignedRecordsOf,
  forgetAssignments,
  knownAssignments,
  moveAssignmentPoll,
  readAssignmentPoll,
  replaceAssignments,
  saveAssignments,
} from '../../store/records/territory-assignments.ts'
import { storeAndApply } from '../apply/apply.ts'
import { foundEvent } from './inferred-event.ts'

/**
 * No stream carries territory assignments (docs/contracts/salesforce/decisions.md). A poll costs five calls when nothing
 * changed; every five minutes, that is 1,440 of the 100,000 calls that an Enterprise org has for a day.
 */
export const ASSIGNMENTS_EVERY_MS = 4 * 60_000

/** Late commits, and a first look by our clock where the CRM's answers say no time. What is read twice is known. */
const OVERLAP_MS = 15 * 60_000

/** Records that are compared with what they are assigned to, in one transaction. */
const COMPARED_AT_ONCE = 1_000

/**
 * Batches of that per poll once everything was told: a record that came since, or came back, has its turn in the next
 * poll where there are fewer than 20,000, and within hours where there are a million.
 */
const BATCHES_PER_POLL = 20

const KNOWN_AT_ONCE = 1_000
const BEFORE_THE_FIRST = { objectType: '', recordId: '' }

export type AssignmentDependencies = {
  readonly db: Database
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly assignments: AssignmentVerbs
  /** The objects of which a policy asks for their territories. Empty: nobody does, and the CRM is not asked. */
  readonly objects: readonly string[]
  /** Called after each committed step of a long reading. */
  readonly onPage: () => void
  readonly signal: AbortSignal
}

/** Thrown inside a transaction whose poll somebody else goes on with. */
class OvertakenError extends Error {
  override readonly name = 'OvertakenError'
}

/**
 * Reads which records are assigned to which territory: everything the first time, afterwards what was made and what was
 * deleted since. What a record is assigned to is told by an event like any other fact of it, folded in the transaction
 * that stores what was read, and only where it is not what was told before. A deletion names no record, so the
 * assignments are kept beside; and for as long as a deletion may be under way, only the whole set of a record is true, so
 * that is what is read for each that was touched.
 */
export async function syncAssignments(deps: AssignmentDependencies): Promise<void> {
  if (deps.objects.length === 0) return
  const active = await deps.assignments.active()
  await noteWhetherShown(deps, active !== null)
  if (active === null) return
  try {
    let poll = await standing(deps, active)
    if (poll.place.phase === 'follow') poll = await followDeleted(deps, active, poll)
    if (poll.place.phase === 'read') poll = await readEverything(deps, active, poll)
    while (poll.place.phase === 'tell' && !deps.signal.aborted) poll = await compareNext(deps, active, poll)
    if (poll.place.phase !== 'follow') return
    poll = await followMade(deps, active, poll)
    for (let batch = 0; batch < BATCHES_PER_POLL && !deps.signal.aborted; batch += 1) {
      poll = await compareNext(deps, active, poll)
      if (poll.place.compared.recordId === '') return
    }
  } catch (error) {
    if (!(error instanceof OvertakenError)) throw error
  }
}

/** Where the last poll left off, or the beginning where that says nothing about the territories of today. */
async function standing(deps: AssignmentDependencies, active: ActiveTerritories): Promise<AssignmentPoll> {
  const known = await readAssignmentPoll(deps.db, deps.connection.id)
  if (known === null || known.place.modelId !== active.modelId) return begin(deps, active, known)
  const told = digestOf(deps.objects, active)
  if (known.place.told === told) return known
  // What is assigned is the same, and only what it is called is not: nothing has to be read again.
  const phase = known.place.phase === 'read' ? 'read' : 'tell'
  return moveTo(deps, known, { ...known.place, told, phase, compared: BEFORE_THE_FIRST })
}

async function begin(
  deps: AssignmentDependencies,
  active: ActiveTerritories,
  from: AssignmentPoll | null,
): Promise<AssignmentPoll> {
  const sinceMs = active.atMs - OVERLAP_MS
  const place: AssignmentPlace = {
    modelId: active.modelId,
    told: digestOf(deps.objects, active),
    phase: 'read',
    cursor: null,
    madeSinceMs: sinceMs,
    deletedSinceMs: sinceMs,
    compared: BEFORE_THE_FIRST,
  }
  return moveTo(deps, from, place, (trx) => forgetAssignments(trx, deps.connection.id))
}

/** Page by page, each with its place. What was told before stands until all of it is here. */
async function readEverything(
  deps: AssignmentDependencies,
  { modelId }: ActiveTerritories,
  from: AssignmentPoll,
): Promise<AssignmentPoll> {
  let poll = from
  while (poll.place.phase === 'read' && !deps.signal.aborted) {
    const { cursor } = poll.place
    const page =
      modelId === null ? { assignments: [], cursor: null } : await deps.assignments.everything(modelId, cursor)
    if (page.cursor !== null && page.cursor === cursor) {
      throw new CrmUnknownError('The pages of territory assignments do not advance')
    }
    const phase = page.cursor === null ? 'tell' : 'read'
    poll = await moveTo(deps, poll, { ...poll.place, cursor: page.cursor, phase }, (trx) =>
      saveAssignments(trx, deps.connection.id, page.assignments),
    )
  }
  return poll
}

async function followDeleted(
  deps: AssignmentDependencies,
  active: ActiveTerritories,
  from: AssignmentPoll,
): Promise<AssignmentPoll> {
  const { db, connection } = deps
  const deleted = await deps.assignments.deletedSince(from.place.deletedSinceMs)
  if (deleted === null) return begin(deps, active, from)
  let poll = from
  for (let at = 0; at < deleted.ids.length && !deps.signal.aborted; at += KNOWN_AT_ONCE) {
    const ids = deleted.ids.slice(at, at + KNOWN_AT_ONCE)
    poll = await readWhole(deps, active, poll, await knownAssignments(db, connection.id, ids))
  }
  if (deps.signal.aborted) return poll
  return moveTo(deps, poll, { ...poll.place, deletedSinceMs: deleted.untilMs })
}

async function followMade(
  deps: AssignmentDependencies,
  active: ActiveTerritories,
  from: AssignmentPoll,
): Promise<AssignmentPoll> {
  const { db, connection } = deps
  const { madeSinceMs: sinceMs } = from.place
  if (active.modelId === null) return from
  let poll = from
  let cursor: string | null = null
  do {
    if (deps.signal.aborted) return poll
    const page = await deps.assignments.madeSince(active.modelId, sinceMs, cursor)
    if (page.cursor !== null && page.cursor === cursor) {
      throw new CrmUnknownError('The pages of new territory assignments do not advance')
    }
    const ids = page.assignments.map(({ assignmentId }) => assignmentId)
    const known = new Set((await knownAssignments(db, connection.id, ids)).map(({ assignmentId }) => assignmentId))
    const added = page.assignments.filter(({ assignmentId }) => !known.has(assignmentId))
    poll = await readWhole(deps, active, poll, added)
    // Not all of them were read: the next poll begins with these again.
    if (deps.signal.aborted) return poll
    // As far as was seen; after the last page, as far as was asked.
    const seenMs = page.cursor === null ? active.atMs : page.latestMs
    const madeSinceMs = Math.max(poll.place.madeSinceMs, seenMs - OVERLAP_MS)
    poll = await moveTo(deps, poll, { ...poll.place, madeSinceMs })
    cursor = page.cursor
  } while (cursor !== null)
  return poll
}

type Ref = { readonly objectType: string; readonly recordId: string }

/** Reads all that these records are assigned to, and tells what is news. */
async function readWhole(
  deps: AssignmentDependencies,
  active: ActiveTerritories,
  from: AssignmentPoll,
  touched: readonly Ref[],
): Promise<AssignmentPoll> {
  const records = [...new Map(touched.map((one) => [one.recordId, one])).values()]
  let poll = from
  const { readBatchMax } = crmProfile(deps.connection.crm)
  for (let at = 0; at < records.length && !deps.signal.aborted; at += readBatchMax) {
    const some = records.slice(at, at + readBatchMax)
    const ids = some.map(({ recordId }) => recordId)
    const assignments = active.modelId === null ? [] : await deps.assignments.ofRecords(active.modelId, ids)
    poll = await moveTo(deps, poll, poll.place, async (trx) => {
      await replaceAssignments(trx, deps.connection.id, some, assignments)
      await tell(trx, deps, active, () => assignedRecordsOf(trx, deps.connection.id, some))
    })
  }
  return poll
}

/** The next records by key, after which it begins anew: whoever was not there yet, or was not live, is told now. */
async function compareNext(
  deps: AssignmentDependencies,
  active: ActiveTerritories,
  poll: AssignmentPoll,
): Promise<AssignmentPoll> {
  const moved = await inTransaction(deps.db, async (trx) => {
    await assertConnected(trx, deps.connection.id)
    const compared = await tell(trx, deps, active, () =>
      assignedRecords(trx, deps.connection.id, {
        objects: deps.objects,
        after: poll.place.compared,
        limit: COMPARED_AT_ONCE,
      }),
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

/** Under the lock of the fold, so that what was told is what was folded. */
async function tell(
  trx: DatabaseTransaction,
  { connection, objects }: AssignmentDependencies,
  active: ActiveTerritories,
  read: () => Promise<AssignedRecord[]>,
): Promise<AssignedRecord[]> {
  await stageLock(trx, `apply/${connection.id}`)
  const records = await read()
  const called = new Map(active.territories.map((territory) => [territory.territoryId, territory]))
  const events = records.flatMap((record) => {
    if (!objects.includes(record.objectType)) return []
    // One that came after the list of territories was read is told by the next poll, which knows its name.
    const territories = record.territoryIds.flatMap((id) => called.get(id) ?? [])
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
  // A deletion leaves no time behind, so it is the reading's. The newest reading is right, whatever the clocks say.
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

async function moveTo(
  deps: AssignmentDependencies,
  from: AssignmentPoll | null,
  place: AssignmentPlace,
  inSame: (trx: DatabaseTransaction) => Promise<void> = async () => undefined,
): Promise<AssignmentPoll> {
  const moved = await inTransaction(deps.db, async (trx) => {
    await assertConnected(trx, deps.connection.id)
    await inSame(trx)
    return moveIn(trx, deps, from, place)
  })
  deps.onPage()
  return moved
}

async function moveIn(
  trx: DatabaseTransaction,
  { connection }: AssignmentDependencies,
  from: AssignmentPoll | null,
  place: AssignmentPlace,
): Promise<AssignmentPoll> {
  const moved = await moveAssignmentPoll(trx, connection.id, from, place)
  if (moved === null) throw new OvertakenError(`Another poll of the assignments of "${connection.id}" goes on`)
  return moved
}

function digestOf(objects: readonly string[], { territories }: ActiveTerritories): string {
  const called = territories.map(({ territoryId, developerName, name }) => [territoryId, developerName, name])
  return createHash('sha256')
    .update(JSON.stringify([objects.toSorted(), called.toSorted()]))
    .digest('hex')
}

const CODE = 'territories-not-shown'

async function noteWhetherShown({ db, connection }: AssignmentDependencies, isShown: boolean): Promise<void> {
  const { title } = crmProfile(connection.crm)
  const which = { connectionId: connection.id, code: CODE }
  if (isShown) {
    await endNotice(db, { ...which, message: `${title} shows which records are assigned to which territory.` })
    return
  }
  const open = await listNotices(db, { connectionId: connection.id, limit: 1_000 })
  if (open.some(({ code, endedAt }) => code === CODE && endedAt === null)) return
  await raiseNotice(db, {
    ...which,
    level: 'info',
    message: `A policy asks for ${TERRITORIES}, and ${title} shows no assignments to territories. Whatever depends on them is not decided, or goes by the owner alone.`,
    remedy: `Where Sales Territories are used, let the integration user see them; where not, name a field of the record in the policy instead of ${TERRITORIES}.`,
  })
}
