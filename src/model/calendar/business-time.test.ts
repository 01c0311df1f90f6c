import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { POLICY } from '../../../test/support/example.ts'
import { addBusinessMinutes, afterFullBusinessDays, fullBusinessDaysBetween } from './business-time.ts'

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
