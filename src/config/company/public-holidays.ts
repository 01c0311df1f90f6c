import { createRequire } from 'node:module'
import type HolidaysOf from 'date-holidays'
import type { HolidayRegion } from '../../model/calendar/business-calendar.ts'

/**
 * The years that are worked out: a fixed span and not one around today, because the days are part of a policy's version,
 * which must not change on New Year's Day.
 */
const YEARS = { first: 2024, last: 2036 } as const
const DAY_MS = 86_400_000

const require = createRequire(import.meta.url)
let library: typeof HolidaysOf | null = null

/** Loaded only for a company that names a country: it brings the calendars of the whole world and takes half a second. */
function holidaysOf(region: string): InstanceType<typeof HolidaysOf> {
  library ??= require('date-holidays') as typeof HolidaysOf
  const [country = '', state] = region.split('-')
  return state === undefined ? new library(country) : new library(country, state)
}

const made = new Map<string, HolidayRegion>()

/** The public holidays of a country or state, with the time zones of the country, which tell who lives there. */
export function publicHolidays(region: string): HolidayRegion {
  let known = made.get(region)
  if (known === undefined) {
    known = { region, timeZones: zonesOf(region), holidays: daysOf(region) }
    made.set(region, known)
  }
  return known
}

/** Why the calendar cannot name it, and what is allowed; null where it can. */
export function regionProblem(region: string): string | null {
  const [country = '', state] = region.split('-')
  if (!/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(region))
    return `"${region}" is no country; write a code like US, or DE-BY for a state`
  const holidays = holidaysOf('US')
  if (holidays.getCountries()[country] === undefined) {
    return country === 'UK'
      ? '"UK" is no country code; write GB'
      : `there are no public holidays on record for "${country}"`
  }
  const states = holidays.getStates(country) as Readonly<Record<string, string>> | undefined
  if (state === undefined || states?.[state] !== undefined) return null
  const allowed = Object.keys(states ?? {})
  return `"${region}" is no state with holidays of its own; allowed ${allowed.length === 0 ? `is only ${country}` : `are ${allowed.map((one) => `${country}-${one}`).join(', ')}`}`
}

function daysOf(region: string): string[] {
  const holidays = holidaysOf(region)
  const days = new Set<string>()
  for (let year = YEARS.first; year <= YEARS.last; year += 1) {
    for (const { type, date, start, end } of holidays.getHolidays(year)) {
      if (type !== 'public') continue
      // Half a day off is a day on which people can be asked; a day of 23 hours is one on which the clocks change.
      const length = Math.floor((end.getTime() - start.getTime()) / DAY_MS + 0.1)
      const first = Date.parse(`${date.slice(0, 10)}T00:00:00Z`)
      for (let i = 0; i < length; i += 1) days.add(new Date(first + i * DAY_MS).toISOString().slice(0, 10))
    }
  }
  return [...days].sort()
}

function zonesOf(region: string): string[] {
  const locale = new Intl.Locale(`und-${region.slice(0, 2)}`) as Intl.Locale & {
    getTimeZones?: () => string[] | undefined
  }
  return [...(locale.getTimeZones?.() ?? [])].sort()
}
