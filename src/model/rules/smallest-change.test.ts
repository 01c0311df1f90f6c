import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { caseOf, company, contact, daysAgo, POLICY, versionOf } from '../../../test/support/example.ts'
import { compilePolicy } from '../policy/compile.ts'
import { routeByClosures, routeRecord, routingChange } from '../policy/routing.ts'
import type { CaseFacts } from './case-facts.ts'
import type { Condition } from './condition.ts'
import { supposing } from './facts.ts'
import { type Change, smallestChange } from './smallest-change.ts'

const compiled = compilePolicy(versionOf())

function changeOf(facts: CaseFacts, over = compiled, verify?: (change: Change) => string) {
  const ruleOf = ({ winner, branch }: ReturnType<typeof routeByClosures>) =>
    winner?.rule.id ?? branch?.branch.branch ?? 'none'
  return smallestChange(
    over.search,
    routeRecord(over, facts).placed,
    facts,
    (row) => over.routes[row]?.rule?.rule.id ?? over.routes[row]?.branch.branch.branch ?? 'none',
    verify ?? (({ field, to }) => ruleOf(routeByClosures(over, supposing(facts, new Map([[field, to]]))))),
  )
}

const sized = (employees: string | null, country: string | null = 'Germany') =>
  caseOf(contact({ country }), { neighbours: { account: company({ numberofemployees: employees }) } }).facts

describe('part of M57: the smallest change', () => {
  it('goes from a number as people write it, and finds none where the text is not known to be on one side', () => {
    assert.equal(changeOf(sized('480 employees'))?.to, '500')
    assert.equal(changeOf(sized('1 000'))?.to, '499')
    assert.equal(changeOf(sized('400-600')), null)
    assert.equal(changeOf(sized('500+'))?.outcome === 'dach-enterprise', false)
  })

  it('goes to the nearest number before any other change', () => {
    assert.deepEqual(changeOf(sized('480')), {
      field: 'fact.employees',
      from: '480',
      to: '500',
      outcome: 'dach-enterprise',
    })
    assert.equal(changeOf(sized('500'))?.to, '499')
    assert.equal(changeOf(sized('2000'))?.to, '499')
  })

  it('goes to the first value that the conditions name where nothing is near, and blanks only at last', () => {
    assert.equal(changeOf(sized(null, 'France'))?.to, 'JP')
    const when: Condition[] = [{ field: 'company', op: 'not-blank' }]
    const [first] = POLICY.boundary
    const over = compilePolicy(versionOf({ boundary: [{ ...first!, when }] }))
    const { facts } = caseOf(contact())
    assert.deepEqual(changeOf(facts, over), { field: 'company', from: 'Acme', to: null, outcome: 'none' })
  })

  it('measures days in days', () => {
    const when: Condition[] = [{ field: 'createdate', op: 'range', from: '2026-11-01', below: '2026-11-10' }]
    const [first] = POLICY.boundary
    const over = compilePolicy(versionOf({ boundary: [{ ...first!, when }] }))
    assert.equal(changeOf(caseOf(contact({ createdate: daysAgo(20) })).facts, over)?.to, '2026-11-01')
  })

  it('is what really changes the outcome: what deciding again does not confirm is not said', () => {
    assert.equal(
      changeOf(sized('480'), compiled, () => 'dach'),
      null,
    )
  })

  it('is none where the table has one answer for all', () => {
    const boundary = POLICY.boundary.slice(0, 1).map((branch) => ({ ...branch, when: [] }))
    const policy = compilePolicy(versionOf({ boundary }))
    const { facts } = caseOf(contact())
    assert.equal(routingChange(policy, facts, routeRecord(policy, facts)), null)
  })

  it('changes the outcome whenever it is found, and no nearer number does', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Germany', 'France', 'Japan', 'Brazil', null),
        fc.option(fc.integer({ min: 0, max: 1000 })),
        (country, size) => {
          const facts = sized(size === null ? null : String(size), country)
          const change = changeOf(facts)
          assert.ok(change)
          const ruleWith = (field: string, to: string | null) => {
            const { winner, branch } = routeByClosures(compiled, supposing(facts, new Map([[field, to]])))
            return winner?.rule.id ?? branch?.branch.branch
          }
          const present = ruleWith('none', null)
          assert.equal(ruleWith(change.field, change.to), change.outcome)
          assert.notEqual(change.outcome, present)
          if (size === null) return
          const reach = change.field === 'fact.employees' ? Math.abs(Number(change.to) - size) : 600
          for (let n = Math.max(0, size - reach + 1); n < size + reach; n += 1) {
            assert.equal(ruleWith('fact.employees', String(n)), present, `${n} is nearer than ${change.to}`)
          }
        },
      ),
    )
  })
})

describe('the way to a rule', () => {
  it('is the same through the index and by one condition after the other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Germany', 'Austria', 'France', 'Japan', 'Brazil', null, 'nonsense'),
        fc.constantFrom('1', '499', '500', '501.5', 'many', null),
        (country, size) => {
          const facts = sized(size, country)
          const { branch, winner, unknown } = routeRecord(compiled, facts)
          assert.deepEqual({ branch, winner, unknown }, routeByClosures(compiled, facts))
        },
      ),
    )
  })
})
