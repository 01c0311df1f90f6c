import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, company, contact, POLICY, record } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import type { FieldSchema } from '../record/crm-facts.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Condition } from '../rules/condition.ts'
import { compileConditions } from '../rules/evaluate.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { compilePolicy } from './compile.ts'
import { fitPolicy } from './fit.ts'
import { routeByClosures, routeRecord } from './routing.ts'

const field = (name: string, type: FieldSchema['type'] = 'text', options: string[] = []): FieldSchema => ({
  name,
  label: name,
  type,
  options,
  writable: true,
})
const CONTACTS = [
  field('lead_type', 'picklist', ['Partner', 'Direct', 'Reseller']),
  field('channels', 'multi-picklist', ['Web', 'Phone']),
  field('score', 'number'),
  field('lifecyclestage'),
]
const COMPANIES = [field('tier', 'picklist', ['Gold', 'Silver'])]

const [, branch] = POLICY.boundary
function routing(
  wrong: Condition,
  values: Record<string, FieldText>,
  account: Record<string, FieldText> | null = null,
) {
  const rule = (id: string, when: readonly Condition[]) => ({ id, when, owner: at('big'), because: '' })
  const rules = [
    rule('first', [{ field: 'fact.country', op: 'in', values: ['FR'] }]),
    rule('wrong', [{ field: 'fact.country', op: 'in', values: ['DE'] }, wrong]),
    rule('last', []),
  ]
  const policy = { ...POLICY, boundary: [{ ...branch!, rules }] }
  const objects = [
    { objectType: 'contacts', fields: CONTACTS, skip: new Set<string>() },
    { objectType: 'companies', fields: COMPANIES, skip: new Set<string>() },
  ]
  const compiled = compilePolicy({ hash: 'x', policy: fitPolicy(policy, 'hubspot', objects) })
  const neighbours = account === null ? {} : { account: company(account) }
  const { facts } = caseOf(contact(values), { neighbours })
  const { winner, unknown } = routeRecord(compiled, facts)
  const closures = routeByClosures(compiled, facts)
  assert.equal(closures.winner, winner, 'the index and the closures agree')
  assert.deepEqual(closures.unknown?.inputs, unknown?.inputs)
  return unknown instanceof Unknown ? unknown.inputs.map(({ field, why }) => `${field} ${why}`).join() : winner!.rule.id
}

describe('a range of an amount without its currency', () => {
  const amounts = (currencies: string[]) => [
    { ...field('AnnualRevenue', 'number'), isAmount: true as const },
    field('CurrencyIsoCode', 'picklist', currencies),
  ]
  const fitted = (condition: Condition, currencies: string[]) => {
    const policy = { ...POLICY, objects: [{ crm: 'salesforce' as const, object: 'Account' }], scope: [condition] }
    const objects = [{ objectType: 'Account', fields: amounts(currencies), skip: new Set<string>() }]
    return fitPolicy(policy, 'salesforce', objects)
  }
  const range: Condition = { field: 'AnnualRevenue', op: 'range', from: '1000', below: null }

  it('is asked in the home currency where the CRM has several, and unknown of any other', () => {
    const [scope] = compileConditions(fitted(range, ['USD', 'EUR']).scope)
    const of = (code: string | null, home: string | undefined, revenue = '5000') => {
      const account = record('salesforce', 'Account', { AnnualRevenue: revenue, CurrencyIsoCode: code })
      const answer = scope!.holds(caseOf({ ...account, ...(home !== undefined && { homeCurrency: home }) }).facts)
      return answer instanceof Unknown ? unknownInWords(answer) : answer
    }
    assert.equal(of('USD', 'USD'), true)
    assert.equal(of('USD', 'USD', '10'), false)
    assert.equal(of(null, 'USD'), true, 'one that names none is in that of its CRM')
    assert.match(String(of('EUR', 'USD')), /is in EUR, is compared in USD/)
    assert.match(String(of('EUR', undefined)), /is in EUR, is compared in the home currency/)
  })

  it('stays a number where there is one currency, where it names one, and for days and other numbers', () => {
    for (const currencies of [['USD'], []]) {
      assert.deepEqual(fitted(range, currencies).scope[0], { ...range, isNumber: true })
    }
    const inEuro: Condition = { ...range, field: 'AnnualRevenue in EUR' }
    assert.deepEqual(fitted(inEuro, ['USD', 'EUR']).scope[0], { ...inEuro, isNumber: true })
    for (const other of [
      { ...range, field: 'fact.employees' },
      { field: 'AnnualRevenue', op: 'not-blank' },
    ] satisfies Condition[]) {
      assert.equal(fitted(other, ['USD', 'EUR']).scope[0], other, other.field)
    }
  })

  it('knows that a point parts decimals in a field that the CRM describes as a number', () => {
    const [small] = compileConditions(fitted({ ...range, from: null, below: '1000' }, []).scope)
    const account = record('salesforce', 'Account', { AnnualRevenue: '12.345' })
    assert.equal(small!.holds(caseOf(account).facts), true)
    const [unfitted] = compileConditions([{ ...range, from: null, below: '1000' }])
    assert.ok(unfitted!.holds(caseOf(account).facts) instanceof Unknown)
  })
})

describe('a policy fitted to the schema of a connection', () => {
  const partnr: Condition = { field: 'lead_type', op: 'in', values: ['Partnr', 'Direct'] }

  it('case X05: does not know whether a value that does not exist is meant, where a record reaches the rule', () => {
    assert.equal(routing(partnr, { lead_type: 'Partner' }), 'lead_type no-such-value')
    assert.equal(routing(partnr, { lead_type: 'Partner', country: 'France' }), 'first', 'earlier rules decide')
    assert.equal(routing(partnr, { lead_type: 'Partner', country: 'Italy' }), 'last', 'it cannot hold anyhow')
    assert.equal(routing(partnr, { lead_type: 'Direct' }), 'wrong', 'what it names rightly is meant')
    assert.equal(routing(partnr, { lead_type: null }), 'last', 'a blank is not meant')
  })

  it('does not know of a value or a range of another type, nor of a list', () => {
    const of: [Condition, Record<string, FieldText>, string][] = [
      [{ field: 'score', op: 'in', values: ['high'] }, { score: '5' }, 'score wrong-type'],
      [{ field: 'score', op: 'range', from: '2026-01-01', below: null }, { score: '5' }, 'score wrong-type'],
      [{ field: 'score', op: 'older-than', days: 3 }, { score: '5' }, 'score wrong-type'],
      [{ field: 'channels', op: 'contains', values: ['Fax'] }, { channels: 'Web' }, 'channels no-such-value'],
    ]
    for (const [condition, values, expected] of of) assert.equal(routing(condition, values), expected)
  })

  it('asks the account in the same way, and knows that there is none', () => {
    const bronze: Condition = { field: 'account.tier', op: 'in', values: ['Bronze'] }
    assert.equal(routing(bronze, {}, { tier: 'Gold' }), 'tier no-such-value')
    assert.equal(routing(bronze, {}), 'last')
  })

  it('knows that what is only excluded does not hold it up', () => {
    const excluded: Condition = { field: 'lead_type', op: 'not-in', values: ['Partnr'] }
    assert.equal(routing(excluded, { lead_type: 'Partner' }), 'wrong')
  })

  it('is the same policy where nothing misfits, or where it watches another object', () => {
    const none = { objectType: 'companies', fields: COMPANIES, skip: new Set<string>() }
    assert.equal(fitPolicy(POLICY, 'hubspot', [none]), POLICY)
    assert.equal(fitPolicy(POLICY, 'hubspot', []), POLICY)
  })
})
