import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, POLICY } from '../../../test/support/example.ts'
import { marksFor } from '../../../test/support/marked.ts'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../classes/class.ts'
import { finding } from '../patterns/contract/pattern.ts'
import { compilePolicy } from '../policy/compile.ts'
import { MARKED_CLASSES, type MarkedClass } from '../policy/mark.ts'
import { routeRecord } from '../policy/routing.ts'
import type { FoundException } from './found-exception.ts'
import { leaveToSettle, settledBy } from './settled-by.ts'

const { facts } = caseOf(contact())
const routing = routeRecord(compilePolicy({ hash: 'x', policy: POLICY }), facts)
const found = (of: ExceptionClass, pattern = 'orphaned-owner') =>
  ({ class: of, finding: finding({ pattern, what: '', todo: '', evidence: {} }) }) as FoundException

/** The classes that the rule which wins may settle with these marks. */
function settles(marks: readonly MarkedClass[], pattern = 'orphaned-owner'): ExceptionClass[] {
  const policy = { marks: marksFor(POLICY, marks) }
  return EXCEPTION_CLASSES.filter((of) => leaveToSettle(found(of, pattern), routing, policy, 0) !== null)
}

describe('what lets a rule settle a case', () => {
  it('is the policy alone for expected cases, and a mark of exactly their class for all others', () => {
    assert.deepEqual(settles([]), ['expected'])
    for (const of of MARKED_CLASSES) assert.deepEqual(settles([of]), ['expected', of])
    assert.deepEqual(settles(MARKED_CLASSES), ['expected', ...MARKED_CLASSES])
    assert.equal(leaveToSettle(found('expected'), routing, {}, 0), 'expected')
  })

  it('is nothing for an unknown, even one that is marked', () => {
    assert.deepEqual(settles(['unknown' as MarkedClass]), ['expected'])
  })

  it('is nothing for a pattern that the branch does not settle, without a branch, or where no rule wins', () => {
    assert.deepEqual(settles(MARKED_CLASSES, 'stale-territory'), [])
    for (const nowhere of [
      { branch: null, winner: null },
      { branch: routing.branch, winner: null },
    ]) {
      assert.equal(leaveToSettle(found('expected'), nowhere, POLICY, 0), null)
    }
  })

  it('is told for each case apart', () => {
    const cases = [found('expected'), found('risky'), found('customer-facing')]
    const marks = marksFor(POLICY)
    const leaves = settledBy(cases, routing, { marks }, 0)
    assert.deepEqual([...leaves.keys()], cases.slice(0, 2))
    assert.deepEqual([...leaves.values()], ['expected', marks.find(({ rule }) => rule === 'dach')])
  })
})
