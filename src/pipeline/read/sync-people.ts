import { type CrmClient, CrmUnknownError } from '../../crm/crm-client.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser, Departure } from '../../model/record/crm-user.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { recordsOfCases } from '../../store/decisions/exceptions.ts'
import { listUsers, saveUsers } from '../../store/decisions/people.ts'
import { markDirty, markOwnedDirty } from '../../store/records/mark-dirty.ts'

/**
 * Reads the CRM's users and queues again. Records owned by users who left, came back or lost their queue are decided again,
 * and so are the records of the cases that those users have. Throws CrmUnknownError, and saves nothing, when the CRM lists
 * no user at all where it listed some before: the account has at least the admin who connected it.
 */
export async function syncPeople(
  db: Database,
  client: CrmClient,
  connectionId: ConnectionId,
): Promise<{ readonly changed: readonly string[]; readonly departures: readonly Departure[] }> {
  const users = await client.users()
  return inTransaction(db, async (trx) => {
    const before = (await listUsers(trx)).filter((user) => user.connectionId === connectionId)
    const people = before.filter(({ kind }) => kind === 'person').length
    if (people > 0 && !users.some(({ kind }) => kind === 'person')) {
      throw new CrmUnknownError(`The CRM listed no users, but ${people} before; the next poll tries again`)
    }
    const changed = await saveUsers(trx, connectionId, users)
    const isChanged = new Set(changed)
    const emails = [...before, ...users].filter(({ userId }) => isChanged.has(userId)).map(({ email }) => email)
    await markOwnedDirty(trx, connectionId, changed)
    const refs = await recordsOfCases(
      trx,
      connectionId,
      [...new Set(emails)].filter((email) => email !== null),
    )
    await markDirty(trx, refs)
    return { changed, departures: departuresOf(before, users) }
  })
}

function departuresOf(before: readonly CrmUser[], now: readonly CrmUser[]): Departure[] {
  const present = new Map(now.map((user) => [user.userId, user]))
  return before.flatMap(({ userId, name, kind, active }): Departure[] => {
    if (kind !== 'person' || !active) return []
    const user = present.get(userId)
    if (user?.active) return []
    return [{ userId, name, how: user === undefined ? 'deleted' : 'deactivated' }]
  })
}
