import { CrmUnknownError } from '../../crm/crm-client.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import {
  type AssignmentPoll,
  assignedRecordsOf,
  knownAssignments,
  replaceAssignments,
} from '../../store/records/territory-assignments.ts'
import { applyAssignments } from './assignment-events.ts'
import { type AssignmentRun, movePoll, OVERLAP_MS } from './assignment-poll.ts'

/** Deleted assignments that are looked up per statement. */
const KNOWN_AT_ONCE = 1_000

/**
 * Reads which assignments were deleted since, and then all assignments of the records that had them. `too-old`: the
 * CRM no longer lists deletions that far back.
 */
export async function followDeleted(run: AssignmentRun, from: AssignmentPoll): Promise<AssignmentPoll | 'too-old'> {
  const { db, connection, assignments, signal } = run.deps
  const deleted = await assignments.deletedSince(from.place.deletedSinceMs)
  if (deleted === null) return 'too-old'
  let poll = from
  for (let at = 0; at < deleted.ids.length && !signal.aborted; at += KNOWN_AT_ONCE) {
    const ids = deleted.ids.slice(at, at + KNOWN_AT_ONCE)
    poll = await readWhole(run, poll, await knownAssignments(db, connection.id, ids))
  }
  if (signal.aborted) return poll
  return movePoll(run.deps, poll, { ...poll.place, deletedSinceMs: deleted.untilMs })
}

/** Reads which assignments were made since, and then all assignments of the records that have them. */
export async function followMade(run: AssignmentRun, from: AssignmentPoll): Promise<AssignmentPoll> {
  const { deps, active } = run
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
    poll = await readWhole(run, poll, added)
    // Some of them were not read: the next poll begins with these again.
    if (deps.signal.aborted) return poll
    // After the last page, everything up to the request was seen.
    const seenMs = page.cursor === null ? active.atMs : page.latestMs
    const madeSinceMs = Math.max(poll.place.madeSinceMs, seenMs - OVERLAP_MS)
    poll = await movePoll(deps, poll, { ...poll.place, madeSinceMs })
    cursor = page.cursor
  } while (cursor !== null)
  return poll
}

type Ref = { readonly objectType: string; readonly recordId: string }

/** Reads all assignments of these records and folds what changed. */
async function readWhole(
  { deps, active }: AssignmentRun,
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
    poll = await movePoll(deps, poll, poll.place, async (trx) => {
      await replaceAssignments(trx, deps.connection.id, some, assignments)
      await applyAssignments(trx, { deps, active }, () => assignedRecordsOf(trx, deps.connection.id, some))
    })
  }
  return poll
}
