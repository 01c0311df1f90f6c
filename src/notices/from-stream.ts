import type { StreamBatch, StreamState } from '../crm/crm-stream.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

export type StreamNotices = { batch(batch: StreamBatch): void; state(state: StreamState): void }

/** Most cuts end within a second or two, many times a day. A longer one is worth a notice. */
const CUT_AFTER_MS = 30_000

type Stream = {
  readonly board: NoticeBoard
  readonly connection: NoticeConnection
  readonly nowMs: () => number
  /** When something last came. */
  aliveMs: number
  brokenMs: number | null
}

/** The state of a connection's change stream, as notices. */
export function streamNotices(board: NoticeBoard, connection: NoticeConnection, nowMs: () => number): StreamNotices {
  const stream: Stream = { board, connection, nowMs, aliveMs: nowMs(), brokenMs: null }
  return { batch: (batch) => noteBatch(stream, batch), state: (state) => noteState(stream, state) }
}

function noteBatch(stream: Stream, { events, overflowObjects }: StreamBatch): void {
  const { board, connection, nowMs } = stream
  stream.aliveMs = nowMs()
  const gaps = events.filter(({ kind }) => kind === 'gap')
  if (gaps.length > 0) {
    const objects = [...new Set(gaps.map(({ objectType }) => objectType))].sort()
    const sentence = SENTENCES.gap({ ...connection, records: gaps.length, objects })
    board.raise(connection, { code: 'gap', subject: objects.join(), n: gaps.length }, sentence)
  }
  if (overflowObjects.length > 0) {
    const objects = [...overflowObjects].sort()
    const sentence = SENTENCES.overflow({ ...connection, objects })
    board.raise(connection, { code: 'overflow', subject: objects.join() }, sentence)
  }
}

function noteState(stream: Stream, state: StreamState): void {
  const { board, connection, aliveMs } = stream
  switch (state.state) {
    case 'live':
      noteLive(stream)
      break
    case 'waiting':
      noteWaiting(stream, state.isSilent === true)
      break
    case 'replay-lost':
      board.raise(
        connection,
        { code: 'stream-lost-place' },
        SENTENCES['stream-lost-place']({ ...connection, atMs: aliveMs }),
      )
      break
    case 'refused': {
      const sentence = SENTENCES['reconnect/stream']({
        ...connection,
        why: firstWords(state.why),
        remedy: state.remedy,
      })
      board.raise(connection, { code: 'reconnect', subject: 'stream' }, sentence)
      break
    }
    case 'allowance-spent': {
      const sentence = SENTENCES['busy/stream']({ ...connection, untilMs: state.retryAtMs })
      board.raise(connection, { code: 'busy', subject: 'stream' }, sentence)
      break
    }
    default:
  }
}

function noteLive(stream: Stream): void {
  const { board, connection, nowMs } = stream
  const { id } = connection
  const atMs = nowMs()
  stream.aliveMs = atMs
  stream.brokenMs = null
  board.end(id, 'stream-silent', '', ENDINGS['stream-silent']({ ...connection, atMs }))
  board.end(id, 'reconnect', 'stream', ENDINGS.reconnect({ ...connection, atMs }))
  board.end(id, 'busy', 'stream', ENDINGS.busy({ ...connection, atMs }))
}

function noteWaiting(stream: Stream, isSilent: boolean): void {
  const { board, connection, nowMs } = stream
  const atMs = nowMs()
  stream.brokenMs ??= atMs
  if (!isSilent && atMs - stream.brokenMs < CUT_AFTER_MS) return
  const why = isSilent ? 'the stream stayed open but sent nothing' : 'the connection was cut'
  const sinceMs = isSilent ? stream.aliveMs : stream.brokenMs
  board.raise(connection, { code: 'stream-silent' }, SENTENCES['stream-silent']({ ...connection, why, sinceMs }))
}

function firstWords(why: string): string {
  return why.length <= 120 ? why : `${why.slice(0, 119)}…`
}
