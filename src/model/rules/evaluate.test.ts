import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, daysAgo, lead, record } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import type { Condition } from './condition.ts'
import { allHold, type CompiledConditions, compileConditions } from './evaluate.ts'

const holds = (condition: Condition, value: FieldText) =>
  allHold(compileConditions([condition]), caseOf(contact({ x: value })).facts)

describe('a condition', () => {
  it('compares text without case, width and outer space', () => {
    const isAcme: Condition = { field: 'x', op: 'in', values: ['Acme', 'Ｂｅｔａ'] }
    for (const value of ['acme', ' ACME ', 'beta']) assert.equal(holds(isAcme, value), true, value)
    assert.equal(holds(isAcme, 'Acme Inc'), false)
  })

  it('takes blank as a value of its own, in no list and in no range', () => {
    for (const value of [null, '  ']) {
      assert.equal(holds({ field: 'x', op: 'in', values: [''] }, value), false)
      assert.equal(holds({ field: 'x', op: 'not-in', values: ['a'] }, value), true)
      assert.equal(holds({ field: 'x', op: 'range', from: '0', below: null }, value), false)
      assert.equal(holds({ field: 'x', op: 'prefix', values: [''] }, value), false)
      assert.equal(holds({ field: 'x', op: 'older-than', days: 0 }, value), false)
      assert.equal(holds({ field: 'x', op: 'blank' }, value), true)
      assert.equal(holds({ field: 'x', op: 'not-blank' }, value), false)
    }
  })

  it('includes the lower end of a range and not the upper, of numbers and of days', () => {
    const size: Condition = { field: 'x', op: 'range', from: '500', below: '1000' }
    assert.deepEqual(
      ['499.9', '500', '999', '1000', 'n/a'].map((v) => holds(size, v)),
      [false, true, true, false, false],
    )
    const day: Condition = { field: 'x', op: 'range', from: '2026-01-01', below: null }
    assert.deepEqual(
      ['2025-12-31', '2026-01-01', '2026-05-01T10:00:00.000Z'].map((v) => holds(day, v)),
      [false, true, true],
    )
  })

  it('knows prefix, contains and age', () => {
    assert.equal(holds({ field: 'x', op: 'prefix', values: ['ac'] }, 'Acme'), true)
    assert.equal(holds({ field: 'x', op: 'contains', values: ['zz', 'cm'] }, 'Acme'), true)
    assert.equal(holds({ field: 'x', op: 'older-than', days: 10 }, daysAgo(11)), true)
    assert.equal(holds({ field: 'x', op: 'older-than', days: 10 }, daysAgo(10)), false)
  })

  it('case L10: finds a state by its name, abbreviation and code, in its country', () => {
    const isCalifornia = compileConditions([{ field: 'fact.state', op: 'in', values: ['US-CA'] }])
    const inCalifornia = (state: string, country = 'United States') =>
      allHold(isCalifornia, caseOf(contact({ country, state })).facts)
    for (const state of ['California', 'Calif.', 'CA', 'ca', 'US-CA']) assert.equal(inCalifornia(state), true, state)
    for (const state of ['Nevada', '', 'n/a', '--']) assert.equal(inCalifornia(state), false, state)
    assert.equal(inCalifornia('CA', 'Italy'), false)
  })

  it('does not know whether a text that names no state is the one, but that it is none of another country', () => {
    const compiled = (op: 'in' | 'not-in', values: string[]) => compileConditions([{ field: 'fact.state', op, values }])
    const test = (conditions: CompiledConditions, country: string | null, state: string) =>
      allHold(conditions, caseOf(contact({ country, state })).facts)
    const whyOf = (truth: Truth) =>
      truth instanceof Unknown ? truth.inputs.map(({ field, why }) => [field, why]) : truth
    const notRead = [['state', 'not-understood']]
    for (const op of ['in', 'not-in'] as const) {
      const california = compiled(op, ['US-CA'])
      for (const state of ['Canada', 'Calfornia', 'Bay Area']) {
        assert.deepEqual(whyOf(test(california, 'United States', state)), notRead, state)
        assert.deepEqual(whyOf(test(california, null, state)), notRead, state)
        assert.equal(test(california, 'Germany', state), op === 'not-in', state)
      }
      assert.deepEqual(whyOf(test(compiled(op, ['US-CA', 'DE-BY']), 'Germany', 'Oberland')), notRead)
    }
  })

  it('case X01: is not blank where the text names no country, and whether it is in a list is not known', () => {
    const test = (condition: Condition) =>
      allHold(compileConditions([condition]), caseOf(contact({ country: 'no' })).facts)
    assert.equal(test({ field: 'fact.country', op: 'blank' }), false)
    assert.equal(test({ field: 'fact.country', op: 'not-blank' }), true)
    for (const op of ['in', 'not-in'] as const) {
      const truth = test({ field: 'fact.country', op, values: ['NO'] })
      assert.deepEqual(truth instanceof Unknown && truth.inputs.map(({ field, why }) => `${field} ${why}`), [
        'country not-understood',
      ])
    }
  })

  it('is blank where the country is a placeholder, and Namibia where it is NA', () => {
    const test = (country: string, condition: Condition) =>
      allHold(compileConditions([condition]), caseOf(contact({ country })).facts)
    for (const text of ['n/a', 'Unknown', '--None--', '-', 'na', 'keine Angabe']) {
      assert.equal(test(text, { field: 'fact.country', op: 'blank' }), true, text)
      assert.equal(test(text, { field: 'fact.country', op: 'not-in', values: ['DE'] }), true, text)
      assert.equal(test(text, { field: 'fact.country', op: 'in', values: ['DE'] }), false, text)
    }
    assert.equal(test('NA', { field: 'fact.country', op: 'in', values: ['NA'] }), true)
  })

  it('about one object reads as blank on every other', () => {
    const condition: Condition = { field: 'salesforce.Lead.Company', op: 'in', values: ['Acme'] }
    const compiled = compileConditions([condition])
    assert.equal(allHold(compiled, caseOf(lead()).facts), true)
    assert.equal(allHold(compiled, caseOf(contact({ Company: 'Acme' })).facts), false)
  })
})

