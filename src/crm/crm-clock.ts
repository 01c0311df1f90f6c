/**
 * The CRM's clock, by the `Date` of its answers: whole seconds, rounded down (RFC 9110, 6.6.1). Neither vendor's documents
 * speak of it, so what hangs on it has an answer for when it is missing.
 */
export type AnswerClock = {
  /**
   * Notes one answer, `tookMs` after its request was sent. Returns the least that the CRM's clock showed when it began to
   * work on it, in epoch milliseconds; null where the answer says no time.
   */
  note(date: string | null | undefined, tookMs: number): number | null
  /** How far the CRM's clock is ahead of ours, to about a second; negative: behind. Null: no answer has said. */
  aheadMs(): number | null
}

export function answerClock(nowMs: () => number): AnswerClock {
  let aheadMs: number | null = null
  return {
    note(date, tookMs) {
      const saidMs = date ? Date.parse(date) : Number.NaN
      if (!Number.isFinite(saidMs)) return null
      // Said somewhere between the sending and now, and rounded down by half a second on average.
      aheadMs = saidMs + 500 - (nowMs() - tookMs / 2)
      return saidMs - tookMs
    },
    aheadMs: () => aheadMs,
  }
}
