import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, contact, POLICY } from '../../../test/support/example.ts'
import { inputKey } from '../record/knowledge.ts'
import { missesOf, type Routing, routeByClosures, routeRecord, routingChange } from './routing.ts'

const [japan, rest] = POLICY.boundary
const when = (field: string, value: string) => [{ field, op: 'in' as const, values: [value] }]
const rule = (id: string, field: string) => ({ id, when: when(field, 'x'), owner: at('big'), because: 'x' })
const POLICIES = [
  POLICY.boundary,
  [
    { ...rest!, branch: 'retail', when: when('industry', 'Retail') },
    { ...japan!, branch: 'large', when: when('annualrevenue', '9') },
    { ...rest!, rules: [rule('first', 'city'), rule('second', 'state'), ...rest!.rules] },
  ],
  [{ ...rest!, branch: 'only', when: when('industry', 'Retail'), rules: [rule('first', 'city')] }],
].map((boundary) => ({ ...POLICY, boundary }))

const FIELDS = ['industry', 'annualrevenue', 'city', 'state', 'country']
const hides = Array.from({ length: 2 ** FIELDS.length }, (_, bits) => FIELDS.filter((_, n) => (bits >> n) % 2 === 1))

const shown = ({ branch, winner, unknown }: Omit<Routing, 'placed'>) => ({
  branch: branch?.branch.branch ?? null,
  rule: winner?.rule.id ?? null,
  missing: unknown?.inputs.map(inputKey).toSorted() ?? null,
})

describe('where the rules send a record', () => {
  it('is the same by the index and one condition after the other, whatever is hidden', () => {
    const values: Record<string, string>[] = [
      {},
      { industry: 'Retail' },
      { city: 'x', country: 'France' },
      { industry: 'Retail', city: 'x' },
    ]
    for (const policy of POLICIES) {
      for (const given of values) {
        for (const hidden of hides) {
          const { compiled, facts } = caseOf(contact(given, { unreadable: new Set(hidden) }), { policy })
          const { branch, rule, missing } = shown(routeByClosures(compiled, facts))
          const byIndex = shown(routeRecord(compiled, facts))
          assert.deepEqual([byIndex.rule, byIndex.missing === null], [rule, missing === null], `${hidden}`)
          if (missing === null) assert.equal(byIndex.branch, branch, `${hidden}`)
        }
      }
    }
  })

  it('names every input that may send it elsewhere', () => {
    const facts = (...hidden: string[]) =>
      caseOf(contact({}, { unreadable: new Set(hidden) }), { policy: POLICIES[1]! })
    const missing = (...hidden: string[]) => {
      const { compiled, facts: of } = facts(...hidden)
      return shown(routeByClosures(compiled, of))
    }
    const key = (field: string) => `hs/contacts/${field}/hidden`
    assert.deepEqual(missing(), { branch: 'everywhere-else', rule: 'dach', missing: null })
    assert.deepEqual(missing('industry', 'annualrevenue', 'city'), {
      branch: null,
      rule: null,
      missing: ['industry', 'annualrevenue', 'city'].map(key).toSorted(),
    })
    assert.deepEqual(missing('state'), { branch: 'everywhere-else', rule: null, missing: [key('state')] })
    assert.deepEqual(missing('industry'), { branch: null, rule: null, missing: [key('industry')] })
  })
})

describe('what a receipt says of the way to a rule', () => {
  const routed = (values: Record<string, string>, ...hidden: string[]) => {
    const { compiled, facts } = caseOf(contact(values, { unreadable: new Set(hidden) }), { policy: POLICIES[1]! })
    const routing = routeRecord(compiled, facts)
    const misses = missesOf(compiled, routing).map(({ rule, actual }) => `${rule} ${actual}`)
    return { rule: routing.winner?.rule.id ?? null, misses, change: routingChange(compiled, facts, routing) }
  }

  it('lists the rules before the one that won, each with the value that it met', () => {
    assert.deepEqual(routed({ state: 'y' }).misses, ['first null', 'second y', 'dach-enterprise null'])
    assert.deepEqual(routed({ city: 'z', state: 'x' }), {
      rule: 'second',
      misses: ['first z'],
      change: 'If industry were Retail instead of blank, dach@brightwater.example would get it.',
    })
  })

  it('lists no rule and suggests no change while an input that is hidden may decide', () => {
    for (const hidden of [['city'], ['state'], ['city', 'state'], ['industry']]) {
      assert.deepEqual(routed({}, ...hidden), { rule: null, misses: [], change: null }, `${hidden}`)
    }
    // No value of the state matters where an earlier rule takes the record.
    assert.equal(routed({ city: 'x' }, 'state').rule, 'first')
  })

  it('suggests no change after which an input that is hidden would decide', () => {
    const [all] = POLICY.boundary.slice(1)
    const both = [...when('city', 'x'), ...when('state', 'x')]
    const boundary = [{ ...all!, rules: [{ ...rule('both', 'city'), when: both }] }]
    const change = (values: Record<string, string>, ...hidden: string[]) => {
      const { compiled, facts } = caseOf(contact(values, { unreadable: new Set(hidden) }), {
        policy: { ...POLICY, boundary },
      })
      return routingChange(compiled, facts, routeRecord(compiled, facts))
    }
    assert.equal(change({ city: 'y' }, 'state'), null)
    assert.equal(change({ city: 'y', state: 'y' }), null)
    assert.match(change({ city: 'y', state: 'x' })!, /^If city were x instead of y, big@\S+ would get it\.$/)
    assert.match(change({ city: 'x', state: 'x' })!, /^If city were blank instead of x, no rule/)
  })

  it('suggests no change that would leave an earlier rule in doubt, and says so once its input is known', () => {
    const [all] = POLICY.boundary.slice(1)
    const first = { ...rule('first', 'city'), when: [...when('city', 'x'), ...when('state', 'x')] }
    const boundary = [
      { ...all!, rules: [first, rule('second', 'city'), { ...rule('last', 'city'), when: [], owner: at('dach') }] },
    ]
    const change = (values: Record<string, string>, ...hidden: string[]) => {
      const { compiled, facts } = caseOf(contact(values, { unreadable: new Set(hidden) }), {
        policy: { ...POLICY, boundary },
      })
      return routingChange(compiled, facts, routeRecord(compiled, facts))
    }
    assert.match(change({ city: 'y', state: 'y' })!, /^If city were x instead of y, big@\S+ would get it\.$/)
    assert.equal(change({ city: 'y' }, 'state'), null)
  })
})
