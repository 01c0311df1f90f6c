import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dateLiteralRange } from './date-literal.ts'

const SUNDAY = Date.parse('2026-11-22T10:30:00Z')

describe('date literals', () => {
  const cases: readonly [string, number | null, string, string][] = [
    ['TODAY', null, '2026-11-22', '2026-11-23'],
    ['YESTERDAY', null, '2026-11-21', '2026-11-22'],
    ['LAST_N_DAYS', 7, '2026-11-15', '2026-11-23'],
    ['NEXT_N_DAYS', 2, '2026-11-23', '2026-11-25'],
    ['N_DAYS_AGO', 3, '2026-11-19', '2026-11-20'],
    ['THIS_WEEK', null, '2026-11-22', '2026-11-29'],
    ['LAST_MONTH', null, '2026-10-01', '2026-11-01'],
    ['THIS_QUARTER', null, '2026-10-01', '2027-01-01'],
    ['LAST_QUARTER', null, '2026-07-01', '2026-10-01'],
    ['NEXT_YEAR', null, '2027-01-01', '2028-01-01'],
    ['LAST_N_MONTHS', 2, '2026-09-01', '2026-11-01'],
  ]
  for (const [name, n, from, to] of cases) {
    it(`${name}${n === null ? '' : `:${n}`} runs from ${from} up to ${to}`, () => {
      const range = dateLiteralRange(name, n, SUNDAY)
      const day = (ms: number) => new Date(ms).toISOString()
      assert.deepEqual([day(range.fromMs), day(range.toMs)], [`${from}T00:00:00.000Z`, `${to}T00:00:00.000Z`])
    })
  }
})
