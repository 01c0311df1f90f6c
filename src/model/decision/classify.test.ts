import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, POLICY, record, unknownOf } from '../../../test/support/example.ts'
import { finding } from '../patterns/contract/pattern.ts'
import type { ClassRule } from '../policy/policy.ts'
import { compileConditions } from '../rules/evaluate.ts'
import { classify } from './classify.ts'

const blank = finding({ pattern: 'missing-field', what: '', todo: '', evidence: {} })
const expected: ClassRule = { pattern: 'missing-field', when: [], class: 'expected', because: 'A gap.' }
const deal = (amount: string, closed = 'false') =>
  record('hubspot', 'deals', { amount, hs_is_closed: closed }, { recordId: amount })

function classOf(rules: readonly ClassRule[], options: Parameters<typeof caseOf>[1] = {}, found = blank) {
  const compiled = rules.map((rule) => ({ rule, when: compileConditions(rule.when) }))
  return classify(found, caseOf(contact(), options).facts, compiled, POLICY.guards).class
}

describe('the class of a case', () => {
  it('is what the first fitting rule says', () => {
    const risky: ClassRule = {
      when: [{ field: 'fact.country', op: 'in', values: ['DE'] }],
      class: 'risky',
      because: '',
    }
    assert.equal(classOf([risky, expected]), 'risky')
    assert.equal(classOf([{ ...risky, pattern: 'no-rule' }, expected]), 'expected')
  })

  it('part of M5: is unknown where no rule fits, and no floor lifts it', () => {
    assert.equal(classOf([], { neighbours: { account: company({ lifecyclestage: 'customer' }) } }), 'unknown')
  })

  it('is customer-facing at least for an existing customer', () => {
    assert.equal(
      classOf([expected], { neighbours: { account: company({ lifecyclestage: 'customer' }) } }),
      'customer-facing',
    )
  })

  it('is revenue-impacting at least from the threshold of open pipeline, counted without closed deals', () => {
    const withDeals = (...deals: ReturnType<typeof deal>[]) =>
      classOf([expected], { neighbours: { account: company(), deals } })
    assert.equal(withDeals(deal('30000'), deal('20000')), 'revenue-impacting')
    assert.equal(withDeals(deal('30000'), deal('19999.99')), 'expected')
    assert.equal(withDeals(deal('90000', 'true')), 'expected')
  })

  it('part of M9: is risky at least where the case changes who works the record', () => {
    const orphan = { ...blank, pattern: 'orphaned-owner' as const }
    assert.equal(classOf([{ ...expected, pattern: 'orphaned-owner' }], {}, orphan), 'risky')
  })

  it('part of M15: is unknown where a rule says so, and neither customer nor pipeline lifts it out', () => {
    const inspect: ClassRule = { when: [], class: 'unknown', because: 'Not agreed yet.' }
    const account = company({ lifecyclestage: 'customer' })
    assert.equal(classOf([inspect, expected], { neighbours: { account, deals: [deal('90000')] } }), 'unknown')
  })

  it('part of M15: is unknown when the pipeline of the account cannot be summed', () => {
    const hidden = { ...deal('10'), unreadable: new Set(['amount']) }
    assert.equal(classOf([expected], { neighbours: { account: company(), deals: [hidden] } }), 'unknown')
    // Not one deal is known, because the CRM shows none.
    const refused = { account: company(), deals: [], dealsUnknown: unknownOf('deals', { why: 'refused' }) }
    assert.equal(classOf([expected], { neighbours: refused }), 'unknown')
    // The account itself was not read, so neither are its deals.
    assert.equal(classOf([expected], { neighbours: { account: unknownOf('companies') } }), 'unknown')
  })

  it('part of M15: is unknown when one rule asks about a hidden field, although a later one would fit', () => {
    const account = company({}, { unreadable: new Set(['industry']) })
    const when = [{ field: 'account.industry', op: 'in' as const, values: ['x'] }]
    assert.equal(classOf([{ when, class: 'risky', because: '' }, expected], { neighbours: { account } }), 'unknown')
    assert.equal(classOf([expected], { neighbours: { account } }), 'expected')
  })

  it('part of M15: is known where what is not known could not lift it any further', () => {
    const revenue: ClassRule = { ...expected, class: 'revenue-impacting' }
    const customer: ClassRule = { ...expected, class: 'customer-facing' }
    const neighbours = { account: unknownOf('companies') }
    assert.equal(classOf([revenue], { neighbours }), 'revenue-impacting')
    assert.equal(classOf([customer], { neighbours }), 'unknown')
    const hidden = company({}, { unreadable: new Set(['lifecyclestage']) })
    assert.equal(classOf([customer], { neighbours: { account: hidden } }), 'customer-facing')
    assert.equal(classOf([expected], { neighbours: { account: hidden, deals: [deal('60000')] } }), 'revenue-impacting')
  })

  it('is above the limit where what is known of the pipeline is, however much is missing', () => {
    const unseen = (...amounts: string[]) => ({
      deals: amounts.map((amount) => deal(amount)),
      dealsUnknown: unknownOf('deals', { why: 'refused' }),
    })
    const other = { accounts: [{ account: company({}, { recordId: 'o' }), deals: [deal('90000')] }] }
    const hidden = { accounts: [], dealsUnknown: unknownOf('Opportunity', { why: 'refused' }) }
    for (const neighbours of [
      unseen('60000'),
      unseen('30000', '20000'),
      { deals: [deal('60000')], sameDomain: hidden },
      { deals: [], sameDomain: { ...hidden, accounts: other.accounts } },
    ]) {
      assert.equal(classOf([expected], { neighbours }), 'revenue-impacting')
    }
    for (const neighbours of [unseen('49999'), unseen(), { deals: [deal('10')], sameDomain: hidden }]) {
      assert.equal(classOf([expected], { neighbours }), 'unknown')
    }
    const compiled = [{ rule: expected, when: [] }]
    const facts = caseOf(contact(), { neighbours: unseen('60000') }).facts
    const { because, unknown } = classify(blank, facts, compiled, POLICY.guards)
    assert.deepEqual([because, unknown], ['At least 60,000 open pipeline (limit 50,000)', null])
  })

  it('part of M15: says which input it misses, so that it can be asked for', () => {
    const compiled = [{ rule: expected, when: [] }]
    const facts = caseOf(contact(), { neighbours: { account: unknownOf('companies', { recordId: '7' }) } }).facts
    const { unknown, because } = classify(blank, facts, compiled, POLICY.guards)
    assert.deepEqual(
      unknown?.inputs.map(({ objectType, field, why, recordId }) => [objectType, field, why, recordId]),
      [['companies', '*', 'not-read', '7']],
    )
    assert.equal(because, 'Companies was not read yet, so the case is unclassified')
  })

  it('is unknown when a rule or a floor rests on what we may not read', () => {
    const hidden = company({}, { unreadable: new Set(['industry', 'lifecyclestage']) })
    const asks: ClassRule = {
      when: [{ field: 'account.industry', op: 'in', values: ['x'] }],
      class: 'risky',
      because: '',
    }
    assert.equal(classOf([asks, expected], { neighbours: { account: hidden } }), 'unknown')
    assert.equal(classOf([expected], { neighbours: { account: hidden } }), 'unknown')
  })
})
