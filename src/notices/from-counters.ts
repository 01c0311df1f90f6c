import { crmProfile } from '../model/record/crm-profile.ts'
import type { Database } from '../store/database/database.ts'
import { deliveriesOfToday, lastBeatBefore, noticesReadAgain, unansweredWrites } from '../store/notices/notice-facts.ts'
import type { CallWatch } from './from-calls.ts'
import type { NoticeBoard, NoticeCode, NoticeConnection, OpenNotice } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

export type Watched = { readonly connection: NoticeConnection; readonly calls: CallWatch }

/** Rate limits come in series, seconds apart: a series is one notice. */
const CALM_MS = 60_000

/** How often counters and open notices are checked. */
const LOOK_EVERY_MS = 15_000

/** CRMs may deliver an event twice by contract. From so many on it is worth a notice. */
const REPEATED_FROM = 10

/** Another process may have raised the notice, or this one before a restart. */
const RECONNECTED_AFTER_MS = 600_000

/** Processes beat every two seconds. A restart takes a minute; a longer silence was a downtime. */
const DOWN_FROM_S = 300

/** Notices that end when everything was polled since. */
const READ_AGAIN: ReadonlySet<NoticeCode> = new Set(['downtime', 'stream-lost-place', 'overflow', 'gap'])

export type ClockNotices = {
  /** Ends what is over and raises what only counters show. Cheap where nothing is open; call it every few seconds. */
  look(watched: readonly Watched[]): Promise<void>
}

type Counting = {
  readonly db: Database
  readonly board: NoticeBoard
  readonly nowMs: () => number
  lookedMs: number
  /** Today's counters at the last look. Null: this is the first, and nobody knows which of them are new. */
  counted: ReadonlyMap<string, number> | null
  readonly repeatedAtMs: Map<string, number>
  readonly refusedAtMs: Map<string, number>
  readonly tooLargeAtMs: Map<string, number>
}

export function clockNotices(db: Database, board: NoticeBoard, nowMs: () => number): ClockNotices {
  const counting: Counting = {
    db,
    board,
    nowMs,
    lookedMs: Number.NEGATIVE_INFINITY,
    counted: null,
    repeatedAtMs: new Map(),
    refusedAtMs: new Map(),
    tooLargeAtMs: new Map(),
  }
  return { look: (watched) => look(counting, watched) }
}

async function look(counting: Counting, watched: readonly Watched[]): Promise<void> {
  const { board, nowMs } = counting
  await board.sync()
  for (const { connection, calls } of watched) {
    for (const notice of board.openOf(connection.id)) endIfOver(counting, connection, calls, notice)
    if (board.find(connection.id, 'lost-answer')) await endLostAnswers(counting, connection)
  }
  const atMs = nowMs()
  if (atMs - counting.lookedMs < LOOK_EVERY_MS) return
  counting.lookedMs = atMs
  await endReread(counting, watched)
  await checkCounters(counting, watched)
}

function endIfOver(
  { board, nowMs }: Counting,
  connection: NoticeConnection,
  calls: CallWatch,
  { code, subject, lastMs }: OpenNotice,
): void {
  const { id } = connection
  const atMs = nowMs()
  const isCalm = calls.workedAtMs() > lastMs && atMs - lastMs >= CALM_MS
  const words = { ...connection, atMs: calls.workedAtMs() }
  if (isCalm && code === 'busy' && subject !== 'stream') board.end(id, code, subject, ENDINGS.busy(words))
  if (isCalm && code === 'odd-answers') board.end(id, code, subject, ENDINGS['odd-answers'](words))
  // Raised by another process, or by a kind of call that is no longer made.
  if (isCalm && code === 'outage') board.end(id, code, subject, ENDINGS['odd-answers'](words))
  // Raised by another process, or by this one before it was restarted.
  if (isCalm && code === 'reconnect' && subject !== 'stream' && atMs - lastMs >= RECONNECTED_AFTER_MS)
    board.end(id, code, subject, ENDINGS.reconnect(words))
}

async function endLostAnswers({ db, board }: Counting, connection: NoticeConnection): Promise<void> {
  if ((await unansweredWrites(db, connection.id)) > 0) return
  board.end(connection.id, 'lost-answer', '', ENDINGS['lost-answer'](connection))
}

