import { createHash } from 'node:crypto'
import { CrmUnknownError } from '../../crm/crm-client.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { AssignmentPlace } from '../../store/database/tables/records.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  type AssignmentPoll,
  forgetAssignments,
  readAssignmentPoll,
  saveAssignments,
} from '../../store/records/territory-assignments.ts'
import { compareNext } from './assignment-events.ts'
import {
  type AssignmentDependencies,
  type AssignmentRun,
  BEFORE_THE_FIRST,
  moveIn,
  movePoll,
  OVERLAP_MS,
  OvertakenError,
} from './assignment-poll.ts'
import { followDeleted, followMade } from './follow-assignments.ts'
import { noteWhetherShown } from './territories-shown.ts'

/**
 * No stream carries territory assignments (docs/contracts). A poll costs five calls when nothing
 * changed; every five minutes, that is 1,440 of the 100,000 calls that an Enterprise org has for a day.
 */
export const ASSIGNMENTS_EVERY_MS = 4 * 60_000

/**
 * Batches of compared records per poll: a new or restored record gets its assignments with the next poll in an org with
 * fewer than 20,000 records, and within hours in one with a million.
 */
const BATCHES_PER_POLL = 20

/**
 * Reads which records are assigned to which territory: everything the first time, afterwards what was made and what was
 * deleted since. Each record's assignments become an event like any other fact of it, folded in the transaction that
 * stores them, and only where they changed. A deletion names no record, so the assignments are kept in a table; and while
 * a deletion may still be under way, a single assignment proves nothing, so all assignments of a touched record are read.
 */
export async function syncAssignments(deps: AssignmentDependencies): Promise<void> {
  if (deps.objects.length === 0) return
  const active = await deps.assignments.active()
  await noteWhetherShown(deps, active !== null)
  if (active === null) return
  try {
    await takePoll({ deps, active })
  } catch (error) {
    if (!(error instanceof OvertakenError)) throw error
  }
}

async function takePoll(run: AssignmentRun): Promise<void> {
  const { signal } = run.deps
  let poll = await currentPoll(run)
  if (poll.place.phase === 'follow') {
    const followed = await followDeleted(run, poll)
    poll = followed === 'too-old' ? await startOver(run, poll) : followed
  }
  if (poll.place.phase === 'forget') poll = await forgetAll(run, poll)
  if (poll.place.phase === 'read') poll = await readEverything(run, poll)
  while (poll.place.phase === 'tell' && !signal.aborted) poll = await compareNext(run, poll)
  if (poll.place.phase !== 'follow') return
  poll = await followMade(run, poll)
  for (let batch = 0; batch < BATCHES_PER_POLL && !signal.aborted; batch += 1) {
    poll = await compareNext(run, poll)
    if (poll.place.compared.recordId === '') return
  }
}

/** Where the last poll left off, or the start where the org now uses another territory model. */
async function currentPoll(run: AssignmentRun): Promise<AssignmentPoll> {
  const { deps, active } = run
  const known = await readAssignmentPoll(deps.db, deps.connection.id)
  if (known === null || known.place.modelId !== active.modelId) return startOver(run, known)
  const told = digestOf(deps.objects, active)
  if (known.place.told === told) return known
  // The assignments are the same, only names or watched objects changed: nothing has to be read again.
  const { phase: before } = known.place
  const phase = before === 'follow' ? 'tell' : before
  return movePoll(deps, known, { ...known.place, told, phase, compared: BEFORE_THE_FIRST })
}

async function startOver({ deps, active }: AssignmentRun, from: AssignmentPoll | null): Promise<AssignmentPoll> {
  const sinceMs = active.atMs - OVERLAP_MS
  const place: AssignmentPlace = {
    modelId: active.modelId,
    told: digestOf(deps.objects, active),
    phase: 'forget',
    cursor: null,
    madeSinceMs: sinceMs,
    deletedSinceMs: sinceMs,
    compared: BEFORE_THE_FIRST,
  }
  return movePoll(deps, from, place)
}

/** Rows that go in one transaction. */
const FORGOTTEN_AT_ONCE = 10_000

/** In batches, each committed with its place, so that nobody deletes what a poll that overtook us has read. */
async function forgetAll({ deps }: AssignmentRun, from: AssignmentPoll): Promise<AssignmentPoll> {
  const { db, connection, signal, onPage } = deps
  let poll = from
  while (poll.place.phase === 'forget' && !signal.aborted) {
    const before = poll
    poll = await inTransaction(db, async (trx) => {
      await assertConnected(trx, connection.id)
      const n = await forgetAssignments(trx, connection.id, FORGOTTEN_AT_ONCE)
      const phase = n < FORGOTTEN_AT_ONCE ? 'read' : 'forget'
      return moveIn(trx, deps, before, { ...before.place, phase })
    })
    onPage()
  }
  return poll
}

/** Reads page by page, each committed with its place. Until the last page, records keep the assignments of before. */
async function readEverything(
  { deps, active: { modelId } }: AssignmentRun,
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
    poll = await movePoll(deps, poll, { ...poll.place, cursor: page.cursor, phase }, (trx) =>
      saveAssignments(trx, deps.connection.id, page.assignments),
    )
  }
  return poll
}

/** Of everything that a record's assignment fields show besides the assignments themselves. */
function digestOf(objects: readonly string[], { territories }: AssignmentRun['active']): string {
  const named = territories.map(({ territoryId, developerName, name }) => [territoryId, developerName, name])
  return createHash('sha256')
    .update(JSON.stringify([objects.toSorted(), named.toSorted()]))
    .digest('hex')
}
