/** The sandbox's own time: starts at the world's "now", runs with the real clock, and can be moved forward by tests. */
export type SandboxClock = {
  /** The org's clock, which may be ahead of the real time or behind it. */
  now(): number
  /** For durations: it ignores the clock offset. */
  steady(): number
  advance(ms: number): void
}

export function startClock(startMs: number, offsetMs: () => number = () => 0): SandboxClock {
  const realStartMs = performance.now()
  let skippedMs = 0
  const steady = (): number => Math.floor(startMs + skippedMs + performance.now() - realStartMs)
  return {
    now: () => steady() + offsetMs(),
    steady,
    advance: (ms) => {
      if (!(ms >= 0)) throw new Error(`The clock only moves forward, not by ${ms} ms`)
      skippedMs += ms
    },
  }
}
