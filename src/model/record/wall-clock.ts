const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Zones change their offset on quarter hours at the finest (Lord Howe, Nepal), so one look-up serves a quarter. */
const BUCKET_MS = 15 * MINUTE_MS
/** A year of quarters is 35,040; past that the zone's cache starts afresh. Formatting costs microseconds, a hit none. */
const BUCKETS_MAX = 40_000
/** More zones than offices of one company have. */
const ZONES_MAX = 64

export type Zone = { readonly format: Intl.DateTimeFormat; readonly offsets: Map<number, number> }
const zones = new Map<string, Zone>()

/** Throws `RangeError` for a name that this runtime does not know. */
export function zoneOf(timeZone: string): Zone {
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
export function localDay(zone: Zone, atMs: number): number {
  return Math.floor((atMs + offsetMs(zone, atMs)) / DAY_MS)
}

/** The calendar day there, `2026-11-22`. */
export function localDayOf(timeZone: string, atMs: number): string {
  return new Date(localDay(zoneOf(timeZone), atMs) * DAY_MS).toISOString().slice(0, 10)
}

/** The instant at which the calendar day begins there; `daysLater` 1: at which it ends. */
export function startOfDayMs(timeZone: string, day: string, daysLater = 0): number {
  return instantOf(zoneOf(timeZone), Date.parse(day) / DAY_MS + daysLater, 0)
}

/** The instant of a wall-clock time. A time that the clocks skip counts as the moment of the skip's end. */
export function instantOf(zone: Zone, day: number, minute: number): number {
  const wallMs = day * DAY_MS + minute * MINUTE_MS
  const before = wallMs - offsetMs(zone, wallMs - DAY_MS)
  const after = wallMs - offsetMs(zone, wallMs + DAY_MS)
  if (before + offsetMs(zone, before) === wallMs) return before
  if (after + offsetMs(zone, after) === wallMs) return after
  return Math.max(before, after)
}
