/** Part of the day's calls that one kind of check may take. */
const SHARE_OF_DAY = 0.03

const DAY_MS = 86_400_000

/** What an admin or a reviewer does in the CRM shows its effect within a minute or two. */
export const SHORTEST_MS = 60_000

/** Also of an account with few calls. */
export const LONGEST_MS = 600_000

/**
 * How often something is asked for that no event tells, at so many calls each time. A CRM that does not say how many calls
 * the day has is asked every two minutes.
 */
export function checkEveryMs(calls: number, callsOfDay: number | null): number {
  if (callsOfDay === null) return 2 * SHORTEST_MS
  const everyMs = (calls * DAY_MS) / Math.max(1, callsOfDay * SHARE_OF_DAY)
  return Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, everyMs)))
}
