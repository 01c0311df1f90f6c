import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../test/support/example.ts'
import { EXCEPTION_CLASSES } from '../classes/class.ts'
import type { Mark } from '../policy/mark.ts'
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

  it('count the rules that may settle such a case, above expected those that are marked, and never for an unknown', () => {
    const [rule] = POLICY.boundary.flatMap(({ rules }) => rules)
    const named = (id: string) => ({ ...rule!, id })
    const two = branch({ branch: 'two', rules: [named('a'), named('b')] })
    const one = branch({ branch: 'one', rules: [named('c')], settlesClasses: ['revenue-impacting'] })
    const on = (day: string) => Date.parse(`${day}T20:00:00Z`)
    const marks: Mark[] = [
      { id: 1, rule: 'a', class: 'risky', endsAtMs: on('2027-03-03') },
      { id: 2, rule: 'b', class: 'risky', endsAtMs: on('2027-05-01') },
      { id: 3, rule: 'a', class: 'risky', endsAtMs: on('2027-04-01') },
      { id: 4, rule: 'c', class: 'customer-facing', endsAtMs: on('2027-06-01') },
      { id: 5, rule: 'gone', class: 'revenue-impacting', endsAtMs: on('2027-06-01') },
    ]
    const policy = { ...POLICY, marks, boundary: [two, one, branch({ branch: 'asks', mode: 'review' })] }
    const says = (name: string) => rowOf(policy, name).rules
    assert.deepEqual(says('expected'), { says: 'Yes, 3 rules', branches: ['two', 'one'] })
    assert.deepEqual(says('risky'), { says: 'Yes, 2 rules, until Apr 1, 2027', branches: ['two'] })
    assert.deepEqual(says('customer-facing'), { says: 'Yes, 1 rule, until Jun 1, 2027', branches: ['one'] })
    assert.deepEqual(says('revenue-impacting'), { says: 'No', branches: [] })
    assert.deepEqual(says('unknown'), { says: 'Never', branches: [] })
    const settlesNothing = { ...POLICY, boundary: [branch({ settles: [], rules: [rule!] })] }
    assert.equal(rowOf(settlesNothing, 'expected').rules.says, 'No')
  })

  it('name the day of an end in the company’s zone', () => {
    const marks = [{ id: 1, rule: 'dach', class: 'risky' as const, endsAtMs: Date.parse('2027-03-03T23:30:00Z') }]
    const inZone = (timeZone: string) =>
      rowOf({ ...POLICY, marks, calendar: { ...POLICY.calendar, timeZone } }, 'risky').rules.says
    assert.equal(inZone('Europe/Berlin'), 'Yes, 1 rule, until Mar 4, 2027')
    assert.equal(inZone('America/New_York'), 'Yes, 1 rule, until Mar 3, 2027')
  })
})
