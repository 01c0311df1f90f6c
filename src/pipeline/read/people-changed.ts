import { mergePeople } from '../../model/people/company-directory.ts'
import type { KnownUser } from '../../model/people/compare-list.ts'
import { queueName } from '../../model/people/directory.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { linkedEmails } from '../../model/record/company-people.ts'
import type { CrmUser, Departure } from '../../model/record/crm-user.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { heldForReadingIn, lookAtInputs } from '../../store/decisions/held-records.ts'
import { markGone } from '../../store/decisions/people.ts'
import { policiesInForce } from '../../store/decisions/policies.ts'
import { queueRedecision } from '../../store/decisions/redecide-queue.ts'
import { releasedUsers } from '../../store/decisions/user-checks.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { queueMarks } from '../../store/records/mark-queue.ts'

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
  const policies = (await policiesInForce(trx)).map(({ policy }) => policy)
  const people = mergePeople(policies.flatMap((policy) => policy.people ?? []))
  const emails = new Set(
    users.flatMap(({ userId, email }) => (isChanged.has(userId) && email !== null ? linkedEmails(people, email) : [])),
  )
  // With a second user of one e-mail, or a new one of it, what the others own is judged differently.
  const namesakes = users.flatMap(({ userId, email }) => (email !== null && emails.has(email) ? [userId] : []))
  await queueMarks(trx, connectionId, 'owner', [...new Set([...changed, ...namesakes])])
  // Records that only wait to hear of an owner there, their own or that of a record they are compared with.
  await markDirty(trx, await heldForReadingIn(trx, connectionId, HELD_MARKED_MAX))
  await queueMarks(trx, connectionId, 'case-owner', [...emails])
  if (emails.size > 0) await lookAtInputs(trx)
  const queues = users.filter(({ userId, kind }) => kind === 'queue' && isChanged.has(userId))
  const names = new Set(queues.map(({ name }) => queueName(name)))
  if (policies.some((policy) => givesTo(policy, emails, names))) await queueRedecision(trx, connectionId)
}

/** By name, as a queue, or as the delegate of somebody who may be named. */
function givesTo({ boundary, calendar }: Policy, emails: ReadonlySet<string>, queues: ReadonlySet<string>): boolean {
  const owners = boundary.flatMap(({ rules }) => rules.map(({ owner }) => owner))
  return (
    owners.some((owner) => (typeof owner === 'string' ? emails.has(owner) : queues.has(queueName(owner.queue)))) ||
    (owners.length > 0 && (calendar.away ?? []).some(({ delegate }) => delegate !== null && emails.has(delegate)))
  )
}
