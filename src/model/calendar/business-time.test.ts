import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { POLICY } from '../../../test/support/example.ts'
import type { BusinessCalendar } from './business-calendar.ts'
import { addBusinessMinutes, afterFullBusinessDays, fullBusinessDaysBetween } from './business-time.ts'
import { minutesOfDay } from './working-days.ts'

const { calendar } = POLICY // 9:00 to 17:00, Monday to Friday, Berlin, closed on 25 December
const due = (from: string, minutes: number, zone: string | null = null) =>
  new Date(addBusinessMinutes(calendar, zone, Date.parse(from), minutes)).toISOString()

describe('part of M48: a deadline in business time', () => {
  it('starts at once in opening hours and at the next opening otherwise', () => {
    assert.equal(due('2026-11-18T10:00:00Z', 60), '2026-11-18T11:00:00.000Z')
    assert.equal(due('2026-11-18T20:00:00Z', 60), '2026-11-19T09:00:00.000Z')
    assert.equal(due('2026-11-18T03:00:00Z', 60), '2026-11-18T09:00:00.000Z')
  })

  it('runs over nights, weekends and holidays', () => {
    assert.equal(due('2026-11-20T15:00:00Z', 120), '2026-11-23T09:00:00.000Z')
    assert.equal(due('2026-12-24T15:30:00Z', 60), '2026-12-28T08:30:00.000Z')
  })

  it('is counted in the zone of the owner', () => {
    assert.equal(due('2026-11-18T10:00:00Z', 60, 'America/New_York'), '2026-11-18T15:00:00.000Z')
    assert.equal(due('2026-11-18T10:00:00Z', 60, 'Asia/Tokyo'), '2026-11-19T01:00:00.000Z')
  })

  it('keeps its wall-clock time when the clocks change', () => {
    // Europe leaves summer time on Sunday, 2026-10-25, and enters it on Sunday, 2026-03-29.
    assert.equal(due('2026-10-23T14:00:00Z', 120), '2026-10-26T09:00:00.000Z')
    assert.equal(due('2026-03-27T15:00:00Z', 120), '2026-03-30T08:00:00.000Z')
  })

  it('counts the hours that a night shift really has when the clocks skip one', () => {
    const nights = { ...calendar, timeZone: 'Europe/Berlin', workingDays: [7], opensAtMinute: 60, closesAtMinute: 300 }
    const at = addBusinessMinutes(nights, null, Date.parse('2026-03-28T00:00:00Z'), 180)
    assert.equal(new Date(at).toISOString(), '2026-03-29T03:00:00.000Z')
  })

  it('refuses a calendar without a working day instead of looking for ever', () => {
    assert.throws(() => addBusinessMinutes({ ...calendar, workingDays: [] }, null, 0, 1), RangeError)
  })

  it('in two parts is the same as in one, and never falls outside opening hours', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom(
          'Europe/Berlin',
          'America/New_York',
          'Asia/Kolkata',
          'Australia/Lord_Howe',
          'America/Sao_Paulo',
        ),
        (from, a, b, zone) => {
          const once = addBusinessMinutes(calendar, zone, from, a + b)
          const twice = addBusinessMinutes(calendar, zone, addBusinessMinutes(calendar, zone, from, a), b)
          assert.equal(twice, once)
          const clock = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            hour: '2-digit',
            minute: '2-digit',
            weekday: 'short',
          })
          const text = clock.format(once)
          assert.doesNotMatch(text, /Sat|Sun/)
          const time = /\d\d:\d\d/.exec(text)![0]
          assert.ok(time >= '09:00' && time <= '17:00', text)
        },
      ),
    )
  })
})

