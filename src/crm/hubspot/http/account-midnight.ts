/**
 * The next midnight in an account's time zone: when HubSpot resets the daily limit. If the zone is unknown, one hour from
 * now: we retry then instead of guessing the zone.
 */
export function nextMidnightMs(nowMs: number, timeZone: string | null): number {
  const zone = timeZone === null ? undefined : zoneClock(timeZone)
  if (zone === undefined) return nowMs + 3_600_000
  const today = dayIn(zone, nowMs)
  // Quarter hours: every zone's offset and every change of clocks falls on one, and 26 hours hold the longest day.
  const quarterMs = 900_000
  for (let step = 1; step <= 26 * 4; step += 1) {
    const at = Math.floor(nowMs / quarterMs) * quarterMs + step * quarterMs
    if (dayIn(zone, at) !== today) return at
  }
  return nowMs + 3_600_000
}

function zoneClock(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  } catch {
    return undefined // HubSpot named a zone that this Node does not know
  }
}

function dayIn(clock: Intl.DateTimeFormat, atMs: number): string {
  return clock.format(new Date(atMs))
}
