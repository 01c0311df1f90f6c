import type { ChangeEvent } from '../model/record/change-event.ts'
import type { NoticeBoard, NoticeConnection } from './notice-board.ts'
import { ENDINGS, SENTENCES } from './texts.ts'

/** Two clocks are never the same, and a machine that was suspended is off for a while. */
const CLOCK_OFF_MS = 120_000

/**
 * A page of older records says nothing of the CRM's clock. The clocks agree when nothing was ahead for several polls,
 * which are at most a few minutes apart.
 */
const CLOCK_RIGHT_AFTER_MS = 1_800_000

/** By the time in the CRM's answers (`aheadMs`, null: unknown), and by records changed later than it is here. */
export function checkClock(
  board: NoticeBoard,
  connection: NoticeConnection,
  nowMs: number,
  { events, aheadMs }: { readonly events: readonly ChangeEvent[]; readonly aheadMs: number | null },
): void {
  let latestMs = 0
  for (const { occurredAtMs } of events) if (occurredAtMs > latestMs) latestMs = occurredAtMs
  if (latestMs === 0 && aheadMs === null) return
  const mostAheadMs = Math.max(latestMs - nowMs, aheadMs ?? Number.NEGATIVE_INFINITY)
  if (mostAheadMs > CLOCK_OFF_MS) {
    board.raise(connection, { code: 'clock' }, SENTENCES.clock({ ...connection, aheadMs: mostAheadMs }))
    return
  }
  if (aheadMs !== null && aheadMs < -CLOCK_OFF_MS) {
    board.raise(connection, { code: 'clock' }, SENTENCES['clock/behind']({ ...connection, behindMs: -aheadMs }))
    return
  }
  const open = board.find(connection.id, 'clock')
  if (open !== undefined && nowMs - open.lastMs >= CLOCK_RIGHT_AFTER_MS) {
    board.end(connection.id, 'clock', '', ENDINGS.clock())
  }
}
