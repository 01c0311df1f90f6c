import { z } from 'zod'
import type { BusinessCalendar, OpeningHours } from '../model/calendar/business-calendar.ts'
import { knownZone } from '../model/calendar/known-zone.ts'
import { Day, Email } from './company-documents.ts'
import { publicHolidays, regionProblem } from './public-holidays.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const DAY_MINUTES = 24 * 60

const CLOCK = { error: 'must be a time of day in quotes, for example "09:00"' } as const
const Opens = z.string(CLOCK).regex(/^([01]\d|2[0-3]):[0-5]\d$/, CLOCK)
/** "24:00" is the midnight at the end of a day. */
const Closes = z.string(CLOCK).regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, CLOCK)

const Hours = z
  .strictObject({ opens: Opens, closes: Closes })
  .refine(({ opens, closes }) => opens !== closes, { path: ['closes'], error: 'must not be the same as opens' })
  .transform(({ opens, closes }) => hoursOf(opens, closes))

const Region = z
  .string({ error: 'must be a country like US, or a state of it like DE-BY' })
  .superRefine((region, context) => {
    const message = regionProblem(region)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const Absence = z
  .strictObject({ email: Email, from: Day, until: Day, delegate: Email.optional() })
  .refine(({ from, until }) => from <= until, { path: ['until'], error: 'must not be before from' })
  .refine(({ email, delegate }) => email !== delegate, {
    path: ['delegate'],
    error: 'must be somebody else than the one who is away',
  })

export const CalendarDocument = z
  .strictObject({
    timeZone: z.string().superRefine((name, context) => {
      if (knownZone(name) !== null) return
      const message = `"${name}" is no time zone; allowed is an IANA name like Europe/Berlin`
      context.addIssue({ code: 'custom', message })
    }),
    workingDays: z.array(z.enum(WEEKDAYS)).min(1, { error: 'must list at least one of Mon to Sun' }),
    opens: Opens,
    /** Not later than opens: on the next day. The shift belongs to the day on which it begins. */
    closes: Closes,
    breaks: z.array(z.strictObject({ from: Opens, to: Closes })).default([]),
    hoursOn: z.partialRecord(z.enum(WEEKDAYS), Hours).default({}),
    holidays: z.array(Day).default([]),
    publicHolidays: z.array(Region).default([]),
    away: z.array(Absence).default([]),
  })
  .superRefine(({ opens, closes, breaks, hoursOn, workingDays }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    for (const day of WEEKDAYS) {
      if (hoursOn[day] === undefined || workingDays.includes(day)) continue
      refuse(['hoursOn', day], `${day} is no working day, so its hours never count; add it to workingDays`)
    }
    if (opens === closes) refuse(['closes'], 'must not be the same as opens; around the clock is "00:00" to "24:00"')
    const hours = hoursOf(opens, closes)
    let after = hours.opensAtMinute
    for (const [i, one] of breaks.entries()) {
      const { fromMinute, toMinute } = breakWithin(one, hours)
      if (fromMinute >= toMinute) refuse(['breaks', i, 'to'], 'must be later than from')
      else if (fromMinute < after || toMinute > hours.closesAtMinute) {
        refuse(['breaks', i], 'must lie between opens and closes, after the break before it')
      }
      after = toMinute
    }
    if (breaks.length > 0 && lasts(hours) <= breaks.reduce((sum, one) => sum + lastsBreak(one, hours), 0)) {
      refuse(['breaks'], 'must leave some time to work in')
    }
  })
  .transform((written): BusinessCalendar => {
    const hours = hoursOf(written.opens, written.closes)
    const hoursOn = Object.entries(written.hoursOn).map(([day, on]) => [WEEKDAYS.indexOf(day as 'Mon') + 1, on])
    return {
      timeZone: written.timeZone,
      workingDays: written.workingDays.map((day) => WEEKDAYS.indexOf(day) + 1),
      ...hours,
      holidays: written.holidays,
      // What is not used is left out, so that such a company keeps the hash that its decisions cite.
      ...(written.breaks.length > 0 && { breaks: written.breaks.map((one) => breakWithin(one, hours)) }),
      ...(hoursOn.length > 0 && { hoursOn: Object.fromEntries(hoursOn) }),
      ...(written.publicHolidays.length > 0 && { regions: written.publicHolidays.map(publicHolidays) }),
      ...(written.away.length > 0 && {
        away: written.away.map(({ delegate = null, ...absence }) => ({ ...absence, delegate })),
      }),
    }
  })

function hoursOf(opens: string, closes: string): OpeningHours {
  const opensAtMinute = minuteOf(opens)
  const closesAtMinute = minuteOf(closes)
  return {
    opensAtMinute,
    closesAtMinute: closesAtMinute > opensAtMinute ? closesAtMinute : closesAtMinute + DAY_MINUTES,
  }
}

type Break = { readonly from: string; readonly to: string }

/** Of a night shift, a break before the opening time is one of the next day. */
function breakWithin({ from, to }: Break, { opensAtMinute }: OpeningHours): { fromMinute: number; toMinute: number } {
  const within = (minute: number) => (minute < opensAtMinute ? minute + DAY_MINUTES : minute)
  return { fromMinute: within(minuteOf(from)), toMinute: within(minuteOf(to)) }
}

function lasts({ opensAtMinute, closesAtMinute }: OpeningHours): number {
  return closesAtMinute - opensAtMinute
}

function lastsBreak(one: Break, hours: OpeningHours): number {
  const { fromMinute, toMinute } = breakWithin(one, hours)
  return toMinute - fromMinute
}

function minuteOf(clock: string): number {
  const [hours = '0', minutes = '0'] = clock.split(':')
  return Number(hours) * 60 + Number(minutes)
}
