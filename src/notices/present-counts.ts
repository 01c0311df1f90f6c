import { type Kysely, sql } from 'kysely'
import type { Crm } from '../model/record/change-event.ts'
import { isKnownCrm } from '../model/record/crm-profile.ts'
import { counted } from '../model/surface/numbers.ts'
import { countDifferences } from '../store/compare/differences.ts'
import type { Tables } from '../store/database/tables.ts'
import { unreadableUsers, usersHeld } from '../store/decisions/user-checks.ts'
import { deliveriesOfToday, recordsOwnedBy, unansweredWrites } from '../store/notices/notice-facts.ts'
import { outOfSync } from './out-of-sync.ts'

type OpenNotice = { readonly code: string; readonly subject: string; readonly message: string }

/** An open notice as it is true now, in full. */
export type PresentText = (connectionId: string, notice: OpenNotice) => string

type Connection = { readonly id: string; readonly crm: Crm; readonly title: string }

/** What is counted of one connection now, by code and subject: a sentence, or null where the count says nothing more. */
type Counts = ReadonlyMap<string, string>

/**
 * A stored message says what happened. How many records, users or writes it is about changes from minute to minute, so
 * that is counted whenever somebody reads it.
 */
export async function presentTexts(db: Kysely<Tables>): Promise<PresentText> {
  const { rows } = await sql<Connection & { code: string; subject: string }>`
    select c.id, c.crm, c.title, n.code, n.subject from notice n join connection c on c.id = n.connection_id
    where n.ended_at is null and n.code = any(${COUNTED}::text[])`.execute(db)
  const counts = new Map<string, Counts>()
  for (const [id, some] of Map.groupBy(rows, (row) => row.id)) counts.set(id, await countsOf(db, some[0]!, some))
  return (connectionId, { code, subject, message }) => {
    const now = counts.get(connectionId)?.get(`${code}/${subject}`)
    if (now === undefined) return message
    return code === 'out-of-sync' ? now : `${message} ${now}`
  }
}

const COUNTED = [
  'owner-gone',
  'out-of-sync',
  'lost-answer',
  'people-missing',
  'people-unread',
  'repeated-events',
  'delivery-too-large',
  'clock',
]

async function countsOf(
  db: Kysely<Tables>,
  connection: Connection,
  open: readonly { readonly code: string; readonly subject: string }[],
): Promise<Counts> {
  const { id } = connection
  const found = new Map<string, string>()
  const isOpen = (code: string) => open.some((one) => one.code === code)
  const gone = open.filter(({ code }) => code === 'owner-gone').map(({ subject }) => subject)
  const owned = await recordsOwnedBy(db, id, gone)
  for (const userId of gone) found.set(`owner-gone/${userId}`, needAnOwner(owned.get(userId) ?? 0))
  if (isOpen('out-of-sync') && isKnownCrm(connection.crm)) {
    const differences = await countDifferences(db, id)
    if (differences.length > 0) found.set('out-of-sync/', outOfSync(connection, differences))
  }
  if (isOpen('lost-answer')) found.set('lost-answer/', unconfirmed(await unansweredWrites(db, id)))
  if (isOpen('people-missing')) found.set('people-missing/', unanswered(await usersHeld(db, id)))
  if (isOpen('people-unread')) {
    const names = await unreadableUsers(db, id)
    found.set('people-unread/', `${counted(names.length, 'user')}${names.length === 0 ? '' : `: ${someOf(names)}`}.`)
  }
  await countToday(db, id, open, found)
  return found
}

/** By the counter that each of them is raised from. Those without a connection of their own count for every one. */
const TODAY = [
  { name: 'events-duplicate', key: 'repeated-events/', noun: 'event', isShared: false },
  { name: 'webhook-refused/stale', key: 'clock/webhook', noun: 'webhook', isShared: true },
  { name: 'webhook-refused/too-large', key: 'delivery-too-large/', noun: 'webhook', isShared: true },
] as const

async function countToday(
  db: Kysely<Tables>,
  connectionId: string,
  open: readonly { readonly code: string; readonly subject: string }[],
  found: Map<string, string>,
): Promise<void> {
  const wanted = TODAY.filter(({ key }) => open.some(({ code, subject }) => `${code}/${subject}` === key))
  if (wanted.length === 0) return
  const rows = await deliveriesOfToday(db)
  for (const { name, key, noun, isShared } of wanted) {
    const own = rows.filter((row) => row.name === name && (isShared || row.connectionId === connectionId))
    const n = own.reduce((sum, row) => sum + row.n, 0)
    found.set(key, `${counted(n, noun)} today.`)
  }
}

function needAnOwner(records: number): string {
  if (records === 0) return 'No record needs an owner any more; this closes by itself.'
  return records === 1 ? '1 record needs an owner now.' : `${counted(records, 'record')} need an owner now.`
}

function unconfirmed(writes: number): string {
  if (writes === 0) return 'All are confirmed; this closes by itself.'
  return writes === 1 ? '1 write is unconfirmed now.' : `${counted(writes, 'write')} are unconfirmed now.`
}

function unanswered(users: number): string {
  return users === 0 ? 'All are answered; this closes by itself.' : `${counted(users, 'answer')} to come.`
}

/** The first five names, and how many more there are. */
function someOf(names: readonly string[]): string {
  const more = names.length - 5
  return more > 0 ? `${names.slice(0, 5).join(', ')} and ${more} more` : names.join(', ')
}
