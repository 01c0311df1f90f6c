import type { Absence, BusinessCalendar } from '../calendar/business-calendar.ts'
import { localDayOf } from '../calendar/business-time.ts'

/** Whether the person is out of office at that moment: counted in their own zone, in the company's where it is unknown. */
export function absenceAt(
  calendar: BusinessCalendar,
  email: string,
  timeZone: string | null,
  nowMs: number,
): Absence | null {
  if (calendar.away === undefined || calendar.away.length === 0) return null
  const today = localDayOf(timeZone ?? calendar.timeZone, nowMs)
  return calendar.away.find((one) => one.email === email && one.from <= today && today <= one.until) ?? null
}