/** Everything was polled since, so whatever a gap, a downtime or a lost place hid has been read. */
async function endReread({ db, board }: Counting, watched: readonly Watched[]): Promise<void> {
  const isAny = watched.some(({ connection }) => board.openOf(connection.id).some(({ code }) => READ_AGAIN.has(code)))
  if (!isAny) return
  await board.settled()
  for (const { connectionId, code, subject, at } of await noticesReadAgain(db, [...READ_AGAIN])) {
    const connection = watched.find((one) => one.connection.id === connectionId)?.connection
    if (connection === undefined) continue
    board.end(connectionId, code as NoticeCode, subject, ENDINGS.reread({ ...connection, atMs: at.getTime() }))
  }
}

async function checkCounters(counting: Counting, watched: readonly Watched[]): Promise<void> {
  const rows = await deliveriesOfToday(counting.db)
  const before = counting.counted
  counting.counted = new Map(rows.map((row) => [`${row.connectionId}/${row.name}`, row.n]))
  if (before === null) return
  for (const row of rows) {
    const added = row.n - (before.get(`${row.connectionId}/${row.name}`) ?? 0)
    if (row.name === 'events-duplicate' && added >= REPEATED_FROM) raiseRepeated(counting, watched, row, added)
    if (row.name === 'webhook-refused/stale' && added > 0) raiseRefused(counting, watched, added)
    if (row.name === 'webhook-refused/too-large' && added > 0) raiseTooLarge(counting, watched, added)
  }
  endCalmCounters(counting, watched)
}

function raiseRepeated(
  { board, nowMs, repeatedAtMs }: Counting,
  watched: readonly Watched[],
  { connectionId }: { readonly connectionId: string },
  added: number,
): void {
  const connection = watched.find((one) => one.connection.id === connectionId)?.connection
  if (connection === undefined) return
  repeatedAtMs.set(connection.id, nowMs())
  const sentence = SENTENCES['repeated-events'](connection)
  board.raise(connection, { code: 'repeated-events', n: added }, sentence)
}

function pushed(watched: readonly Watched[]): Watched['connection'][] {
  return watched.map(({ connection }) => connection).filter(({ crm }) => crmProfile(crm).usualFeed === 'push')
}

/** A refused delivery names no connection that we may believe, so every connection with webhooks shows it. */
function raiseRefused({ board, nowMs, refusedAtMs }: Counting, watched: readonly Watched[], added: number): void {
  for (const connection of pushed(watched)) {
    refusedAtMs.set(connection.id, nowMs())
    const sentence = SENTENCES['clock/refused'](connection)
    board.raise(connection, { code: 'clock', subject: 'webhook', n: added }, sentence)
  }
}

/** Not read, so it names no connection either. */
function raiseTooLarge({ board, nowMs, tooLargeAtMs }: Counting, watched: readonly Watched[], added: number): void {
  for (const connection of pushed(watched)) {
    tooLargeAtMs.set(connection.id, nowMs())
    const sentence = SENTENCES['delivery-too-large'](connection)
    board.raise(connection, { code: 'delivery-too-large', n: added }, sentence)
  }
}

function endCalmCounters(counting: Counting, watched: readonly Watched[]): void {
  const { board, nowMs, repeatedAtMs, refusedAtMs, tooLargeAtMs } = counting
  const calmSinceMs = nowMs() - CALM_MS * 10
  const isCalm = (lastAtMs: number | undefined) => (lastAtMs ?? 0) <= calmSinceMs
  for (const { connection } of watched) {
    const { id } = connection
    if (isCalm(repeatedAtMs.get(id))) board.end(id, 'repeated-events', '', ENDINGS['repeated-events']())
    if (isCalm(refusedAtMs.get(id))) board.end(id, 'clock', 'webhook', ENDINGS.clock())
    if (isCalm(tooLargeAtMs.get(id))) board.end(id, 'delivery-too-large', '', ENDINGS['delivery-too-large']())
  }
}

/**
 * How long no Lanekeeper process ran before this one, on the database's clock. Null: only briefly, or none ran before.
 * Call it before the first beat of this process.
 */
export async function downtimeBefore(
  db: Database,
  instance: string,
): Promise<{ readonly fromMs: number; readonly untilMs: number } | null> {
  const { beatAt, now } = await lastBeatBefore(db, instance)
  if (beatAt === null || now.getTime() - beatAt.getTime() < DOWN_FROM_S * 1_000) return null
  return { fromMs: beatAt.getTime(), untilMs: now.getTime() }
}
