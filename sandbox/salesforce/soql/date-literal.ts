const DAY_MS = 86_400_000

/** The half-open range of instants of a SOQL date literal. Weeks begin on Sunday, Salesforce's default. */
export function dateLiteralRange(name: string, n: number | null, nowMs: number): { fromMs: number; toMs: number } {
  const now = new Date(nowMs)
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
  const count = n ?? 0
  const days = (from: number, to: number) => ({ fromMs: today + from * DAY_MS, toMs: today + to * DAY_MS })
  const month = (offset: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)
  const year = (offset: number) => Date.UTC(now.getUTCFullYear() + offset, 0, 1)
  const quarterStart = Math.floor(now.getUTCMonth() / 3) * 3
  const quarter = (offset: number) => Date.UTC(now.getUTCFullYear(), quarterStart + offset * 3, 1)
  const week = (offset: number) => today - now.getUTCDay() * DAY_MS + offset * 7 * DAY_MS
  switch (name) {
    case 'YESTERDAY':
      return days(-1, 0)
    case 'TODAY':
      return days(0, 1)
    case 'TOMORROW':
      return days(1, 2)
    case 'LAST_N_DAYS': // includes today
      return days(-count, 1)
    case 'NEXT_N_DAYS':
      return days(1, count + 1)
    case 'N_DAYS_AGO':
      return days(-count, -count + 1)
    case 'LAST_90_DAYS':
      return days(-90, 1)
    case 'NEXT_90_DAYS':
      return days(1, 91)
    case 'LAST_N_WEEKS':
      return { fromMs: week(-count), toMs: week(0) }
    case 'NEXT_N_WEEKS':
      return { fromMs: week(1), toMs: week(count + 1) }
    case 'LAST_N_MONTHS':
      return { fromMs: month(-count), toMs: month(0) }
    case 'NEXT_N_MONTHS':
      return { fromMs: month(1), toMs: month(count + 1) }
    case 'LAST_N_YEARS':
      return { fromMs: year(-count), toMs: year(0) }
    case 'NEXT_N_YEARS':
      return { fromMs: year(1), toMs: year(count + 1) }
    default: {
      const step = name.startsWith('LAST') ? -1 : name.startsWith('NEXT') ? 1 : 0
      const start = name.endsWith('WEEK')
        ? week
        : name.endsWith('MONTH')
          ? month
          : name.endsWith('QUARTER')
            ? quarter
            : year
      return { fromMs: start(step), toMs: start(step + 1) }
    }
  }
}
