import type { Database } from '../store/database/database.ts'
import { endNotice, openNotices, raiseNotice } from '../store/notices/notices.ts'
import type { About, Sentence } from './texts.ts'

export type NoticeCode =
  | 'busy'
  | 'outage'
  | 'odd-answers'
  | 'lost-answer'
  | 'reconnect'
  | 'stream-silent'
  | 'stream-lost-place'
  | 'gap'
  | 'overflow'
  | 'downtime'
  | 'repeated-events'
  | 'clock'
  | 'field-removed'
  | 'field-retyped'
  | 'option-removed'
  | 'owner-gone'
  | 'people-conflict'

export type NoticeConnection = About & { readonly id: string }

/** One open notice as this process knows it. Times are of `nowMs`. */
export type OpenNotice = {
  readonly code: NoticeCode
  readonly subject: string
  /** When it was raised first, or first seen here. */
  readonly sinceMs: number
  /** When it last happened. */
  readonly lastMs: number
  /** How often, as far as this process knows. */
  readonly happened: number
}

export type NoticeBoard = {
  /** Notes that it happened. Returns at once and never throws; the row is written apart, at most every few seconds. */
  raise(
    connection: NoticeConnection,
    what: { readonly code: NoticeCode; readonly subject?: string; readonly n?: number },
    sentence: Sentence,
  ): void
  /** Ends it where it is open. Costs nothing where it is not. */
  end(connectionId: string, code: NoticeCode, subject: string, message: string): void
  openOf(connectionId: string): readonly OpenNotice[]
  find(connectionId: string, code: NoticeCode, subject?: string): OpenNotice | undefined
  /** Writes what was held back, and learns what other processes raised. */
  sync(): Promise<void>
  /** Everything that was raised or ended so far is in its row, or failed to get there. */
  settled(): Promise<void>
}

/** A cause that goes on is one row; its count and newest sentence are written this often. */
const SAY_AGAIN_MS = 5_000

/** What other processes raised, or this one before it was restarted, is known here after this long. */
const LEARN_EVERY_MS = 15_000

type Standing = {
  readonly code: NoticeCode
  readonly subject: string
  readonly sinceMs: number
  lastMs: number
  saidMs: number
  happened: number
  unsaid: number
  sentence: Sentence | null
}

/**
 * What is open, kept in memory so that a call which works costs a look into an empty map, and a bad hour a row every few
 * seconds. A notice that cannot be written is lost: nothing else may fail because of it.
 */
export function createNoticeBoard(
  db: Database,
  options: { readonly nowMs: () => number; readonly onError?: (error: unknown) => void },
): NoticeBoard {
  const { nowMs } = options
  const open = new Map<string, Map<string, Standing>>()
  let learnedMs = Number.NEGATIVE_INFINITY
  let writing: Promise<unknown> = Promise.resolve()

  const write = (work: () => Promise<unknown>) => {
    writing = writing.then(work).catch((error) => options.onError?.(error))
  }
  const keyOf = (code: string, subject: string) => `${code}\n${subject}`
  const of = (connectionId: string) => {
    const known = open.get(connectionId) ?? new Map<string, Standing>()
    open.set(connectionId, known)
    return known
  }
  const say = (connectionId: string, standing: Standing) => {
    const { code, subject, sentence, unsaid } = standing
    if (sentence === null || unsaid === 0) return
    standing.unsaid = 0
    standing.saidMs = nowMs()
    write(() => raiseNotice(db, { connectionId, code, subject, n: unsaid, ...sentence }))
  }

  return {
    raise(connection, { code, subject = '', n = 1 }, sentence) {
      const standings = of(connection.id)
      const key = keyOf(code, subject)
      const atMs = nowMs()
      let standing = standings.get(key)
      if (standing === undefined) {
        const saidMs = Number.NEGATIVE_INFINITY
        standing = { code, subject, sinceMs: atMs, lastMs: atMs, saidMs, happened: 0, unsaid: 0, sentence }
        standings.set(key, standing)
      }
      standing.lastMs = atMs
      standing.happened += n
      standing.unsaid += n
      standing.sentence = sentence
      if (atMs - standing.saidMs >= SAY_AGAIN_MS) say(connection.id, standing)
    },
    end(connectionId, code, subject, message) {
      const standing = open.get(connectionId)?.get(keyOf(code, subject))
      if (standing === undefined) return
      say(connectionId, standing)
      open.get(connectionId)?.delete(keyOf(code, subject))
      write(() => endNotice(db, { connectionId, code, subject, message }))
    },
    openOf: (connectionId) => [...(open.get(connectionId)?.values() ?? [])],
    find: (connectionId, code, subject = '') => open.get(connectionId)?.get(keyOf(code, subject)),
    async sync() {
      const atMs = nowMs()
      for (const [connectionId, standings] of open) {
        for (const standing of standings.values()) {
          if (atMs - standing.saidMs >= SAY_AGAIN_MS) say(connectionId, standing)
        }
      }
      if (atMs - learnedMs < LEARN_EVERY_MS) return
      learnedMs = atMs
      await writing
      const rows = await openNotices(db)
      const present = new Set(rows.map((row) => `${row.connectionId}\n${keyOf(row.code, row.subject)}`))
      for (const { connectionId, code, subject } of rows) {
        const standings = of(connectionId)
        if (standings.has(keyOf(code, subject))) continue
        standings.set(keyOf(code, subject), {
          code: code as NoticeCode,
          subject,
          sinceMs: atMs,
          lastMs: atMs,
          saidMs: atMs,
          happened: 0,
          unsaid: 0,
          sentence: null,
        })
      }
      // Ended by another process. What this one has not said yet is not ended.
      for (const [connectionId, standings] of open) {
        for (const [key, standing] of standings) {
          if (standing.unsaid === 0 && !present.has(`${connectionId}\n${key}`)) standings.delete(key)
        }
      }
    },
    settled: async () => void (await writing),
  }
}
