import { mergePeople } from '../model/people/company-directory.ts'
import type { Missing } from '../model/people/compare-list.ts'
import type { Crm } from '../model/record/change-event.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import type { Departure } from '../model/record/crm-user.ts'
import type { Database } from '../store/database/database.ts'
import { listUsers } from '../store/decisions/people.ts'
import { peopleInForce } from '../store/decisions/policies.ts'
import { unreadableUsers, usersHeld } from '../store/decisions/user-checks.ts'
import { recordsOwnedBy } from '../store/notices/notice-facts.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { conflictKey, findPeopleConflicts } from './people-conflicts.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

/** A hundred people of one name are one mistake of an import, and twenty sentences say so as well. */
const CONFLICTS_MAX = 20
const ZONES_MAX = 10

export type PeopleRead = {
  readonly departures: readonly Departure[]
  /** How many active people the last list left out, where that is too many to believe. */
  readonly missing: Missing | null
  /** Names of time zones that are not known here. Absent: nobody's list was read. */
  readonly unknownZones?: readonly string[]
  readonly crmOf: (connectionId: string) => Crm | undefined
}

/** After people were read: who left and still owns records, who is missing, and who cannot be told apart. */
export async function noticePeople(
  db: Database,
  board: NoticeBoard,
  connection: NoticeConnection,
  { departures, missing, unknownZones, crmOf }: PeopleRead,
): Promise<void> {
  await noticeMissing(db, board, connection, missing)
  if (unknownZones !== undefined) noticeZones(board, connection, unknownZones)
  const users = await listUsers(db)
  const open = board.openOf(connection.id)
  const gone = open.filter(({ code }) => code === 'owner-gone').map(({ subject }) => subject)
  const owned = await recordsOwnedBy(db, connection.id, [...departures.map(({ userId }) => userId), ...gone])
  for (const { userId, name, how } of departures) {
    if (!owned.has(userId)) continue
    const sentence = SENTENCES['owner-gone']({ ...connection, person: name, how })
    board.raise(connection, { code: 'owner-gone', subject: userId }, sentence)
  }
  const active = new Set(
    users.filter((user) => user.connectionId === connection.id && user.active).map((u) => u.userId),
  )
  for (const userId of gone) {
    if (active.has(userId) || !owned.has(userId))
      board.end(connection.id, 'owner-gone', userId, ENDINGS['owner-gone']())
  }

  const conflicts = findPeopleConflicts(users, connection.id, mergePeople(await peopleInForce(db))).slice(
    0,
    CONFLICTS_MAX,
  )
  const present = new Set(conflicts.map(conflictKey))
  for (const { code, subject } of open) {
    if (code === 'people-conflict' && !present.has(subject))
      board.end(connection.id, code, subject, ENDINGS['people-conflict']())
  }
  for (const conflict of conflicts) {
    const subject = conflictKey(conflict)
    // Said once; it stands until somebody mends it.
    if (board.find(connection.id, 'people-conflict', subject)) continue
    const sentence =
      conflict.kind === 'one-email'
        ? SENTENCES['people-conflict']({ ...connection, email: conflict.email, people: conflict.people })
        : SENTENCES['people-conflict/alias']({
            ...connection,
            people: conflict.people,
            elsewhere: crmProfile(crmOf(conflict.otherConnectionId) ?? connection.crm).title,
          })
    board.raise(connection, { code: 'people-conflict', subject }, sentence)
  }
}

function noticeZones(board: NoticeBoard, connection: NoticeConnection, unknown: readonly string[]): void {
  // One notice for each set of names: another zone is news, the same ones at the next poll are not.
  const zones = unknown.slice(0, ZONES_MAX)
  const subject = zones.join(', ')
  for (const open of board.openOf(connection.id)) {
    if (open.code === 'people-zones' && open.subject !== subject)
      board.end(connection.id, open.code, open.subject, ENDINGS['people-zones']())
  }
  if (zones.length === 0 || board.find(connection.id, 'people-zones', subject)) return
  board.raise(connection, { code: 'people-zones', subject }, SENTENCES['people-zones']({ ...connection, zones }))
}

/** Whom the last list left out, and of whom the CRM says nothing. Both end by themselves with its answers. */
async function noticeMissing(
  db: Database,
  board: NoticeBoard,
  connection: NoticeConnection,
  missing: Missing | null,
): Promise<void> {
  const held = await usersHeld(db, connection.id)
  if (held === 0) board.end(connection.id, 'people-missing', '', ENDINGS['people-missing'](connection))
  else if (missing !== null)
    board.raise(connection, { code: 'people-missing' }, SENTENCES['people-missing']({ ...connection, ...missing }))
  const names = await unreadableUsers(db, connection.id)
  if (names.length === 0) board.end(connection.id, 'people-unread', '', ENDINGS['people-unread'](connection))
  else board.raise(connection, { code: 'people-unread' }, SENTENCES['people-unread'](connection))
}
