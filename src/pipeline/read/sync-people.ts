import { type CrmClient, CrmUnknownError } from '../../crm/crm-client.ts'
import { knownZone } from '../../model/calendar/known-zone.ts'
import { compareList, type ListCompared } from '../../model/people/compare-list.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser } from '../../model/record/crm-user.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { knownUsers, markUnlisted, saveUsers } from '../../store/decisions/people.ts'
import { askForUsers, endUserChecks, holdTogether } from '../../store/decisions/user-checks.ts'
import { type PeopleChanged, redecideFor, releaseGone } from './people-changed.ts'

/** Two who save people at once would each compare with what the other is about to change. */
export const peopleLock = (connectionId: ConnectionId): string => `people/${connectionId}`

export type PeopleListed = PeopleChanged &
  Pick<ListCompared, 'missing'> & {
    readonly asked: number
    /** Names that the CRM gives people's time zones and that this runtime does not know: the company's own holds for them. */
    readonly unknownZones: readonly string[]
  }

/**
 * Reads the CRM's list of users and queues. Records owned by users who left, came back or lost their queue are decided
 * again, and so are the records of the cases that those users have. Whom the list leaves out stays as last known and is
 * asked for by id (`checkPeople`). Throws CrmUnknownError, and saves nothing, when the CRM lists no user at all where it
 * listed some before: the account has at least the admin who connected it.
 */
export async function syncPeople(db: Database, client: CrmClient, connectionId: ConnectionId): Promise<PeopleListed> {
  const askedAtMs = await databaseNowMs(db)
  const users = await client.users()
  return inTransaction(db, async (trx) => {
    await stageLock(trx, peopleLock(connectionId))
    const before = await knownUsers(trx, connectionId)
    const people = before.filter(({ kind, standing }) => kind === 'person' && standing !== 'gone').length
    if (people > 0 && !users.some(({ kind }) => kind === 'person')) {
      throw new CrmUnknownError(`The CRM listed no users, but ${people} before; the next poll tries again`)
    }
    const compared = compareList(before, users, { askedAtMs, nowMs: await databaseNowMs(trx) })
    const { ask, held, missing, save, unlisted } = compared
    await saveUsers(trx, connectionId, save)
    await markUnlisted(trx, connectionId, unlisted)
    const isAsked = new Set(ask)
    const answered = save.map(({ userId }) => userId).filter((id) => !isAsked.has(id))
    await endUserChecks(trx, connectionId, answered)
    await askForUsers(
      trx,
      ask.map((userId) => ({ connectionId, userId })),
    )
    await holdTogether(trx, connectionId, held)
    const released = await releaseGone(trx, connectionId, new Map(before.map((user) => [user.userId, user])))
    const changed = [...new Set([...compared.changed, ...released.changed])]
    await redecideFor(trx, connectionId, changed, [...before, ...users])
    await endUserChecks(trx, connectionId, released.changed)
    const departures = [...compared.departures, ...released.departures]
    return { changed, departures, missing, asked: ask.length, unknownZones: unknownZonesOf(users) }
  })
}

function unknownZonesOf(users: readonly CrmUser[]): string[] {
  const zones = users.flatMap(({ timeZone, active }) => (active && timeZone !== null ? [timeZone] : []))
  return [...new Set(zones)].filter((zone) => knownZone(zone) === null).sort()
}
