import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../test/support/example.ts'
import type { MarkedClass } from './mark.ts'
import { findRule, liveMark, markedContent, markedHash, type StoredMark, withMarks } from './marks.ts'
import { type Branch, type Policy, policyContent } from './policy.ts'

const { marks: _, ...UNMARKED } = POLICY
const { branch, rule } = findRule(POLICY, 'dach')!

function stored(over: Partial<StoredMark> = {}): StoredMark {
  const ruleHash = markedHash(markedContent(branch, rule))
  return { id: 1, workflow: POLICY.workflow, rule: 'dach', ruleHash, class: 'risky', endsAtMs: 1_000, ...over }
}

/** What is marked once the branch with its rule is this. */
function marked(change: (last: Branch) => Partial<Branch>, over: Partial<StoredMark> = {}): number {
  const [first, last] = UNMARKED.boundary as [Branch, Branch]
  const policy: Policy = { ...UNMARKED, boundary: [first, { ...last, ...change(last) }] }
  return withMarks(policy, [stored(over)]).marks?.length ?? 0
}

describe('a mark', () => {
  it('is of the rule as it was: another condition, owner or id makes it void', () => {
    const withRule = (over: Partial<typeof rule>) =>
      marked((last) => ({ rules: last.rules.map((one) => (one.id === 'dach' ? { ...one, ...over } : one)) }))
    assert.equal(withRule({}), 1)
    assert.equal(withRule({ when: [{ field: 'fact.country', op: 'in', values: ['DE', 'AT', 'CH'] }] }), 0)
    assert.equal(withRule({ when: [] }), 0)
    assert.equal(withRule({ owner: 'somebody-else@brightwater.example' }), 0)
    assert.equal(withRule({ owner: 'leave-alone' }), 0)
    assert.equal(withRule({ id: 'dach-2' }), 0)
    assert.equal(
      marked(() => ({ rules: [] })),
      0,
    )
  })

  it('is of the records that its branch is for: other conditions of the branch make it void', () => {
    assert.equal(
      marked(() => ({ when: [{ field: 'fact.country', op: 'not-in', values: ['JP'] }] })),
      0,
    )
    assert.equal(
      marked(() => ({ branch: 'other-name', because: 'Other words.' })),
      1,
    )
  })

  it('stays where only words, the place of the rule, or other rules change', () => {
    const words = (last: Branch) => last.rules.map((one) => ({ ...one, because: 'Other words.' }))
    assert.equal(
      marked((last) => ({ rules: words(last) })),
      1,
    )
    assert.equal(
      marked((last) => ({ rules: last.rules.toReversed() })),
      1,
    )
    assert.equal(
      marked((last) => ({ rules: last.rules.filter(({ id }) => id === 'dach') })),
      1,
    )
    assert.equal(
      marked(() => ({ settles: [] })),
      1,
    )
  })

  it('stands again where a version is as it was when it was marked', () => {
    const edited = { ...UNMARKED, boundary: UNMARKED.boundary.map((one) => ({ ...one, rules: [] })) }
    assert.equal(withMarks(edited, [stored()]).marks, undefined)
    assert.equal(withMarks(UNMARKED, [stored()]).marks?.length, 1)
  })

  it('is of one workflow: the same rule of another one is not marked', () => {
    assert.equal(withMarks({ ...UNMARKED, workflow: 'other' }, [stored()]).marks, undefined)
    assert.equal(withMarks({ ...UNMARKED, workflow: 'other' }, [stored({ workflow: 'other' })]).marks?.length, 1)
  })

  it('is no part of what a version is', () => {
    const with1 = withMarks(UNMARKED, [stored()])
    assert.deepEqual(policyContent(with1), policyContent(UNMARKED))
    assert.equal('marks' in policyContent(with1), false)
    assert.deepEqual(with1.marks, [{ id: 1, rule: 'dach', class: 'risky', endsAtMs: 1_000 }])
    assert.equal(withMarks(UNMARKED, []), UNMARKED)
  })

  it('lets until the millisecond of its end, for its rule and class alone', () => {
    const policy = withMarks(UNMARKED, [stored(), stored({ id: 2, endsAtMs: 900 })])
    const at = (nowMs: number, name = 'dach', of: MarkedClass = 'risky') =>
      liveMark(policy, name, of, nowMs)?.id ?? null
    assert.deepEqual([at(0), at(899), at(900), at(999), at(1_000), at(1_001)], [1, 1, 1, 1, null, null])
    assert.deepEqual([at(0, 'france'), at(0, 'dach', 'customer-facing')], [null, null])
    assert.equal(liveMark({}, 'dach', 'risky', 0), null)
  })

  it('has the same hash however its content is spelled', () => {
    const content = markedContent(branch, rule)
    const turned = Object.fromEntries(Object.entries(content).toReversed()) as typeof content
    assert.equal(markedHash(turned), markedHash(content))
    assert.match(markedHash(content), /^[0-9a-f]{64}$/)
  })
})
