import type { FieldText } from '../record/change-event.ts'
import { instantOf, localDay, type Zone } from '../record/wall-clock.ts'

const DAY_MS = 86_400_000
const DAY = /^\d{4}-\d{2}-\d{2}$/
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$/
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]|$)/

/** The number of a calendar day, or NaN for text that is none. */
function dayNumber(text: string): number {
  const atMs = DAY.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes 31 February for 3 March.
  return new Date(atMs).toJSON()?.startsWith(text) ? atMs / DAY_MS : Number.NaN
}

/**
 * When a day begins in the company's zone, or the moment that an instant is: so a deal that was closed in the evening of 31
 * March there lies before 1 April, whatever day it was in UTC. NaN: neither.
 */
export function momentMs(written: string, zone: Zone): number {
  const text = written.trim()
  if (DAY.test(text)) {
    const day = dayNumber(text)
    return Number.isNaN(day) ? Number.NaN : instantOf(zone, day, 0)
  }
  if (!MOMENT.test(text)) return Number.NaN
  if (!WITHOUT_ZONE.test(text)) return Date.parse(text)
  const wallMs = Date.parse(`${text}Z`)
  if (Number.isNaN(wallMs)) return Number.NaN
  const day = Math.floor(wallMs / DAY_MS)
  return instantOf(zone, day, (wallMs - day * DAY_MS) / 60_000)
}

/** How long ago: of a day in whole days of the calendar, of an instant to the millisecond. NaN: not a time. */
export function ageMs(value: string, zone: Zone, nowMs: number): number {
  const text = value.trim()
  if (DAY.test(text)) return (localDay(zone, nowMs) - dayNumber(text)) * DAY_MS
  return nowMs - momentMs(text, zone)
}

/** The first millisecond in which the value is older than so many days; null: it never is, being blank or no date. */
export function olderFromMs(value: FieldText, days: number, zone: Zone): number | null {
  if (value === null) return null
  const text = value.trim()
  if (DAY.test(text)) {
    const day = dayNumber(text)
    return Number.isNaN(day) ? null : instantOf(zone, day + Math.floor(days) + 1, 0)
  }
  const fromMs = Math.floor(momentMs(text, zone) + days * DAY_MS) + 1
  return Number.isNaN(fromMs) ? null : fromMs
}