describe('a fact', () => {
  const fact = (field: string, subject = contact(), neighbours = {}) =>
    compileConditions([{ field, op: 'blank' }])[0]!.read(caseOf(subject, { neighbours }).facts)

  it('is the same question in both CRMs', () => {
    assert.equal(fact('fact.country'), 'DE')
    assert.equal(fact('fact.country', contact({ country: 'no' })), '"no"')
    assert.equal(fact('fact.country', contact({ country: ' ' })), null)
    assert.equal(fact('fact.state', contact({ country: 'USA', state: 'Calif.' })), 'US-CA')
    assert.equal(fact('fact.state', lead({ Country: 'Australia', State: 'WA' })), 'AU-WA')
    assert.equal(fact('fact.state', lead({ Country: 'Holand', State: 'WA' })), '"WA"')
    assert.equal(fact('fact.state'), null)
    assert.equal(fact('fact.domain', lead()), 'acme.de')
    assert.equal(fact('fact.owner'), 'dach@brightwater.example')
    assert.equal(fact('fact.ownerState', lead({ OwnerId: 'sf-queue' })), 'queue')
    assert.equal(fact('fact.customer'), 'false')
  })

  it('of the size is the record’s own, then its account’s', () => {
    const account = company({ numberofemployees: '700' })
    assert.equal(fact('fact.employees', contact(), { account }), '700')
    assert.equal(fact('fact.employees', lead({ NumberOfEmployees: '20' })), '20')
    assert.equal(fact('fact.employees', account), '700')
    assert.equal(fact('fact.employees'), null)
  })

  it('of the open pipeline does not depend on the order of the deals', () => {
    const deals = ['0.1', '0.2', '0.7', 'n/a'].map((amount, i) =>
      record('hubspot', 'deals', { amount, hs_is_closed: 'false' }, { recordId: String(i) }),
    )
    assert.equal(fact('fact.openPipeline', contact(), { account: company(), deals }), '1')
    assert.equal(fact('fact.openPipeline', contact(), { account: company(), deals: deals.toReversed() }), '1')
  })

  it('case M02: knows a customer by the mark in any spelling', () => {
    const [isCustomer] = compileConditions([{ field: 'fact.customer', op: 'in', values: ['true'] }])
    for (const [Type, expected] of [
      ['customer', true],
      ['Customer ', true],
      ['CUSTOMER – DIRECT', true],
      ['Prospect', false],
      ['Customer of a competitor', false],
    ] as const) {
      assert.equal(isCustomer!.holds(caseOf(record('salesforce', 'Account', { Type })).facts), expected, Type)
    }
  })
})
