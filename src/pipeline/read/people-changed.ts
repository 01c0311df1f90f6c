import type { KnownUser } from '../../model/people/compare-list.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser, Departure } from '../../model/record/crm-user.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { recordsOfCases } from '../../store/decisions/exceptions.ts'
import { heldForReadingIn, lookAtInputs } from '../../store/decisions/held-records.ts'
import { markGone } from '../../store/decisions/people.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { releasedUsers } from '../../store/decisions/user-checks.ts'
import { markDirty, markOwnedDirty } from '../../store/records/mark-dirty.ts'
import { queueRedecision } from '../../store/records/redecide-queue.ts'

export type PeopleChanged = {
  /** Ids whose standing is another than before. */
  readonly changed: readonly string[]
  readonly departures: readonly Departure[]
}

/** Counts as gone whom the CRM denied and who waits for no other answer; `known` gives their names. */
export async function releaseGone(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  known: ReadonlyMap<string, KnownUser>,
): Promise<PeopleChanged> {
  const gone = await releasedUsers(trx, connectionId)
  await markGone(trx, connectionId, gone)
  const departures = gone.flatMap((userId): Departure[] => {
    const was = known.get(userId)
    return was?.kind === 'person' && was.active ? [{ userId, name: was.name, how: 'deleted' }] : []
  })
  return { changed: gone, departures }
}

/** In one transaction; those beyond it are decided again with the next change, or when they are read themselves. */
const HELD_MARKED_MAX = 10_000

/**
 * Has everything decided again that rests on these users: the records that they own, the records of the cases that they
 * have, and, where a rule gives records to one of them, every record of the connection, because it may wait for that rule.
 */
export async function redecideFor(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  changed: readonly string[],
  users: readonly CrmUser[],
): Promise<void> {
  if (changed.length === 0) return
  const isChanged = new Set(changed)
  const emails = new Set(users.flatMap(({ userId, email }) => (isChanged.has(userId) && email !== null ? email : [])))
  await markOwnedDirty(trx, connectionId, changed)
  // Records that only wait to hear of an owner there, their own or that of a record they are compared with.
  await markDirty(trx, await heldForReadingIn(trx, connectionId, HELD_MARKED_MAX))
  await markDirty(trx, await recordsOfCases(trx, connectionId, [...emails]))
  if (emails.size > 0) await lookAtInputs(trx)
  const policies = (await policiesInForce(trx)).map(({ policy }) => policy)
  if (policies.some((policy) => givesTo(policy, emails))) await queueRedecision(trx, connectionId)
}

function givesTo({ boundary }: Policy, emails: ReadonlySet<string>): boolean {
  return boundary.some(({ rules }) => rules.some(({ owner }) => emails.has(owner)))
}
