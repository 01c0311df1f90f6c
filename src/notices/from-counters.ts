import { crmProfile } from '../model/record/crm-profile.ts'
import type { Database } from '../store/database/database.ts'
import {
  deliveriesOfToday,
  hasUnansweredWrites,
  lastBeatBefore,
  noticesReadAgain,
} from '../store/notices/notice-facts.ts'
import type { CallWatch } from './from-calls.ts'
import type { NoticeBoard, NoticeCode, NoticeConnection, OpenNotice } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

export type Watched = { readonly connection: NoticeConnection; readonly calls: CallWatch }

/** A CRM that throttles does so again within seconds: that is one notice and not one for each time. */
const CALM_MS = 60_000

/** Counters and open notices are looked at this often. */
const LOOK_EVERY_MS = 15_000

/** Both CRMs deliver an event twice now and then, which is in their contracts; from here on it is worth a sentence. */
const REPEATED_FROM = 10

/** A login that was refused may have been given by another process, or before a restart. */
const RECONNECTED_AFTER_MS = 600_000

/** Processes beat every two seconds. A restart takes a minute; a longer silence was a downtime. */
const DOWN_FROM_S = 300

/** What is over when everything was polled since. */
const READ_AGAIN: ReadonlySet<NoticeCode> = new Set(['downtime', 'stream-lost-place', 'overflow', 'gap'])

export type ClockNotices = {
  /** Ends what is over and tells what only counters know. Cheap where nothing is open; call it every few seconds. */
  look(watched: readonly Watched[]): Promise<void>
}

export function clockNotices(db: Database, board: NoticeBoard, nowMs: () => number): ClockNotices {
  let lookedMs = Number.NEGATIVE_INFINITY
  let counted: Map<string, number> | null = null
  const repeatedAtMs = new Map<string, number>()
  const refusedAtMs = new Map<string, number>()

  async function look(watched: readonly Watched[]): Promise<void> {
    await board.sync()
    for (const { connection, calls } of watched) {
      for (const notice of board.openOf(connection.id)) endIfOver(connection, calls, notice)
      if (board.find(connection.id, 'lost-answer')) await endLostAnswers(connection)
    }
    const atMs = nowMs()
    if (atMs - lookedMs < LOOK_EVERY_MS) return
    lookedMs = atMs
    await endReread(watched)
    await checkCounters(watched)
  }

  function endIfOver(connection: NoticeConnection, calls: CallWatch, { code, subject, lastMs }: OpenNotice): void {
    const { id } = connection
    const atMs = nowMs()
    const isCalm = calls.workedAtMs() > lastMs && atMs - lastMs >= CALM_MS
    const words = { ...connection, atMs: calls.workedAtMs() }
    if (isCalm && code === 'busy' && subject !== 'stream') board.end(id, code, subject, ENDINGS.busy(words))
    if (isCalm && code === 'odd-answers') board.end(id, code, subject, ENDINGS['odd-answers'](words))
    // Told by another process, or by a call that nobody makes any more.
    if (isCalm && code === 'outage') board.end(id, code, subject, ENDINGS['odd-answers'](words))
    // Raised by another process, or by this one before it was restarted.
    if (isCalm && code === 'reconnect' && subject !== 'stream' && atMs - lastMs >= RECONNECTED_AFTER_MS)
      board.end(id, code, subject, ENDINGS.reconnect(words))
  }

  async function endLostAnswers(connection: NoticeConnection): Promise<void> {
    if (await hasUnansweredWrites(db, connection.id)) return
    board.end(connection.id, 'lost-answer', '', ENDINGS['lost-answer'](connection))
  }

  /** Everything was polled since: what a gap, an outage of ours or a lost place may have hidden is there. */
  async function endReread(watched: readonly Watched[]): Promise<void> {
    const isAny = watched.some(({ connection }) => board.openOf(connection.id).some(({ code }) => READ_AGAIN.has(code)))
    if (!isAny) return
    await board.settled()
    for (const { connectionId, code, subject, at } of await noticesReadAgain(db, [...READ_AGAIN])) {
      const connection = watched.find((one) => one.connection.id === connectionId)?.connection
      if (connection === undefined) continue
      board.end(connectionId, code as NoticeCode, subject, ENDINGS.reread({ ...connection, atMs: at.getTime() }))
    }
  }

  async function checkCounters(watched: readonly Watched[]): Promise<void> {
    const rows = await deliveriesOfToday(db)
    const before = counted
    counted = new Map(rows.map((row) => [`${row.connectionId}/${row.name}`, row.n]))
    // The first look: nobody knows which of them are news.
    if (before === null) return
    const atMs = nowMs()
    for (const { connectionId, name, n } of rows) {
      const added = n - (before.get(`${connectionId}/${name}`) ?? 0)
      // A refused delivery names no connection that could be believed: every one that takes webhooks shows it.
      for (const { connection } of watched) {
        if (name === 'events-duplicate' && connection.id === connectionId && added >= REPEATED_FROM) {
          repeatedAtMs.set(connection.id, atMs)
          board.raise(
            connection,
            { code: 'repeated-events', n: added },
            SENTENCES['repeated-events']({ ...connection, events: n }),
          )
        }
        if (name === 'webhook-refused' && crmProfile(connection.crm).usualFeed === 'push' && added > 0) {
          refusedAtMs.set(connection.id, atMs)
          board.raise(
            connection,
            { code: 'clock', subject: 'webhook', n: added },
            SENTENCES['clock/refused']({ ...connection, deliveries: n }),
          )
        }
      }
    }
    for (const { connection } of watched) {
      if (atMs - (repeatedAtMs.get(connection.id) ?? 0) >= CALM_MS * 10)
        board.end(connection.id, 'repeated-events', '', ENDINGS['repeated-events']())
      if (atMs - (refusedAtMs.get(connection.id) ?? 0) >= CALM_MS * 10)
        board.end(connection.id, 'clock', 'webhook', ENDINGS.clock())
    }
  }

  return { look }
}

/**
 * How long no process of ours ran before this one, on the database's clock. Null: not long enough to speak of, or nobody
 * ran before. Ask before this process beats for the first time.
 */
export async function downtimeBefore(
  db: Database,
  instance: string,
): Promise<{ readonly fromMs: number; readonly untilMs: number } | null> {
  const { beatAt, now } = await lastBeatBefore(db, instance)
  if (beatAt === null || now.getTime() - beatAt.getTime() < DOWN_FROM_S * 1_000) return null
  return { fromMs: beatAt.getTime(), untilMs: now.getTime() }
}
