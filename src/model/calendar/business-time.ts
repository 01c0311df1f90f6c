import type { BusinessCalendar } from './business-calendar.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Zones change their offset on quarter hours at the finest (Lord Howe, Nepal), so one look-up serves a quarter. */
const BUCKET_MS = 15 * MINUTE_MS
/** A year of quarters is 35,040; past that the zone's cache starts afresh. Formatting costs microseconds, a hit none. */
const BUCKETS_MAX = 40_000
/** More zones than offices of one company have. */
const ZONES_MAX = 64
/** Ten years of days: a deadline further away is a calendar without working days. */
const DAYS_AHEAD_MAX = 3660

type Zone = { readonly format: Intl.DateTimeFormat; readonly offsets: Map<number, number> }
const zones = new Map<string, Zone>()

function zoneOf(timeZone: string): Zone {
  let zone = zones.get(timeZone)
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    if (zones.size >= ZONES_MAX) zones.clear()
    zone = { format, offsets: new Map() }
    zones.set(timeZone, zone)
  }
  return zone
}

/** How far local time is ahead of UTC at this instant. */
function offsetMs(zone: Zone, atMs: number): number {
  const bucket = Math.floor(atMs / BUCKET_MS)
  const known = zone.offsets.get(bucket)
  if (known !== undefined) return known
  const startMs = bucket * BUCKET_MS
  const part: Record<string, number> = {}
  for (const { type, value } of zone.format.formatToParts(startMs)) part[type] = Number(value)
  const localMs = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!)
  const offset = localMs - startMs
  if (zone.offsets.size >= BUCKETS_MAX) zone.offsets.clear()
  zone.offsets.set(bucket, offset)
  return offset
}

/** Days since 1970-01-01 on the wall calendar of the zone. */
function localDay(zone: Zone, atMs: number): number {
  return Math.floor((atMs + offsetMs(zone, atMs)) / DAY_MS)
}

/** The calendar day there, `2026-11-22`. */
export function localDayOf(timeZone: string, atMs: number): string {
  return new Date(localDay(zoneOf(timeZone), atMs) * DAY_MS).toISOString().slice(0, 10)
}

/** The instant of a wall-clock time. A time that the clocks skip counts as the moment of the skip's end. */
function instantOf(zone: Zone, day: number, minute: number): number {
  const wallMs = day * DAY_MS + minute * MINUTE_MS
  const before = wallMs - offsetMs(zone, wallMs - DAY_MS)
  const after = wallMs - offsetMs(zone, wallMs + DAY_MS)
  if (before + offsetMs(zone, before) === wallMs) return before
  if (after + offsetMs(zone, after) === wallMs) return after
  return Math.max(before, after)
}

type WorkingDays = { readonly weekdays: readonly boolean[]; readonly holidays: ReadonlySet<number> }
const workingDaysOf = new WeakMap<BusinessCalendar, WorkingDays>()

function workingDays(calendar: BusinessCalendar): WorkingDays {
  let days = workingDaysOf.get(calendar)
  if (days === undefined) {
    const weekdays = Array.from({ length: 7 }, (_, i) => calendar.workingDays.includes(i + 1))
    const holidays = new Set(calendar.holidays.map((day) => Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY_MS)))
    days = { weekdays, holidays }
    workingDaysOf.set(calendar, days)
  }
  return days
}

function isWorkingDay({ weekdays, holidays }: WorkingDays, day: number): boolean {
  // Day 0, 1970-01-01, was a Thursday.
  return weekdays[(((day + 3) % 7) + 7) % 7]! && !holidays.has(day)
}

/** The instant at which so many business minutes have passed, in the given zone (the owner's own where it is known). */
export function addBusinessMinutes(
  calendar: BusinessCalendar,
  timeZone: string | null,
  fromMs: number,
  minutes: number,
): number {
  const zone = zoneOf(timeZone ?? calendar.timeZone)
  const days = workingDays(calendar)
  const firstDay = localDay(zone, fromMs)
  let leftMs = minutes * MINUTE_MS
  for (let day = firstDay; day < firstDay + DAYS_AHEAD_MAX; day++) {
    if (!isWorkingDay(days, day)) continue
    const startMs = Math.max(fromMs, instantOf(zone, day, calendar.opensAtMinute))
    const endMs = instantOf(zone, day, calendar.closesAtMinute)
    if (startMs >= endMs) continue
    if (leftMs <= endMs - startMs) return startMs + leftMs
    leftMs -= endMs - startMs
  }
  throw new RangeError(`Cannot add ${minutes} business minutes: the calendar has no working days for ten years`)
}

/** How many whole working days lie between the two instants: neither the day of the first nor the day of the second. */
export function fullBusinessDaysBetween(calendar: BusinessCalendar, fromMs: number, toMs: number): number {
  const zone = zoneOf(calendar.timeZone)
  const days = workingDays(calendar)
  const first = localDay(zone, fromMs) + 1
  const last = localDay(zone, toMs) - 1
  if (last < first) return 0
  const weeks = Math.floor((last - first + 1) / 7)
  let count = weeks * days.weekdays.filter(Boolean).length
  for (const holiday of days.holidays) {
    const isInWeeks = holiday >= first && holiday < first + weeks * 7
    if (isInWeeks && days.weekdays[(((holiday + 3) % 7) + 7) % 7]!) count--
  }
  for (let day = first + weeks * 7; day <= last; day++) if (isWorkingDay(days, day)) count++
  return count
}

/** The first instant at which `fullBusinessDaysBetween(from, instant)` is `count`. */
export function afterFullBusinessDays(calendar: BusinessCalendar, fromMs: number, count: number): number {
  const zone = zoneOf(calendar.timeZone)
  const days = workingDays(calendar)
  const start = localDay(zone, fromMs)
  let left = count
  for (let day = start + 1; day < start + DAYS_AHEAD_MAX; day++) {
    if (left === 0) return instantOf(zone, day, 0)
    if (isWorkingDay(days, day)) left--
  }
  throw new RangeError(`Cannot count ${count} business days: the calendar has no working days for ten years`)
}
