import type { ComparisonDepth, ComparisonState } from '../../store/compare/comparisons.ts'

const HOUR_MS = 3_600_000

/** A new connection has other work first: its first scheduled comparison comes this much later. */
export const FIRST_AFTER_S = 900

/** In the account's time zone: when few people work and before the day's calls are needed. */
const QUIET_HOURS = { from: 2, to: 5 } as const

/** One a night. Where nothing runs at night, on a laptop for example, one every day and a half at any hour. */
const FULL_AFTER_MS = 20 * HOUR_MS
const FULL_OVERDUE_MS = 36 * HOUR_MS

const RECENT_AFTER_MS = HOUR_MS

/** Which scheduled comparison is due; null: none, or one was requested already. */
export function dueComparison(
  check: Pick<ComparisonState, 'state' | 'notBefore' | 'lastFullAt' | 'lastRecentAt'>,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string | null },
): ComparisonDepth | null {
  if (check.state !== 'idle' || (check.notBefore !== null && +check.notBefore > nowMs)) return null
  if (check.lastFullAt === null) return 'full'
  const sinceFullMs = nowMs - +check.lastFullAt
  const hour = hourIn(timeZone, nowMs)
  const isQuiet = hour >= QUIET_HOURS.from && hour < QUIET_HOURS.to
  if (sinceFullMs >= FULL_OVERDUE_MS || (isQuiet && sinceFullMs >= FULL_AFTER_MS)) return 'full'
  return nowMs - +(check.lastRecentAt ?? check.lastFullAt) >= RECENT_AFTER_MS ? 'recent' : null
}

function hourIn(timeZone: string | null, ms: number): number {
  const hour = (zone: string) =>
    Number(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' }).format(ms))
  try {
    return hour(timeZone ?? 'UTC')
  } catch {
    // A CRM may use zone names that this runtime lacks.
    return hour('UTC')
  }
}
