import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact } from '../../../test/support/example.ts'
import { zoneOf } from '../record/wall-clock.ts'
import type { Condition } from './condition.ts'
import { olderFromMs } from './days.ts'
import { allHold, compileConditions } from './evaluate.ts'
import { nextFlipMs } from './next-flip.ts'
import { placeRecord } from './place-record.ts'
import { indexTable } from './table-index.ts'

/** One by one and through the index, which must agree. */
function holds(condition: Condition, value: string, timeZone: string, now = '2026-11-18T10:00:00Z'): boolean {
  const { facts } = caseOf(contact({ [condition.field]: value }), { nowMs: Date.parse(now) })
  const compiled = compileConditions([condition], timeZone)
  const answer = allHold(compiled, facts) === true
  assert.equal(placeRecord(indexTable([compiled]), facts).row === 0, answer)
  return answer
}

const range = (from: string | null, below: string | null): Condition => ({
  field: 'closedate',
  op: 'range',
  from,
  below,
})
const older = (days: number): Condition => ({ field: 'd', op: 'older-than', days })

describe('days in conditions', () => {
  it('case T01: begin at midnight of the company, not of Greenwich', () => {
    const closed = '2023-04-01T01:09:00.000Z'
    assert.equal(holds(range(null, '2023-04-01'), closed, 'America/Phoenix'), true)
    assert.equal(holds(range(null, '2023-04-01'), closed, 'UTC'), false)
    assert.equal(holds(range('2023-04-01', null), closed, 'America/Phoenix'), false)
    assert.equal(holds(range('2023-04-01', '2023-04-02'), '2023-03-31T12:00:00Z', 'Pacific/Auckland'), true)
    assert.equal(holds(range('2023-04-01', '2023-04-02'), '2023-04-01', 'America/Phoenix'), true)
    assert.equal(holds(range('2023-04-01', '2023-04-02'), '2023-04-02', 'America/Phoenix'), false)
    assert.equal(holds(range('2023-04-01', null), 'soon', 'America/Phoenix'), false)
    assert.equal(holds(range('2023-04-01', null), '2023-02-31', 'America/Phoenix'), false)
  })

  it('case T10: count whole days of the calendar for a day', () => {
    assert.equal(holds(older(7), '2026-11-11', 'Pacific/Auckland'), false)
    assert.equal(holds(older(6), '2026-11-11', 'Pacific/Auckland'), true)
    // 19 November there at last.
    assert.equal(holds(older(7), '2026-11-11', 'Pacific/Auckland', '2026-11-18T11:00:00Z'), true)
    assert.equal(holds(older(7), '2026-11-11', 'America/Los_Angeles', '2026-11-19T07:59:00Z'), false)
    assert.equal(holds(older(7), '2026-11-11', 'America/Los_Angeles', '2026-11-19T08:00:00Z'), true)
  })

  it('take an instant to the millisecond', () => {
    assert.equal(holds(older(7), '2026-11-11T10:00:00Z', 'Pacific/Auckland'), false)
    assert.equal(holds(older(7), '2026-11-11T09:59:59.999Z', 'Pacific/Auckland'), true)
  })

  it('wake a record at the midnight with which the day is old enough', () => {
    for (const [timeZone, day] of [
      ['Pacific/Auckland', '2026-11-11'],
      ['America/New_York', '2026-11-01'],
      ['America/Sao_Paulo', '2018-11-02'],
    ] as const) {
      const fromMs = olderFromMs(day, 7, zoneOf(timeZone))!
      const at = (ms: number) => new Date(ms).toISOString()
      assert.equal(holds(older(7), day, timeZone, at(fromMs - 1)), false, timeZone)
      assert.equal(holds(older(7), day, timeZone, at(fromMs)), true, timeZone)
      const facts = caseOf(contact({ d: day }), { nowMs: fromMs - 1 }).facts
      assert.equal(nextFlipMs(compileConditions([older(7)], timeZone), facts), fromMs)
    }
    assert.equal(olderFromMs('2026-02-31', 7, zoneOf('UTC')), null)
    assert.equal(olderFromMs('none', 7, zoneOf('UTC')), null)
  })
})
