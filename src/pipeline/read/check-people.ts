import { type CrmClient, USERS_BY_ID_MAX, type UserAnswer } from '../../crm/crm-client.ts'
import { departure, isAnother, type KnownUser, settled } from '../../model/people/compare-list.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser } from '../../model/record/crm-user.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { stageLock } from '../../store/database/locks.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { knownUsers, saveUsers } from '../../store/decisions/people.ts'
import {
  askAgain,
  askForUsers,
  claimUserChecks,
  endUserChecks,
  noteSaidGone,
  openUserChecks,
} from '../../store/decisions/user-checks.ts'
import { type PeopleChanged, redecideFor, releaseGone } from './people-changed.ts'
import { peopleLock } from './sync-people.ts'

export type PeopleChecked = PeopleChanged & { readonly taken: number }

const NOTHING: PeopleChecked = { taken: 0, changed: [], departures: [] }

/**
 * Asks the CRM about a batch of ids by themselves: users whom a list left out, and owners whom no list has held. Only such
 * an answer makes a user gone. One that cannot be read stays unknown and is asked about again later. Where the call fails as
 * a whole, the ids of the batch are taken again a minute later.
 */
export async function checkPeople(db: Database, client: CrmClient, connectionId: ConnectionId): Promise<PeopleChecked> {
  const ids = await claimUserChecks(db, connectionId, USERS_BY_ID_MAX)
  if (ids.length === 0) return NOTHING
  const answers = await client.usersById(ids)
  return inTransaction(db, async (trx) => {
    if (!(await isStillConnected(trx, connectionId))) return NOTHING
    await stageLock(trx, peopleLock(connectionId))
    return { taken: ids.length, ...(await saveAnswers(trx, connectionId, answers)) }
  })
}

async function saveAnswers(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  answers: readonly UserAnswer[],
): Promise<PeopleChanged> {
  // Whom a list has answered for meanwhile is not asked about any more, and this answer may be the older one.
  const open = await openUserChecks(
    trx,
    connectionId,
    answers.map(({ userId }) => userId),
  )
  const isOpen = new Set(open.map(({ userId }) => userId))
  const current = answers.filter(({ userId }) => isOpen.has(userId))
  const before = await knownUsers(trx, connectionId)
  const known = new Map(before.map((user) => [user.userId, user]))
  const there = current.flatMap((one) => (one.answer === 'there' ? settled(one.user, known, true) : []))
  const users = there.map(({ user }) => user)
  await saveUsers(trx, connectionId, users, 'answers')
  await askAgain(
    trx,
    connectionId,
    current.flatMap((one) => (one.answer === 'unknown' ? one : [])),
  )
  await noteSaidGone(
    trx,
    connectionId,
    current.flatMap(({ userId, answer }) => (answer === 'gone' ? userId : [])),
  )
  await askForUsers(
    trx,
    there.flatMap(({ ask }) => ask.map((userId) => ({ connectionId, userId }))),
  )
  return finish(trx, connectionId, { before, known, users })
}

async function finish(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  {
    before,
    known,
    users,
  }: {
    readonly before: readonly KnownUser[]
    readonly known: ReadonlyMap<string, KnownUser>
    readonly users: readonly CrmUser[]
  },
): Promise<PeopleChanged> {
  const released = await releaseGone(trx, connectionId, known)
  const another = users.filter((user) => isAnother(known.get(user.userId), user)).map(({ userId }) => userId)
  const changed = [...new Set([...another, ...released.changed])]
  await redecideFor(trx, connectionId, changed, [...before, ...users])
  const answered = users.map(({ userId }) => userId)
  await endUserChecks(trx, connectionId, [...answered, ...released.changed])
  const departures = users.flatMap((user) => departure(known.get(user.userId), user))
  return { changed, departures: [...departures, ...released.departures] }
}
