import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, POLICY, versionOf } from '../../../test/support/example.ts'
import type { Conditions, Rule } from '../rules/condition.ts'
import { territoryConflicts } from './territory-conflicts.ts'

const rules = (...more: Partial<Rule>[]) => ({
  boundary: POLICY.boundary.map((branch) =>
    branch.mode === 'rules'
      ? {
          ...branch,
          rules: more.map((one, i) => ({ id: `rule-${i}`, when: [], because: 'x', owner: at('dach'), ...one })),
        }
      : branch,
  ),
})
const country = (...values: string[]): Conditions => [{ field: 'fact.country', op: 'in', values }]
const says = (...more: Partial<Rule>[]) => territoryConflicts(versionOf(rules(...more))).map((one) => one.says)
const contradicts = (rule: string, example: string, owner: string, territory: string) =>
  `rule ${rule} gives ${example} to ${at(owner)}, who does not work its territory ${territory} by territories.yaml; Lanekeeper writes no such record and makes a case of it`

describe('rules that contradict the territory table', () => {
  it('case W03: are found with a record on which they do', () => {
    assert.deepEqual(says({ when: country('DE', 'FR'), owner: at('dach') }), [
      contradicts('rule-0', 'a contact with the country FR', 'dach', 'france (France)'),
    ])
    assert.deepEqual(says({ when: country('DE'), owner: at('france') }), [
      contradicts('rule-0', 'a contact with the country DE', 'france', 'dach (Germany, Austria)'),
    ])
  })

  it('name every input that the record needs', () => {
    const size: Conditions = [{ field: 'fact.employees', op: 'range', from: '500', below: null }]
    assert.deepEqual(says({ when: [...country('DE'), ...size], owner: at('rita') }), [
      contradicts(
        'rule-0',
        'a contact with the country DE and the number of employees 500',
        'rita',
        'dach (Germany, Austria)',
      ),
    ])
  })

  it('are none where an earlier rule or branch takes every such record', () => {
    assert.deepEqual(says({ when: country('FR'), owner: at('france') }, { when: country('DE', 'FR') }), [])
    assert.deepEqual(says({ when: country('JP'), owner: at('france') }), [])
  })

  it('are none where no territory covers the record, the owner works it, or the owner follows the account', () => {
    assert.deepEqual(
      says({ when: country('BR') }, { when: country('DE') }, { when: country('FR'), owner: 'account.owner' }),
      [],
    )
  })

  it('are none in a workflow that does not hold records against the table', () => {
    const patterns = POLICY.patterns.filter(({ pattern }) => pattern !== 'stale-territory')
    assert.deepEqual(
      territoryConflicts(versionOf({ ...rules({ when: country('DE'), owner: at('france') }), patterns })),
      [],
    )
  })

  it('are found in a rule for all that no other rule takes', () => {
    const [found] = says({ when: country('FR'), owner: at('france') }, { owner: at('france') })
    assert.equal(found, contradicts('rule-1', 'a contact with the country DE', 'france', 'dach (Germany, Austria)'))
  })

  it('are none in the policy of the example', () => {
    assert.deepEqual(territoryConflicts(versionOf()), [])
  })
})
