export type Outage = {
  readonly sinceMs: number
  /** What the CRM did: "answered 503". */
  readonly answer: string
}

export type OutageTracker = {
  /** Notes a call without an answer. Returns the outage once there are enough of them in a row. */
  failed(verb: string, answer: string, atMs: number): Outage | null
  worked(verb: string): void
  /** The outage, once, when no kind of call fails any more. */
  takeEnded(): Outage | null
}

/** One failed call is a hiccup, and the adapters have retried it already. So many in a row are an outage. */
const OUTAGE_AFTER_CALLS = 3

/** Counts failures in a row for each kind of call: one kind that works does not end the outage of another. */
export function createOutageTracker(): OutageTracker {
  const failing = new Map<string, { readonly sinceMs: number; readonly n: number }>()
  let outage: Outage | null = null
  return {
    failed(verb, answer, atMs) {
      const before = failing.get(verb)
      const now = { sinceMs: before?.sinceMs ?? atMs, n: (before?.n ?? 0) + 1 }
      failing.set(verb, now)
      if (now.n < OUTAGE_AFTER_CALLS) return null
      outage = { sinceMs: Math.min(now.sinceMs, outage?.sinceMs ?? atMs), answer }
      return outage
    },
    worked: (verb) => void failing.delete(verb),
    takeEnded() {
      if ([...failing.values()].some(({ n }) => n >= OUTAGE_AFTER_CALLS)) return null
      const ended = outage
      outage = null
      return ended
    },
  }
}
