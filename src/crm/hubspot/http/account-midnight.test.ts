import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextMidnightMs } from './account-midnight.ts'

const iso = (now: string, zone: string | null) => new Date(nextMidnightMs(Date.parse(now), zone)).toISOString()

describe("the end of an account's day", () => {
  it('is midnight in its own zone', () => {
    assert.equal(iso('2026-11-22T10:07:31.123Z', 'UTC'), '2026-11-23T00:00:00.000Z')
    assert.equal(iso('2026-11-22T10:07:31.123Z', 'America/New_York'), '2026-11-23T05:00:00.000Z')
    assert.equal(iso('2026-11-22T10:07:31.123Z', 'Asia/Kathmandu'), '2026-11-22T18:15:00.000Z')
  })

  it('is right on the days of 23 and 25 hours', () => {
    assert.equal(iso('2026-03-28T23:30:00Z', 'Europe/Berlin'), '2026-03-29T22:00:00.000Z')
    assert.equal(iso('2026-10-24T22:30:00Z', 'Europe/Berlin'), '2026-10-25T23:00:00.000Z')
  })

  it('is an hour away if the zone is unknown', () => {
    assert.equal(iso('2026-11-22T10:00:00Z', null), '2026-11-22T11:00:00.000Z')
    assert.equal(iso('2026-11-22T10:00:00Z', 'Mars/Olympus'), '2026-11-22T11:00:00.000Z')
  })
})
