import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, company, contact, directoryOf, PEOPLE, versionOf } from '../../../test/support/example.ts'
import { compilePolicy } from '../policy/compile.ts'
import { routeRecord } from '../policy/routing.ts'
import { branchReview } from './branch-review.ts'
import { noRule } from './no-rule.ts'

const version = versionOf()
const looks = (values: Record<string, string | null>, options: Parameters<typeof caseOf>[1] = {}, policy = version) => {
  const it = caseOf(contact({ hubspot_owner_id: null, ...values }), options)
  const compiled = compilePolicy(policy)
  const input = { ...it, compiled, routing: routeRecord(compiled, it.facts) }
  const detection = noRule.detect({ pattern: 'no-rule' }, input)
  return {
    noRule: detection.findings[0],
    unknown: detection.unknown,
    branchReview: branchReview.detect({ pattern: 'branch-review' }, input).findings[0],
  }
}

describe('no-rule', () => {
  it('is there when the branch is in rules mode and no row covers the record', () => {
    const found = looks({ country: 'Brazil' }).noRule
    assert.match(found?.what ?? '', /^No rule of the branch everywhere-else covers this contact \(the country BR/)
    assert.equal(found?.cause, 'no-rule/everywhere-else/BR')
    assert.equal(looks({}).noRule, undefined)
  })

  it('is there when no branch covers the record at all', () => {
    const [japan] = version.policy.boundary
    assert.equal(looks({}, {}, versionOf({ boundary: [japan!] })).noRule?.cause, 'no-branch')
  })

  it('is there when the rule gives the record to somebody who left', () => {
    const left = PEOPLE.map((p) => (p.email === at('dach') ? { ...p, active: false } : p))
    assert.equal(looks({}, { directory: directoryOf(left) }).noRule?.cause, 'rule-owner-gone/dach')
  })

  it('part of M15: is no finding when the rules ask about a field that we may not read, but says so', () => {
    const account = company({}, { unreadable: new Set(['numberofemployees']) })
    const { noRule: found, unknown } = looks({}, { neighbours: { account } })
    assert.equal(found, undefined)
    assert.deepEqual(
      unknown?.inputs.map(({ objectType, field, name }) => [objectType, field, name]),
      [['companies', 'numberofemployees', 'account.numberofemployees']],
    )
  })
})

describe('branch-review', () => {
  it('is there where a person decides, and there no rule is missed', () => {
    const { noRule: missing, branchReview: review } = looks({ country: 'Japan' })
    assert.equal(missing, undefined)
    assert.match(review?.todo ?? '', /The partner decides/)
  })

  it('is not there where rules decide', () => {
    assert.equal(looks({}).branchReview, undefined)
  })
})
