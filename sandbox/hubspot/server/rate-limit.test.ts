import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RateLimits } from './rate-limit.ts'

const START_MS = Date.parse('2026-11-20T08:00:00Z')
const call = { appKey: 'app', oauth: false, search: false }

describe('rate limits', () => {
  it('never allow more calls in ten seconds than the limit, and always allow one after a full pause', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 8 }), (gapsMs, rateLimit) => {
        const limits = new RateLimits()
        const allowed: number[] = []
        let nowMs = START_MS
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          if (limits.take(call, { rateLimit, dailyLimit: 1_000_000, timeZone: 'UTC' }, nowMs).allowed)
            allowed.push(nowMs)
          assert.ok(allowed.filter((atMs) => atMs > nowMs - 10_000).length <= rateLimit)
        }
        assert.ok(limits.take(call, { rateLimit, dailyLimit: 1_000_000, timeZone: 'UTC' }, nowMs + 10_000).allowed)
      }),
    )
  })

  it('count per app, while all apps share the daily limit, which resets at midnight', () => {
    const limits = new RateLimits()
    const of = (appKey: string, atMs: number) =>
      limits.take({ ...call, appKey }, { rateLimit: 1, dailyLimit: 2, timeZone: 'UTC' }, atMs)
    assert.equal(of('a', START_MS).allowed, true)
    assert.equal(of('a', START_MS + 1).allowed, false)
    assert.equal(of('b', START_MS + 2).allowed, true)
    const third = of('c', START_MS + 3)
    assert.equal(third.allowed === false && third.policyName, 'DAILY')
    assert.equal(of('c', START_MS + 86_400_000).allowed, true)
  })

  it("the day ends at the account's midnight", () => {
    const limits = new RateLimits()
    const at = (iso: string) =>
      limits.take(call, { rateLimit: 10, dailyLimit: 1, timeZone: 'America/New_York' }, Date.parse(iso)).allowed
    assert.equal(at('2026-11-20T23:00:00Z'), true)
    assert.equal(at('2026-11-21T00:30:00Z'), false, 'still the evening of the 20th in New York')
    assert.equal(at('2026-11-21T04:59:59Z'), false)
    assert.equal(at('2026-11-21T05:00:00Z'), true)
  })

  it('hide the daily limit from OAuth apps and send no headers with searches', () => {
    const limits = new RateLimits()
    const limit = { rateLimit: 10, dailyLimit: 10, timeZone: 'UTC' }
    const headers = (more: object) => Object.keys(limits.take({ ...call, ...more }, limit, START_MS).headers)
    assert.ok(headers({}).includes('x-hubspot-ratelimit-daily'))
    assert.deepEqual(
      headers({ oauth: true }).filter((name) => name.includes('daily')),
      [],
    )
    assert.deepEqual(headers({ search: true }), [])
  })
})
