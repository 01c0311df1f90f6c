import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backOff } from './back-off.ts'

describe('the wait before a repeated attempt', () => {
  it('doubles with every failed attempt and stays at the largest, however often it failed', () => {
    const waits = [1, 2, 3, 4, 5, 5_000].map((attempt) => backOff({ first: 250, largest: 2_000 }, attempt))
    assert.deepEqual(waits, [250, 500, 1_000, 2_000, 2_000, 2_000])
  })
})
