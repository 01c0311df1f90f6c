import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkEveryMs } from './check-interval.ts'

describe('how often a CRM is asked what no event tells', () => {
  it('is every minute where the day has many calls, and about every two for the fields of a usual Salesforce org', () => {
    assert.equal(checkEveryMs(4, 625_000), 60_000)
    assert.ok(checkEveryMs(5, 100_000) <= 150_000)
    assert.equal(checkEveryMs(2, 100_000), 60_000, 'our tasks')
    assert.equal(checkEveryMs(4, null), 120_000)
  })

  it('takes at most three of a hundred calls, and never longer than ten minutes', () => {
    for (const calls of [15_000, 50_000, 100_000, 1_000_000]) {
      const everyMs = checkEveryMs(5, calls)
      assert.ok(everyMs === 600_000 || (5 * 86_400_000) / everyMs <= calls * 0.03 + 1, `${calls}: ${everyMs}`)
    }
    assert.equal(checkEveryMs(5, 0), 600_000)
  })
})
