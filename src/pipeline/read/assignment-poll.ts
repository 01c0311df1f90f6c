import type { ActiveTerritories, AssignmentVerbs } from '../../crm/crm-territories.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { assertConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import type { AssignmentPlace } from '../../store/database/tables/records.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { type AssignmentPoll, moveAssignmentPoll } from '../../store/records/territory-assignments.ts'

export type AssignmentDependencies = {
  readonly db: Database
  readonly connection: { readonly id: ConnectionId; readonly crm: Crm }
  readonly assignments: AssignmentVerbs
  /** The objects whose territories a policy uses. Empty: no policy does, and the CRM is not asked. */
  readonly objects: readonly string[]
  /** Called after each committed step of a long read. */
  readonly onPage: () => void
  readonly signal: AbortSignal
}

/** What each step of a poll needs besides its place. */
export type AssignmentRun = { readonly deps: AssignmentDependencies; readonly active: ActiveTerritories }

/** Thrown inside a transaction when another process has moved the same poll on. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError'
}

/** The place before the first record. */
export const BEFORE_THE_FIRST = { objectType: '', recordId: '' }

/** Late commits, and a first poll by our clock where the CRM's answers carry no time. What is read twice is known. */
export const OVERLAP_MS = 15 * 60_000

/** Moves the poll on, in one commit with `inSame`. */
export async function movePoll(
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

export async function moveIn(
  trx: DatabaseTransaction,
  { connection }: AssignmentDependencies,
  from: AssignmentPoll | null,
  place: AssignmentPlace,
): Promise<AssignmentPoll> {
  const moved = await moveAssignmentPoll(trx, connection.id, from, place)
  if (moved === null) throw new OvertakenError(`Another process continues the assignment poll of "${connection.id}"`)
  return moved
}
