/**
 * The time of this process, and the only file of `src` and `workers` that reads the machine's clock (`npm run check`
 * refuses it elsewhere). All processes follow the database's clock: what one of them schedules, another judges, and their
 * machines need not agree on the time. Durations inside one process are measured with `performance.now()`.
 */

/** How far a proof sets this machine's clock ahead; negative: behind. */
let skewMs = 0
/** What has to be added to the machine's clock to have the database's. */
let correctionMs = 0

/** Differences within this and the time that the question took are noise: correcting them would make time step back. */
const NOISE_MS = 50

/** Now, by the clock that all processes share, as far as this one knows it. */
export function nowMs(): number {
  return machineMs() + correctionMs
}

export function now(): Date {
  return new Date(nowMs())
}

/** The machine's own clock. It goes on while the machine sleeps, which `performance.now()` does not. */
export function machineMs(): number {
  return Date.now() + skewMs
}

/** A moment for a library that compares it with the machine's clock itself. */
export function libraryDeadline(inMs: number): number {
  return Date.now() + inMs
}

/** For a proof: this process lives on a machine whose clock is wrong. */
export function skewMachineClock(byMs: number): void {
  skewMs = byMs
}

/** What the database's clock showed `tookMs / 2` ago, half of the time that asking it took. */
export function followSharedClock(databaseMs: number, tookMs: number): void {
  const seenMs = databaseMs + tookMs / 2 - machineMs()
  if (Math.abs(seenMs - correctionMs) > tookMs / 2 + NOISE_MS) correctionMs = Math.round(seenMs)
}
