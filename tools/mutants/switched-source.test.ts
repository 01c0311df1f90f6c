import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IS_REMOVED, withSwitches } from './switched-source.ts'
import { unknownBranches } from './unknown-branches.ts'

const branchesOf = (text: string) => unknownBranches('a.ts', text).map((branch, number) => ({ ...branch, number }))

/** The value of an expression with one of its unknown branches removed; null: with none removed. */
function answerOf(expression: string, removed: number | null): unknown {
  const Unknown = Object.assign(class {}, { both: (a: unknown, b: unknown) => a ?? b })
  const reached = (number: number) => number === removed
  const text = withSwitches(expression, branchesOf(expression)).replaceAll(`globalThis.${IS_REMOVED}`, 'reached')
  return new Function('Unknown', 'reached', 'hidden', `return ${text}`)(Unknown, reached, new Unknown())
}

describe('a source with switches', () => {
  it('is the source as it was while none is on', () => {
    assert.equal(withSwitches('const a = 1 // x', branchesOf('const a = 1 // x')), 'const a = 1 // x')
    assert.equal(answerOf("hidden instanceof Unknown ? 'held' : 'passed'", null), 'held')
    assert.equal(answerOf("(hidden instanceof Unknown || false) && 'held'", null), 'held')
  })

  it('forgets the one branch whose switch is on, also one within another', () => {
    const nested = 'Unknown.both(1 instanceof Unknown ? 1 : null, hidden instanceof Unknown ? 2 : 3)'
    assert.deepEqual(
      branchesOf(nested).map(({ was }) => was),
      [nested, '1 instanceof Unknown', 'hidden instanceof Unknown'],
    )
    assert.deepEqual(
      [null, 0, 1, 2].map((removed) => answerOf(nested, removed)),
      [2, null, 2, 3],
    )
  })

  it('switches each of several beside each other', () => {
    const several = '[hidden instanceof Unknown, hidden instanceof Unknown, hidden.x !== true]'
    assert.deepEqual(
      [null, 0, 1, 2].map((removed) => answerOf(several, removed)),
      [
        [true, true, true],
        [false, true, true],
        [true, false, true],
        [true, true, false],
      ],
    )
  })
})
