import { oncePer } from '../record/once-per.ts'
import { instantOf, localDay, zoneOf } from '../record/wall-clock.ts'
import type { BusinessCalendar } from './business-calendar.ts'
import { knownZone } from './known-zone.ts'
import { isWorkingDay, weekdayOf, workingDaysIn } from './working-days.ts'

const MINUTE_MS = 60_000
/** Ten years of days: a deadline further away is a calendar without working days. */
const DAYS_AHEAD_MAX = 3660

/**
 * The instant at which so many business minutes have passed, in the given zone: the owner's own where the CRM gives one. A
 * zone that this runtime does not know counts as none, and the company's own holds.
 */
export function addBusinessMinutes(
  calendar: BusinessCalendar,
  timeZone: string | null,
  fromMs: number,
  minutes: number,
): number {
  const zoneName = knownZone(timeZone) ?? calendar.timeZone
  const zone = zoneOf(zoneName)
  const days = workingDaysIn(calendar, zoneName)
  // The shift of the day before may still run.
  const firstDay = localDay(zone, fromMs) - 1
  let leftMs = minutes * MINUTE_MS
  for (let day = firstDay; day < firstDay + DAYS_AHEAD_MAX; day++) {
    if (!isWorkingDay(days, day)) continue
    for (const [from, to] of days.shifts[weekdayOf(day)]!) {
      const startMs = Math.max(fromMs, instantOf(zone, day, from))
      const endMs = instantOf(zone, day, to)
      if (startMs >= endMs) continue
      if (leftMs <= endMs - startMs) return startMs + leftMs
      leftMs -= endMs - startMs
    }
  }
  throw new RangeError(`Cannot add ${minutes} business minutes: the calendar has no working days for ten years`)
}

/** How many whole working days lie between the two instants: neither the day of the first nor the day of the second. */
export function fullBusinessDaysBetween(calendar: BusinessCalendar, fromMs: number, toMs: number): number {
  const zone = zoneOf(calendar.timeZone)
  const days = workingDaysIn(calendar, calendar.timeZone)
  const first = localDay(zone, fromMs) + 1
  const last = localDay(zone, toMs) - 1
  if (last < first) return 0
  const weeks = Math.floor((last - first + 1) / 7)
  let count = weeks * days.weekdays.filter(Boolean).length
  for (const holiday of days.holidays) {
    const isInWeeks = holiday >= first && holiday < first + weeks * 7
    if (isInWeeks && days.weekdays[weekdayOf(holiday)]!) count--
  }
  for (let day = first + weeks * 7; day <= last; day++) if (isWorkingDay(days, day)) count++
  return count
}

/** More than a year of days with a few windows each. */
const ENDS_MAX = 4_000
/** By day and count: every record that changed on one day goes stale at one moment. */
const endsOf = oncePer((_: BusinessCalendar) => new Map<number, number>())

/** The first instant at which `fullBusinessDaysBetween(from, instant)` is `count`, which is at most some thousands. */
export function afterFullBusinessDays(calendar: BusinessCalendar, fromMs: number, count: number): number {
  const ends = endsOf(calendar)
  const zone = zoneOf(calendar.timeZone)
  const start = localDay(zone, fromMs)
  const key = start * DAYS_AHEAD_MAX + count
  let endMs = ends.get(key)
  if (endMs === undefined) {
    endMs = countedFrom(calendar, start, count)
    if (ends.size >= ENDS_MAX) ends.clear()
    ends.set(key, endMs)
  }
  return endMs
}

function countedFrom(calendar: BusinessCalendar, start: number, count: number): number {
  const zone = zoneOf(calendar.timeZone)
  const days = workingDaysIn(calendar, calendar.timeZone)
  let left = count
  for (let day = start + 1; day < start + DAYS_AHEAD_MAX; day++) {
    if (left === 0) return instantOf(zone, day, 0)
    if (isWorkingDay(days, day)) left--
  }
  throw new RangeError(`Cannot count ${count} business days: the calendar has no working days for ten years`)
}
