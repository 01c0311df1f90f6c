import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { caseOf, contact, NOW_MS } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import type { Condition } from './condition.ts'
import { allHold, compileConditions } from './evaluate.ts'
import { nextFlipMs } from './next-flip.ts'

const DAY_MS = 86_400_000
const older = (field: string, days: number): Condition => ({ field, op: 'older-than', days })

describe('when conditions begin to hold by the clock alone', () => {
  const flip = (when: readonly Condition[], values: Record<string, FieldText>, unreadable: string[] = []) => {
    const at = nextFlipMs(
      compileConditions(when),
      caseOf(contact(values, unreadable.length > 0 ? { unreadable: new Set(unreadable) } : {})).facts,
    )
    return at === null ? null : at - NOW_MS
  }
  const ago = (days: number) => new Date(NOW_MS - days * DAY_MS).toISOString()

  it('is the first millisecond past the age of an instant, and the midnight past that of a day', () => {
    assert.equal(flip([older('seen', 10)], { seen: ago(9) }), DAY_MS + 1)
    assert.equal(flip([older('seen', 0.5)], { seen: ago(0) }), DAY_MS / 2 + 1)
    const day = new Date(NOW_MS).toISOString().slice(0, 10)
    assert.equal(flip([older('seen', 3)], { seen: day }), Date.parse(day) + 4 * DAY_MS - NOW_MS)
  })

  it('is the last of several ages, and none where they hold, can never hold, or something else is against it', () => {
    assert.equal(flip([older('a', 10), older('b', 20)], { a: ago(9), b: ago(15) }), 5 * DAY_MS + 1)
    assert.equal(flip([older('a', 10)], { a: ago(11) }), null)
    for (const never of [null, 'soon', ''])
      assert.equal(flip([older('a', 10), older('b', 1)], { a: ago(9), b: never }), null)
    assert.equal(flip([older('a', 10), { field: 'b', op: 'not-blank' }], { a: ago(9), b: null }), null)
  })

  it('waits for no time where the age is of a field that is not known', () => {
    assert.equal(flip([older('a', 10)], { a: ago(9) }, ['a']), null)
    assert.equal(flip([older('a', 10), older('b', 20)], { a: ago(9), b: ago(1) }, ['a']), 19 * DAY_MS + 1)
  })

  it('is exactly where the answer changes, and nowhere before', () => {
    const value = fc.oneof(
      fc.integer({ min: -40 * DAY_MS, max: 5 * DAY_MS }).map((ms) => new Date(NOW_MS + ms).toISOString()),
      fc.integer({ min: -40, max: 5 }).map((days) => new Date(NOW_MS + days * DAY_MS).toISOString().slice(0, 10)),
      fc.constantFrom(null, 'x'),
    )
    const condition = fc.oneof(
      fc
        .record({ field: fc.constantFrom('a', 'b', 'c'), days: fc.integer({ min: 0, max: 30 }) })
        .map((c) => older(c.field, c.days)),
      fc.constantFrom('a', 'b').map((field): Condition => ({ field, op: 'not-blank' })),
    )
    fc.assert(
      fc.property(
        fc.array(condition, { maxLength: 4 }),
        fc.record({ a: value, b: value, c: value }),
        fc.subarray(['a', 'b']),
        (conditions, values, hidden) => {
          const when = compileConditions(conditions)
          const record = contact(values, { unreadable: new Set(hidden) })
          const truthAt = (nowMs: number) => {
            const truth = allHold(when, caseOf(record, { nowMs }).facts)
            return typeof truth === 'boolean' ? truth : 'unknown'
          }
          const at = nextFlipMs(when, caseOf(record).facts)
          if (at === null) {
            for (const days of [1, 7, 40, 400]) assert.equal(truthAt(NOW_MS + days * DAY_MS), truthAt(NOW_MS))
            return
          }
          assert.notEqual(truthAt(at), truthAt(NOW_MS))
          assert.equal(truthAt(at - 1), truthAt(NOW_MS))
        },
      ),
    )
  })
})
