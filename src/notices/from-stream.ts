import type { StreamBatch, StreamState } from '../crm/crm-stream.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

export type StreamNotices = { batch(batch: StreamBatch): void; state(state: StreamState): void }

/** A cut is mended within a second or two, many times a day. From here on it is told. */
const CUT_AFTER_MS = 30_000

/** The state of a connection's change stream, as notices. */
export function streamNotices(board: NoticeBoard, connection: NoticeConnection, nowMs: () => number): StreamNotices {
  const { id } = connection
  /** When something last came. */
  let aliveMs = nowMs()
  let brokenMs: number | null = null

  function isLive(): void {
    const atMs = nowMs()
    aliveMs = atMs
    brokenMs = null
    board.end(id, 'stream-silent', '', ENDINGS['stream-silent']({ ...connection, atMs }))
    board.end(id, 'reconnect', 'stream', ENDINGS.reconnect({ ...connection, atMs }))
    board.end(id, 'busy', 'stream', ENDINGS.busy({ ...connection, atMs }))
  }

  return {
    batch({ events, overflowObjects }) {
      aliveMs = nowMs()
      const gaps = events.filter(({ kind }) => kind === 'gap')
      if (gaps.length > 0) {
        const objects = [...new Set(gaps.map(({ objectType }) => objectType))].sort()
        const message = SENTENCES.gap({ ...connection, records: gaps.length, objects })
        board.raise(connection, { code: 'gap', subject: objects.join(), n: gaps.length }, message)
      }
      if (overflowObjects.length > 0) {
        const objects = [...overflowObjects].sort()
        board.raise(
          connection,
          { code: 'overflow', subject: objects.join() },
          SENTENCES.overflow({ ...connection, objects }),
        )
      }
    },
    state(state) {
      const atMs = nowMs()
      switch (state.state) {
        case 'live':
          isLive()
          break
        case 'waiting': {
          brokenMs ??= atMs
          const isSilent = /no message/.test(state.why)
          if (!isSilent && atMs - brokenMs < CUT_AFTER_MS) break
          const why = isSilent ? 'it stayed open and said nothing' : 'the connection is cut'
          const sinceMs = isSilent ? aliveMs : brokenMs
          board.raise(
            connection,
            { code: 'stream-silent' },
            SENTENCES['stream-silent']({ ...connection, why, sinceMs }),
          )
          break
        }
        case 'replay-lost':
          board.raise(
            connection,
            { code: 'stream-lost-place' },
            SENTENCES['stream-lost-place']({ ...connection, atMs: aliveMs }),
          )
          break
        case 'refused': {
          const { remedy } = state
          const message = SENTENCES['reconnect/stream']({ ...connection, why: firstWords(state.why), remedy })
          board.raise(connection, { code: 'reconnect', subject: 'stream' }, message)
          break
        }
        case 'allowance-spent':
          board.raise(
            connection,
            { code: 'busy', subject: 'stream' },
            SENTENCES['busy/stream']({ ...connection, untilMs: state.retryAtMs }),
          )
          break
        default:
      }
    },
  }
}

function firstWords(why: string): string {
  return why.length <= 120 ? why : `${why.slice(0, 119)}…`
}
