/** The sandbox's own time: starts at the world's "now", runs with the real clock, and can be moved forward by tests. */
export type SandboxClock = { now(): number; advance(ms: number): void }

export function startClock(startMs: number): SandboxClock {
  const realStartMs = performance.now()
  let skippedMs = 0
  return {
    now: () => Math.floor(startMs + skippedMs + performance.now() - realStartMs),
    advance: (ms) => {
      if (!(ms >= 0)) throw new Error(`The clock only moves forward, not by ${ms} ms`)
      skippedMs += ms
    },
  }
}
