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
  | 'delivery-too-large'
  | 'clock'
  | 'field-removed'
  | 'field-retyped'
  | 'option-removed'
  | 'policy-misfit'
  | 'owner-gone'
  | 'people-conflict'
  | 'people-missing'
  | 'people-unread'
  | 'people-zones'

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

type Board = {
  readonly db: Database
  readonly nowMs: () => number
  readonly onError: ((error: unknown) => void) | undefined
  /** By connection, then by code and subject. */
  readonly open: Map<string, Map<string, Standing>>
  learnedMs: number
  /** All writes so far, one after the other. */
  writing: Promise<unknown>
}

/**
 * Keeps open notices in memory, so that a call which works costs a look into an empty map, and a bad hour a row every few
 * seconds. A notice that cannot be written is lost: nothing else may fail because of it.
 */
export function createNoticeBoard(
  db: Database,
  { nowMs, onError }: { readonly nowMs: () => number; readonly onError?: (error: unknown) => void },
): NoticeBoard {
  const board: Board = {
    db,
    nowMs,
    onError,
    open: new Map(),
    learnedMs: Number.NEGATIVE_INFINITY,
    writing: Promise.resolve(),
  }
  return {
    raise: (connection, { code, subject = '', n = 1 }, sentence) =>
      raise(board, connection.id, { code, subject, n }, sentence),
    end: (connectionId, code, subject, message) => end(board, connectionId, { code, subject }, message),
    openOf: (connectionId) => [...(board.open.get(connectionId)?.values() ?? [])],
    find: (connectionId, code, subject = '') => board.open.get(connectionId)?.get(keyOf(code, subject)),
    sync: () => sync(board),
    settled: async () => void (await board.writing),
  }
}

function keyOf(code: string, subject: string): string {
  return `${code}\n${subject}`
}

function standingsOf({ open }: Board, connectionId: string): Map<string, Standing> {
  const known = open.get(connectionId) ?? new Map<string, Standing>()
  open.set(connectionId, known)
  return known
}

function write(board: Board, work: () => Promise<unknown>): void {
  board.writing = board.writing.then(work).catch((error) => board.onError?.(error))
}

function raise(
  board: Board,
  connectionId: string,
  { code, subject, n }: { readonly code: NoticeCode; readonly subject: string; readonly n: number },
  sentence: Sentence,
): void {
  const standings = standingsOf(board, connectionId)
  const key = keyOf(code, subject)
  const atMs = board.nowMs()
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
  if (atMs - standing.saidMs >= SAY_AGAIN_MS) say(board, connectionId, standing)
}

/** Writes what happened since the last time. */
function say(board: Board, connectionId: string, standing: Standing): void {
  const { code, subject, sentence, unsaid } = standing
  if (sentence === null || unsaid === 0) return
  standing.unsaid = 0
  standing.saidMs = board.nowMs()
  write(board, () => raiseNotice(board.db, { connectionId, code, subject, n: unsaid, ...sentence }))
}

function end(
  board: Board,
  connectionId: string,
  { code, subject }: { readonly code: NoticeCode; readonly subject: string },
  message: string,
): void {
  const standings = board.open.get(connectionId)
  const standing = standings?.get(keyOf(code, subject))
  if (standings === undefined || standing === undefined) return
  say(board, connectionId, standing)
  standings.delete(keyOf(code, subject))
  write(board, () => endNotice(board.db, { connectionId, code, subject, message }))
}

async function sync(board: Board): Promise<void> {
  const atMs = board.nowMs()
  for (const [connectionId, standings] of board.open) {
    for (const standing of standings.values()) {
      if (atMs - standing.saidMs >= SAY_AGAIN_MS) say(board, connectionId, standing)
    }
  }
  if (atMs - board.learnedMs < LEARN_EVERY_MS) return
  board.learnedMs = atMs
  await board.writing
  await learn(board, atMs)
}

/** Takes over what other processes raised and ended. */
async function learn(board: Board, atMs: number): Promise<void> {
  const rows = await openNotices(board.db)
  const present = new Set(rows.map((row) => `${row.connectionId}\n${keyOf(row.code, row.subject)}`))
  for (const { connectionId, code, subject } of rows) {
    const standings = standingsOf(board, connectionId)
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
  // Ended by another process, unless this one has something left to write about it.
  for (const [connectionId, standings] of board.open) {
    for (const [key, standing] of standings) {
      if (standing.unsaid === 0 && !present.has(`${connectionId}\n${key}`)) standings.delete(key)
    }
  }
}
