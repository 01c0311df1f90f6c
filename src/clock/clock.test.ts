import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { followSharedClock, machineMs, now, nowMs, skewMachineClock } from './clock.ts'

const TEN_MINUTES_MS = 600_000

describe('the time of a process', () => {
  afterEach(() => {
    skewMachineClock(0)
    followSharedClock(Date.now(), 0)
  })

  for (const aheadMs of [TEN_MINUTES_MS, -TEN_MINUTES_MS]) {
    it(`is the database's on a machine whose clock is ${aheadMs / 60_000} minutes off`, () => {
      skewMachineClock(aheadMs)
      assert.ok(Math.abs(nowMs() - Date.now() - aheadMs) < 1_000, 'as wrong as the machine before it asked')
      followSharedClock(Date.now(), 4)
      assert.ok(Math.abs(nowMs() - Date.now()) < 100)
      assert.ok(Math.abs(now().getTime() - Date.now()) < 100)
      assert.ok(Math.abs(machineMs() - Date.now() - aheadMs) < 100, 'the machine keeps its own')
    })
  }

  it('follows a clock that is set again while it runs', () => {
    followSharedClock(Date.now(), 0)
    skewMachineClock(-3_600_000)
    followSharedClock(Date.now(), 0)
    assert.ok(Math.abs(nowMs() - Date.now()) < 100)
  })

  it('does not step for a difference that the time of asking explains', () => {
    skewMachineClock(0)
    const before = nowMs() - Date.now()
    for (const answeredAgoMs of [0, 400, 1_000]) {
      followSharedClock(Date.now() - answeredAgoMs, 1_000)
      assert.ok(Math.abs(nowMs() - Date.now() - before) < 5, `answered ${answeredAgoMs} ms ago`)
    }
  })
})
