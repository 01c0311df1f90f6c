import type { Absence, BusinessCalendar } from '../calendar/business-calendar.ts'
import { knownZone } from '../calendar/known-zone.ts'
import { localDayOf } from '../record/wall-clock.ts'

/** Whether the person is out of office at that moment: counted in their own zone, in the company's where it is unknown. */
export function absenceAt(
  calendar: BusinessCalendar,
  /** All that are theirs: the calendar may name another one than the rule. */
  emails: readonly string[],
  timeZone: string | null,
  nowMs: number,
): Absence | null {
  if (calendar.away === undefined || calendar.away.length === 0) return null
  const today = localDayOf(knownZone(timeZone) ?? calendar.timeZone, nowMs)
  const now = calendar.away.filter((one) => emails.includes(one.email) && one.from <= today && today <= one.until)
  // Of two that overlap, the one that says who takes what is theirs.
  return now.find(({ delegate }) => delegate !== null) ?? now[0] ?? null
}
