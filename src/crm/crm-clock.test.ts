import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { answerClock } from './crm-clock.ts'

const NOW_MS = Date.UTC(2026, 10, 24, 9, 0, 0, 250)
const httpDate = (atMs: number) => new Date(atMs).toUTCString()

describe("the CRM's clock by its answers", () => {
  it('is unknown until an answer says a time, and stays what it was when one says none', () => {
    const clock = answerClock(() => NOW_MS)
    assert.equal(clock.note(undefined, 10), null)
    assert.equal(clock.note('yesterday', 10), null)
    assert.equal(clock.aheadMs(), null)
    clock.note(httpDate(NOW_MS + 600_000), 10)
    const aheadMs = clock.aheadMs()
    clock.note(null, 10)
    assert.equal(clock.aheadMs(), aheadMs)
  })

  it('is told to a second and half of how long the answer took, and never shows more than it did when it was asked', () => {
    const span = { min: 0, max: 30_000 }
    fc.assert(
      fc.property(
        fc.integer({ min: -900_000, max: 900_000 }),
        fc.integer(span),
        fc.integer(span),
        (skew, there, back) => {
          const clock = answerClock(() => NOW_MS)
          const askedMs = NOW_MS - there - back + skew
          // It says its time anywhere between the arrival of the question and the end of the answer.
          const askedAtLeastMs = clock.note(httpDate(askedMs + there), there + back)
          assert.ok(askedAtLeastMs! <= askedMs)
          assert.ok(Math.abs(clock.aheadMs()! - skew) <= 500 + (there + back) / 2)
        },
      ),
    )
  })
})
