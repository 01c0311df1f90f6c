import type { BusinessCalendar, HolidayRegion } from './business-calendar.ts'
import { canonicalZone } from './known-zone.ts'

const DAY_MS = 86_400_000

/** From and to, in minutes after the midnight that a working day begins with; the last may lie on the next day. */
export type Shift = readonly [from: number, to: number]

export type WorkingDays = {
  /** By day of the week, Monday first. */
  readonly weekdays: readonly boolean[]
  /** Days since 1970-01-01. */
  readonly holidays: ReadonlySet<number>
  /** By day of the week: when work is done, breaks left out. */
  readonly shifts: readonly (readonly Shift[])[]
}

const known = new WeakMap<BusinessCalendar, Map<string, WorkingDays>>()

/** The working days of somebody in this zone: with the public holidays of their country where the calendar has it. */
export function workingDaysIn(calendar: BusinessCalendar, timeZone: string): WorkingDays {
  const byZone = known.get(calendar) ?? new Map<string, WorkingDays>()
  known.set(calendar, byZone)
  let days = byZone.get(timeZone)
  if (days === undefined) {
    days = buildDays(calendar, regionOf(calendar, timeZone))
    byZone.set(timeZone, days)
  }
  return days
}

/** The region whose zone it is; that of the company where no region has it. */
function regionOf({ regions = [], timeZone: company }: BusinessCalendar, timeZone: string): HolidayRegion | undefined {
  const withZone = (zone: string) => regions.find(({ timeZones }) => timeZones.includes(canonicalZone(zone)))
  return withZone(timeZone) ?? withZone(company)
}

function buildDays(calendar: BusinessCalendar, region: HolidayRegion | undefined): WorkingDays {
  const weekdays = Array.from({ length: 7 }, (_, i) => calendar.workingDays.includes(i + 1))
  const holidays = new Set([...calendar.holidays, ...(region?.holidays ?? [])].map(dayNumber))
  return { weekdays, holidays, shifts: weekdays.map((_, i) => shiftsOf(calendar, i + 1)) }
}

function dayNumber(day: string): number {
  return Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY_MS)
}

function shiftsOf(calendar: BusinessCalendar, weekday: number): Shift[] {
  const { opensAtMinute, closesAtMinute } = calendar.hoursOn?.[weekday] ?? calendar
  const shifts: Shift[] = []
  let from = opensAtMinute
  for (const { fromMinute, toMinute } of calendar.breaks ?? []) {
    if (toMinute <= from || fromMinute >= closesAtMinute) continue
    if (fromMinute > from) shifts.push([from, fromMinute])
    from = toMinute
  }
  if (from < closesAtMinute) shifts.push([from, closesAtMinute])
  return shifts
}

/** How many minutes of work an ordinary business day has. */
export function minutesOfDay(calendar: BusinessCalendar): number {
  const ordinary = { ...calendar, hoursOn: {} }
  return shiftsOf(ordinary, 1).reduce((sum, [from, to]) => sum + to - from, 0)
}

/** Monday is 0. Day 0, 1970-01-01, was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7
}

export function isWorkingDay({ weekdays, holidays }: WorkingDays, day: number): boolean {
  return weekdays[weekdayOf(day)]! && !holidays.has(day)
}
