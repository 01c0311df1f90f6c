import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, POLICY, record, unknownOf } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { missingField } from '../record/field-value.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { fieldReader } from './facts.ts'
import { knownPart, UnknownSum } from './open-pipeline.ts'
import { unknownInWords } from './unknown-in-words.ts'

let made = 0
const deal = (values: Record<string, FieldText>) =>
  record('hubspot', 'deals', { hs_is_closed: 'false', ...values }, { recordId: `d${made++}` })
const opportunity = (values: Record<string, FieldText>) =>
  record('salesforce', 'Opportunity', { IsClosed: 'false', ...values }, { recordId: `o${made++}` })

function pipeline(
  neighbours: Partial<Neighbours>,
  { home, asked = 'fact.openPipeline' }: { home?: string; asked?: string } = {},
): string {
  const readings = { countries: {}, states: {}, ...(home === undefined ? {} : { currency: home }) }
  const all = { account: company(), ...neighbours }
  return say(fieldReader(asked)(caseOf(contact(), { neighbours: all, policy: { ...POLICY, readings } }).facts))
}
const say = (value: Known) => (value instanceof Unknown ? unknownInWords(value) : String(value))

describe('open pipeline', () => {
  it('case M04, case M11: is not known where a deal is in another currency, and says both', () => {
    const yen = deal({ amount: '6000000', deal_currency_code: 'JPY' })
    assert.equal(
      pipeline({ deals: [yen] }, { home: 'USD' }),
      'the amount of deals is in JPY, is compared in USD, and no exchange rate is guessed',
    )
    assert.match(pipeline({ deals: [yen] }), /is in JPY, is compared in the home currency/)
    const dollars = deal({ amount: '30000', deal_currency_code: 'USD' })
    assert.match(pipeline({ deals: [dollars, yen] }, { home: 'USD' }), /JPY/)
    assert.equal(pipeline({ deals: [dollars] }, { home: 'USD' }), '30000')
  })

  it('has a known part: all of it, what its known deals come to, or nothing', () => {
    const hidden = new Unknown([missingField(deal({}), 'amount', 'hidden')])
    assert.deepEqual(
      [knownPart('12.5'), knownPart(null), knownPart(new UnknownSum(hidden, 7)), knownPart(hidden)],
      [12.5, 0, 7, 0],
    )
  })

  it('case M05: takes the amount that the CRM itself works out in its own currency', () => {
    const pounds = { amount: '45000', deal_currency_code: 'GBP' }
    assert.equal(pipeline({ deals: [deal({ ...pounds, amount_in_home_currency: '57000' })] }), '57000')
    assert.equal(
      pipeline({ deals: [deal({ ...pounds, hs_amount_in_home_currency: '57000' })] }, { home: 'USD' }),
      '57000',
    )
    assert.match(pipeline({ deals: [deal({ ...pounds, amount_in_home_currency: null })] }), /GBP/)
  })

  it('is asked in the currency that a threshold names', () => {
    const asked = 'fact.openPipeline in GBP'
    const pounds = deal({ amount: '45000', deal_currency_code: 'gbp ', amount_in_home_currency: '57000' })
    assert.equal(pipeline({ deals: [pounds] }, { asked }), '45000')
    assert.equal(pipeline({ deals: [pounds] }, { asked, home: 'GBP' }), '45000')
    const bare = deal({ amount: '5000' })
    assert.equal(pipeline({ deals: [bare] }, { asked, home: 'GBP' }), '5000')
    assert.match(pipeline({ deals: [bare] }, { asked, home: 'USD' }), /is in USD, is compared in GBP/)
    assert.match(pipeline({ deals: [bare] }, { asked }), /is in the home currency, is compared in GBP/)
    assert.equal(pipeline({ deals: [] }, { asked }), '0')
  })

  it('is not known where the CRM works in another currency than the company, and known in that of the CRM', () => {
    const inEuro = (values: Record<string, FieldText>) => ({ ...deal(values), homeCurrency: 'EUR' })
    const pounds = inEuro({ amount: '45000', deal_currency_code: 'GBP', amount_in_home_currency: '52000' })
    assert.match(pipeline({ deals: [pounds] }, { home: 'USD' }), /is in GBP, is compared in USD/)
    assert.equal(pipeline({ deals: [pounds] }, { home: 'EUR' }), '52000')
    assert.equal(pipeline({ deals: [pounds] }, { home: 'USD', asked: 'fact.openPipeline in EUR' }), '52000')
    assert.match(pipeline({ deals: [inEuro({ amount: '5' })] }, { home: 'USD' }), /is in EUR, is compared in USD/)
    assert.equal(pipeline({ deals: [inEuro({ amount: '5' })] }, { home: 'EUR' }), '5')
    assert.equal(pipeline({ deals: [pounds] }), '52000', 'nobody says which currency the company has')
  })

  it('of Salesforce is in the currency of the record, where the org has several', () => {
    assert.equal(pipeline({ deals: [opportunity({ Amount: '10', CurrencyIsoCode: 'EUR' })] }, { home: 'EUR' }), '10')
    assert.equal(pipeline({ deals: [opportunity({ Amount: '10' })] }), '10')
    assert.match(pipeline({ deals: [opportunity({ Amount: '10', CurrencyIsoCode: 'EUR' })] }, { home: 'USD' }), /EUR/)
  })

  it('is not asked of deals that add nothing, whatever their currency', () => {
    const closed = deal({ amount: '5', deal_currency_code: 'JPY', hs_is_closed: 'true' })
    const blank = deal({ amount: null, deal_currency_code: 'JPY' })
    assert.equal(pipeline({ deals: [closed, blank, deal({ amount: '7' })] }, { home: 'USD' }), '7')
  })

  it('counts the account that has the most, of those that have the domain, and adds no copy of the other CRM', () => {
    const of = (...amounts: string[]) => ({
      account: record('salesforce', 'Account', { Name: 'Acme' }, { recordId: `A${made++}` }),
      deals: amounts.map((Amount) => opportunity({ Amount })),
    })
    const own = [deal({ amount: '30000' })]
    assert.equal(pipeline({ deals: own, sameDomain: { accounts: [of('60000'), of('40000')] } }), '60000')
    assert.equal(pipeline({ deals: own, sameDomain: { accounts: [of('30000')] } }), '30000')
    const unseen = { accounts: [of('1')], dealsUnknown: unknownOf('Opportunity', { why: 'refused' }) }
    assert.match(pipeline({ deals: own, sameDomain: unseen }), /the CRM shows us no Opportunity/)
    const yen = { ...of('1'), deals: [opportunity({ Amount: '9000000', CurrencyIsoCode: 'JPY' })] }
    assert.match(
      pipeline({ deals: own, sameDomain: { accounts: [yen] } }, { home: 'USD' }),
      /is in JPY, is compared in USD/,
      'and what the other account has may be more',
    )
  })

  it('is not known where an amount leaves open which number it is, and counts what can be only one', () => {
    const sum = (...amounts: string[]) => pipeline({ deals: amounts.map((amount) => deal({ amount })) })
    assert.equal(sum('1,500.00', '2k', '12.345'), '3512.35')
    assert.equal(sum('n/a', '5'), '5')
    for (const amount of ['1,500', '5-10', 'many', '$5']) {
      assert.match(sum(amount, '5'), /amount of the deal leaves open which number it means/, amount)
    }
  })

  it('an amount of the record itself is asked in a currency, too', () => {
    const read = fieldReader('account.AnnualRevenue in EUR')
    const account = (CurrencyIsoCode: string) =>
      record('salesforce', 'Account', { AnnualRevenue: '900', CurrencyIsoCode }, { recordId: 'A' })
    const of = (code: string) => say(read(caseOf(contact(), { neighbours: { account: account(code) } }).facts))
    assert.equal(of('EUR'), '900')
    assert.equal(
      of('JPY'),
      'the AnnualRevenue of accounts is in JPY, is compared in EUR, and no exchange rate is guessed',
    )
  })
})
