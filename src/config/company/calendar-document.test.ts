import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addBusinessMinutes } from '../../model/calendar/business-time.ts'
import { minutesOfDay } from '../../model/calendar/working-days.ts'
import { parseYaml } from '../yaml/positioned-yaml.ts'
import { CalendarDocument } from './calendar-document.ts'

const ORDINARY = {
  timeZone: 'Europe/Berlin',
  workingDays: '[Mon, Tue, Wed, Thu, Fri]',
  opens: '"09:00"',
  closes: '"17:00"',
}
const yaml = (over: Record<string, string>) =>
  Object.entries({ ...ORDINARY, ...over })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
const read = (over: Record<string, string>) => {
  const parsed = parseYaml(yaml(over), CalendarDocument)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}
const refused = (over: Record<string, string>) => {
  const parsed = parseYaml(yaml(over), CalendarDocument)
  assert.ok(!parsed.ok)
  return parsed.errors.map(({ message }) => message).join('; ')
}

describe('the calendar of a company', () => {
  it('is what it was before where nothing new is asked of it', () => {
    assert.deepEqual(read({}), {
      timeZone: 'Europe/Berlin',
      workingDays: [1, 2, 3, 4, 5],
      opensAtMinute: 540,
      closesAtMinute: 1020,
      holidays: [],
    })
  })

  it('case T07: takes 24:00 for the end of a day', () => {
    assert.equal(minutesOfDay(read({ opens: '"00:00"', closes: '"24:00"' })), 1440)
    assert.match(refused({ opens: '"24:00"' }), /time of day in quotes/)
    assert.match(refused({ opens: '"00:00"', closes: '"00:00"' }), /"00:00" to "24:00"/)
  })

  it('case T06: takes breaks and short days', () => {
    const calendar = read({
      breaks: '[{ from: "12:00", to: "13:00" }]',
      hoursOn: '{ Fri: { opens: "09:00", closes: "14:00" } }',
    })
    assert.equal(minutesOfDay(calendar), 420)
    assert.deepEqual(calendar.hoursOn, { 5: { opensAtMinute: 540, closesAtMinute: 840 } })
    assert.match(refused({ breaks: '[{ from: "13:00", to: "12:00" }]' }), /later than from/)
    assert.match(refused({ breaks: '[{ from: "18:00", to: "19:00" }]' }), /between opens and closes/)
    assert.match(
      refused({ breaks: '[{ from: "12:00", to: "13:00" }, { from: "12:30", to: "14:00" }]' }),
      /after the break/,
    )
    assert.match(refused({ breaks: '[{ from: "09:00", to: "17:00" }]' }), /some time to work/)
    const saturday = '{ Sat: { opens: "10:00", closes: "12:00" } }'
    assert.match(refused({ hoursOn: saturday }), /is no working day; add Sat to workingDays, or remove its hours/)
    assert.ok(read({ hoursOn: saturday, workingDays: '[Mon, Tue, Sat]' }).hoursOn)
  })

  it('case T08: takes a shift over midnight, with a break on the next day', () => {
    const calendar = read({ opens: '"22:00"', closes: '"06:00"', breaks: '[{ from: "02:00", to: "02:30" }]' })
    assert.equal(minutesOfDay(calendar), 450)
    assert.deepEqual(calendar.breaks, [{ fromMinute: 1560, toMinute: 1590 }])
  })

  it('case T05: works out the public holidays of the countries that it names', () => {
    const calendar = read({ publicHolidays: '[DE-BE, US, GB]' })
    const off = (region: string) => calendar.regions?.find((one) => one.region === region)
    for (const day of ['2026-07-04', '2026-11-26', '2027-11-25']) assert.ok(off('US')?.holidays.includes(day), day)
    assert.ok(!off('US')?.holidays.includes('2026-10-31'), 'Halloween is no public holiday')
    for (const day of ['2026-10-03', '2026-04-03', '2027-03-08']) assert.ok(off('DE-BE')?.holidays.includes(day), day)
    assert.ok(off('GB')?.holidays.includes('2026-12-28'), 'the substitute of Boxing Day')
    assert.ok(off('US')?.timeZones.includes('America/New_York'))
    const thanksgiving = Date.parse('2026-11-26T15:00:00Z')
    const due = (zone: string) => new Date(addBusinessMinutes(calendar, zone, thanksgiving, 30)).toISOString()
    assert.equal(due('America/New_York'), '2026-11-27T14:30:00.000Z')
    assert.equal(due('Europe/Berlin'), '2026-11-26T15:30:00.000Z')
  })

  it('says which country or state it cannot name', () => {
    assert.match(refused({ publicHolidays: '[UK]' }), /"UK" is no country code; write GB/)
    assert.match(refused({ publicHolidays: '[Germany]' }), /write a code like US/)
    assert.match(refused({ publicHolidays: '[DE-XX]' }), /DE-BE, DE-BW|DE-BB/)
    for (const zone of ['Europe/Atlantis', 'EST', 'IST', 'PST', 'Berlin'])
      assert.match(refused({ timeZone: zone }), /IANA name/)
    assert.ok(read({ timeZone: 'CET' }))
  })
})
