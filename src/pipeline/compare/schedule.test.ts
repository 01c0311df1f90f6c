import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dueComparison } from './schedule.ts'

const at = (iso: string) => Date.parse(`${iso}Z`)
const idle = { state: 'idle', notBefore: null, lastFullAt: null, lastRecentAt: null } as const

describe('the schedule of comparisons', () => {
  it('starts with all records, not before the first is due and not while one is requested', () => {
    const now = { nowMs: at('2026-11-22T12:00'), timeZone: null }
    assert.equal(dueComparison(idle, now), 'full')
    assert.equal(dueComparison({ ...idle, notBefore: new Date(now.nowMs + 1) }, now), null)
    assert.equal(dueComparison({ ...idle, state: 'asked' }, now), null)
  })

  it('compares all records once a night, in the time zone of the account', () => {
    const check = {
      ...idle,
      lastFullAt: new Date(at('2026-11-21T03:00')),
      lastRecentAt: new Date(at('2026-11-22T09:59')),
    }
    assert.equal(dueComparison(check, { nowMs: at('2026-11-22T10:30'), timeZone: 'America/Los_Angeles' }), 'full')
    assert.equal(dueComparison(check, { nowMs: at('2026-11-22T10:30'), timeZone: 'Europe/Berlin' }), null)
    const tonight = { ...check, lastFullAt: new Date(at('2026-11-22T10:05')) }
    assert.equal(dueComparison(tonight, { nowMs: at('2026-11-22T10:30'), timeZone: 'America/Los_Angeles' }), null)
  })

  it('compares by day where nothing ran for two nights, and with a time zone name that this runtime lacks', () => {
    const check = { ...idle, lastFullAt: new Date(at('2026-11-21T00:00')), lastRecentAt: null }
    assert.equal(dueComparison(check, { nowMs: at('2026-11-22T12:00'), timeZone: 'Nowhere/At_All' }), 'full')
  })

  it('compares recent records every hour in between', () => {
    const check = {
      ...idle,
      lastFullAt: new Date(at('2026-11-22T03:00')),
      lastRecentAt: new Date(at('2026-11-22T11:00')),
    }
    assert.equal(dueComparison(check, { nowMs: at('2026-11-22T11:59'), timeZone: null }), null)
    assert.equal(dueComparison(check, { nowMs: at('2026-11-22T12:00'), timeZone: null }), 'recent')
  })
})
