import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../test/support/example.ts'
import { EXCEPTION_CLASSES } from '../classes/class.ts'
import type { Branch, Policy } from '../policy/policy.ts'
import { matrixRows } from './matrix.ts'

const rowOf = (policy: Policy, name: string) => matrixRows(policy).find((row) => row.class === name)!
const branch = (over: Partial<Branch>): Branch => ({
  ...POLICY.boundary[0]!,
  mode: 'rules',
  settles: ['orphaned-owner'],
  settlesClasses: [],
  ...over,
})

describe('the rows of the matrix', () => {
  it('are the five classes in their order, also where a policy leads to none of them', () => {
    const bare = { ...POLICY, classes: [], patterns: [], boundary: [] }
    for (const policy of [POLICY, bare]) {
      assert.deepEqual(
        matrixRows(policy).map((row) => row.class),
        EXCEPTION_CLASSES,
      )
    }
    assert.deepEqual(rowOf(bare, 'expected').kinds, [])
  })

  it('say what leads to a class in words, each thing once, and what every policy has', () => {
    const rule = { when: [], because: 'Agreed in May.' }
    const classes = [
      { ...rule, pattern: 'missing-field', class: 'expected' as const },
      { ...rule, pattern: 'missing-field', class: 'expected' as const },
      { ...rule, class: 'risky' as const },
    ]
    const policy = {
      ...POLICY,
      classes,
      guards: { ...POLICY.guards, revenueThreshold: 50_000, revenueCurrency: 'USD' },
    }
    assert.deepEqual(rowOf(policy, 'expected').kinds, ['Missing field'])
    assert.deepEqual(rowOf(policy, 'risky').kinds, ['Agreed in May.'])
    assert.deepEqual(rowOf(policy, 'customer-facing').kinds, ['Any case of an existing customer'])
    assert.deepEqual(rowOf(policy, 'revenue-impacting').kinds, ['Any case with open pipeline of 50,000 USD or more'])
  })

  it('name a pattern that nobody gave a class as unknown, unless a rule takes any pattern', () => {
    const patterns = [{ pattern: 'ownership-flapping', changes: 3, withinHours: 72 }]
    const unclassed = { ...POLICY, patterns, classes: [] }
    assert.deepEqual(rowOf(unclassed, 'unknown').kinds, ['Ownership flapping', 'Anything that cannot be read'])
    const any = { ...unclassed, classes: [{ when: [], class: 'risky' as const, because: 'All of it.' }] }
    assert.deepEqual(rowOf(any, 'unknown').kinds, ['Anything that cannot be read'])
  })

  it('count the rules of the branches that may settle such a case, and never for an unknown', () => {
    const [rule] = POLICY.boundary.flatMap(({ rules }) => rules)
    const two = branch({ branch: 'two', rules: [rule!, rule!] })
    const one = branch({ branch: 'one', rules: [rule!], settlesClasses: ['customer-facing', 'unknown'] })
    const policy = { ...POLICY, boundary: [two, one, branch({ branch: 'asks', mode: 'review' })] }
    assert.deepEqual(rowOf(policy, 'expected').rules, { says: 'Yes, 3 rules', branches: ['two', 'one'] })
    assert.deepEqual(rowOf(policy, 'customer-facing').rules, { says: 'Yes, 1 rule', branches: ['one'] })
    assert.deepEqual(rowOf(policy, 'revenue-impacting').rules, { says: 'No', branches: [] })
    assert.deepEqual(rowOf(policy, 'unknown').rules, { says: 'Never', branches: [] })
    const settlesNothing = { ...POLICY, boundary: [branch({ settles: [], rules: [rule!] })] }
    assert.equal(rowOf(settlesNothing, 'expected').rules.says, 'No')
  })
})
