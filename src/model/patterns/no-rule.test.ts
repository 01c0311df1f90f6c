import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, company, contact, directoryOf, PEOPLE, versionOf } from '../../../test/support/example.ts'
import { compilePolicy } from '../policy/compile.ts'
import { routeRecord } from '../policy/routing.ts'
import type { CrmRecord } from '../record/crm-record.ts'
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
    assert.equal(found?.cause, 'no-rule/everywhere-else')
    assert.equal(looks({}).noRule, undefined)
  })

  it('part of M47: makes all records of a branch without a rule one cause, whatever their values', () => {
    const [brazil, chile] = ['Brazil', 'Chile'].map((country) => looks({ country }).noRule)
    assert.equal(brazil?.cause, chile?.cause)
    assert.equal(brazil?.causeTitle, 'No rule of the branch everywhere-else covers these records')
    assert.notEqual(brazil?.what, chile?.what)
  })

  it('is there when no branch covers the record at all', () => {
    const [japan] = version.policy.boundary
    assert.equal(looks({}, {}, versionOf({ boundary: [japan!] })).noRule?.cause, 'no-branch')
  })

  it('is there when the rule gives the record to somebody who left', () => {
    const left = PEOPLE.map((p) => (p.email === at('dach') ? { ...p, active: false } : p))
    assert.equal(looks({}, { directory: directoryOf(left) }).noRule?.cause, 'rule-owner-gone/dach')
  })

  it('part of M15: is no finding while it is not known whom its rule gives the record', () => {
    const boundary = version.policy.boundary.map((branch) => ({
      ...branch,
      rules: branch.rules.map((rule) => ({ ...rule, owner: 'account.owner' as const })),
    }))
    const looked = (account: CrmRecord | null) => {
      const { noRule, unknown } = looks({}, { neighbours: { account } }, versionOf({ boundary }))
      return [noRule?.what ?? null, unknown?.inputs.map(({ name }) => name) ?? []]
    }
    const hidden = company({}, { unreadable: new Set(['hubspot_owner_id']) })
    assert.deepEqual(looked(hidden), [null, ['hubspot_owner_id']])
    assert.deepEqual(looked(company({ hubspot_owner_id: 'hs-new' })), [null, ['the owner']])
    assert.deepEqual(looked(company()), [null, []])
    for (const nobody of [null, company({ hubspot_owner_id: 'hs-gone' })]) {
      const [what, missing] = looked(nobody)
      assert.match(String(what), /^Rule dach assigns this contact to the owner of its account, but/)
      assert.deepEqual(missing, [])
    }
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

describe('case X01: a text that names no country', () => {
  it('is quoted with the nearest name, and never called blank', () => {
    const found = looks({ country: 'Holand' }).noRule
    assert.equal(
      found?.what,
      'We cannot tell which branch of the workflow covers this contact. The text "Holand" names no country (the nearest name is Holland).',
    )
    assert.equal(found?.evidence['fact.country'], '"Holand"')
    assert.doesNotMatch(JSON.stringify(found), /country blank/)
    assert.match(found?.todo ?? '', /^Correct country\./)
    assert.match(looks({ country: null }).noRule?.what ?? '', /the country blank/)
  })

  it('is one cause, whatever the text, and another than blank', () => {
    const causes = ['Holand', 'EMEA', null, ' '].map((country) => looks({ country }).noRule?.cause)
    assert.equal(causes[0], causes[1])
    assert.equal(causes[2], causes[3])
    assert.notEqual(causes[0], causes[2])
  })

  it('cases S7 and S8: is none where the country is read', () => {
    assert.match(looks({ country: 'Hong Kong' }).noRule?.what ?? '', /\(the country HK/)
    assert.match(looks({ country: 'Korea, Republic of' }).noRule?.what ?? '', /\(the country KR/)
  })
})