describe('opening hours that are no one stretch of a day', () => {
  const at = (hours: Partial<BusinessCalendar>, from: string, minutes: number) =>
    new Date(addBusinessMinutes({ ...calendar, ...hours }, null, Date.parse(from), minutes)).toISOString()

  it('case T06: leave out a break, wherever the time begins', () => {
    const lunch = { breaks: [{ fromMinute: 720, toMinute: 780 }] } // 12:00 to 13:00 in Berlin, 11:00 to 12:00 in UTC
    assert.equal(at(lunch, '2026-11-18T10:30:00Z', 30), '2026-11-18T11:00:00.000Z')
    assert.equal(at(lunch, '2026-11-18T10:30:00Z', 60), '2026-11-18T12:30:00.000Z')
    assert.equal(at(lunch, '2026-11-18T11:30:00Z', 15), '2026-11-18T12:15:00.000Z')
    assert.equal(at(lunch, '2026-11-18T08:00:00Z', 420), '2026-11-18T16:00:00.000Z')
    assert.equal(minutesOfDay({ ...calendar, ...lunch }), 420)
  })

  it('case T06: end earlier on a short day', () => {
    const friday = { hoursOn: { 5: { opensAtMinute: 540, closesAtMinute: 840 } } } // until 14:00, 13:00 in UTC
    assert.equal(at(friday, '2026-11-20T12:30:00Z', 60), '2026-11-23T08:30:00.000Z')
    assert.equal(at(friday, '2026-11-19T15:30:00Z', 60), '2026-11-20T08:30:00.000Z')
    assert.equal(minutesOfDay({ ...calendar, ...friday }), 480)
  })

  it('case T08: run over midnight and belong to the day on which they begin', () => {
    const night = { opensAtMinute: 1320, closesAtMinute: 1800 } // 22:00 to 06:00 in Berlin, 21:00 to 05:00 in UTC
    assert.equal(at(night, '2026-11-18T22:00:00Z', 60), '2026-11-18T23:00:00.000Z')
    assert.equal(at(night, '2026-11-19T02:00:00Z', 120), '2026-11-19T04:00:00.000Z')
    assert.equal(at(night, '2026-11-18T10:00:00Z', 60), '2026-11-18T22:00:00.000Z')
    // Friday's shift ends on Saturday; the next one begins on Monday evening.
    assert.equal(at(night, '2026-11-21T04:30:00Z', 60), '2026-11-23T21:30:00.000Z')
    assert.equal(minutesOfDay({ ...calendar, ...night }), 480)
  })

  it('part of M48: go around the clock without a gap', () => {
    const always = { opensAtMinute: 0, closesAtMinute: 1440, workingDays: [1, 2, 3, 4, 5, 6, 7] }
    assert.equal(at(always, '2026-11-18T22:30:00Z', 60), '2026-11-18T23:30:00.000Z')
    assert.equal(at(always, '2026-11-18T22:30:00Z', 2 * 1440), '2026-11-20T22:30:00.000Z')
  })
})

describe('case T05: public holidays', () => {
  const regions = [
    { region: 'DE', timeZones: ['Europe/Berlin'], holidays: ['2026-10-03'] },
    { region: 'US', timeZones: ['America/New_York', 'America/Los_Angeles'], holidays: ['2026-11-26'] },
  ]
  const dueIn = (zone: string | null, from: string, minutes = 60) =>
    new Date(addBusinessMinutes({ ...calendar, regions }, zone, Date.parse(from), minutes)).toISOString()

  it('are those of the country in whose time zone somebody lives', () => {
    assert.equal(dueIn('America/New_York', '2026-11-26T15:00:00Z'), '2026-11-27T15:00:00.000Z')
    assert.equal(dueIn('US/Pacific', '2026-11-26T18:00:00Z'), '2026-11-27T18:00:00.000Z')
    assert.equal(dueIn('Europe/Berlin', '2026-11-26T10:00:00Z'), '2026-11-26T11:00:00.000Z')
  })

  it("are the company's own where no region has the zone, or the zone is not known", () => {
    const days = { ...calendar, regions: [{ region: 'DE', timeZones: ['Europe/Berlin'], holidays: ['2026-11-26'] }] }
    for (const zone of ['Asia/Tokyo', 'Etc/Unknown', null]) {
      const at = addBusinessMinutes(days, zone, Date.parse('2026-11-26T05:00:00Z'), 60)
      assert.equal(new Date(at).toISOString().slice(0, 10), '2026-11-27', String(zone))
    }
  })
})

describe('case T09: a time zone that the runtime does not know', () => {
  it("is the company's own, and never an error", () => {
    for (const zone of ['Etc/Unknown', 'Mars/Olympus', '', '(GMT-08:00) Pacific']) {
      assert.equal(due('2026-11-18T10:00:00Z', 60, zone), due('2026-11-18T10:00:00Z', 60), zone)
    }
  })
})

describe('whole business days', () => {
  it('between two instants agree with counting day by day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') }),
        fc.integer({ min: 0, max: 200 * 86_400_000 }),
        (from, span) => {
          const day = (ms: number) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(ms)
          const days = new Set<string>()
          for (let ms = from; ms < from + span; ms += 3_600_000) days.add(day(ms))
          days.delete(day(from))
          days.delete(day(from + span))
          const working = [...days].filter((d) => {
            const weekday = new Date(`${d}T12:00:00Z`).getUTCDay()
            return weekday !== 0 && weekday !== 6 && d !== '2026-12-25'
          })
          assert.equal(fullBusinessDaysBetween(calendar, from, from + span), working.length)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are reached exactly at the instant that is announced for them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') }),
        fc.integer({ min: 1, max: 60 }),
        (from, count) => {
          const at = afterFullBusinessDays(calendar, from, count)
          assert.equal(fullBusinessDaysBetween(calendar, from, at), count)
          assert.ok(fullBusinessDaysBetween(calendar, from, at - 1) < count)
        },
      ),
    )
  })
})
