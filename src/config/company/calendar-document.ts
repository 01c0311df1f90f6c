import { z } from 'zod'
import type { BusinessCalendar, OpeningHours } from '../../model/calendar/business-calendar.ts'
import { knownZone } from '../../model/calendar/known-zone.ts'
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
      // An offset knows no summer time.
      if (knownZone(name) !== null && !/^[+-]/.test(name)) return
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
  .superRefine((written, context) => {
    const { opens, closes, breaks } = written
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    for (const list of ['workingDays', 'holidays', 'publicHolidays'] as const) checkTwice(list, written[list], refuse)
    checkHoursOn(written, refuse)
    checkAway(written.away, refuse)
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

type Refuse = (path: (string | number)[], message: string) => void

function checkTwice(list: string, days: readonly string[], refuse: Refuse): void {
  for (const [i, day] of days.entries()) {
    if (days.indexOf(day) !== i) refuse([list, i], `"${day}" is there twice; name each once`)
  }
}

type Hours = {
  readonly workingDays: readonly string[]
  readonly hoursOn: Readonly<Partial<Record<string, OpeningHours>>>
  readonly breaks: readonly Break[]
}

/** Other hours of a day on which nobody works would never count, and breaks may leave nothing of shorter ones. */
function checkHoursOn({ workingDays, hoursOn, breaks }: Hours, refuse: Refuse): void {
  for (const [day, hours] of Object.entries(hoursOn)) {
    if (!workingDays.includes(day)) {
      refuse(['hoursOn', day], `is no working day; add ${day} to workingDays, or remove its hours`)
    }
    const { opensAtMinute: from, closesAtMinute: to } = hours!
    const rest = breaks.reduce((minutes, one) => {
      const { fromMinute, toMinute } = breakWithin(one, hours!)
      return minutes - Math.max(0, Math.min(toMinute, to) - Math.max(fromMinute, from))
    }, to - from)
    if (rest <= 0)
      refuse(['hoursOn', day], 'lies within a break, so that nobody ever works on that day; change one of them')
  }
}

type Away = z.output<typeof Absence>

/** Work goes from delegate to delegate, so on no day may it come back to where it began. */
function checkAway(away: readonly Away[], refuse: Refuse): void {
  for (const [i, one] of away.entries()) {
    const other = away
      .slice(0, i)
      .find(({ email, from, until }) => email === one.email && from <= one.until && one.from <= until)
    if (other !== undefined) {
      refuse(
        ['away', i, 'from'],
        `overlaps with another absence of ${one.email}, from ${other.from} until ${other.until}; make one of both`,
      )
    }
    const circle = circleFrom(one, away)
    if (circle !== null) {
      refuse(
        ['away', i, 'delegate'],
        `goes in a circle on ${circle.day} (${circle.people.join(', then ')}), so that nobody does the work; name somebody who is there`,
      )
    }
  }
}

function circleFrom(start: Away, away: readonly Away[]): { readonly day: string; readonly people: string[] } | null {
  const absent = [start]
  for (;;) {
    const { delegate } = absent.at(-1)!
    if (delegate === undefined) return null
    const people = [...absent.map(({ email }) => email), delegate]
    if (delegate === start.email) return { day: commonDay(absent)!, people }
    const next = away.find((one) => one.email === delegate && commonDay([...absent, one]) !== null)
    // A circle that leaves out where this began is found from those in it.
    if (next === undefined || absent.includes(next)) return null
    absent.push(next)
  }
}

/** The first day on which all of them are away; null: there is none. Days sort as texts. */
function commonDay(absent: readonly Away[]): string | null {
  const from = absent
    .map((one) => one.from)
    .sort()
    .at(-1)!
  const until = absent.map((one) => one.until).sort()[0]!
  return from <= until ? from : null
}

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
