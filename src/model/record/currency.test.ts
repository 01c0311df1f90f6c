import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { record } from '../../../test/support/example.ts'
import type { FieldText } from './change-event.ts'
import { amountIn } from './currency.ts'
import { Unknown } from './knowledge.ts'

const DEAL: Record<string, FieldText> = { amount: '100', deal_currency_code: 'EUR', amount_in_home_currency: '110' }

function inCurrency(currency: string | null, values: Record<string, FieldText> = {}, ...hidden: string[]) {
  const deal = record('hubspot', 'deals', { ...DEAL, ...values }, { unreadable: new Set(hidden), homeCurrency: 'USD' })
  const found = amountIn(deal, 'amount', { currency, home: null })
  return found instanceof Unknown ? found.inputs.map(({ field, why }) => `${field}: ${why}`) : found
}

describe('an amount in one currency', () => {
  it('is as it stands there, as the CRM works it out in its own, or not known', () => {
    assert.equal(inCurrency('EUR'), '100')
    assert.equal(inCurrency('EUR', { deal_currency_code: ' eur ' }), '100')
    assert.equal(inCurrency('USD'), '110')
    assert.equal(inCurrency(null), '110')
    assert.equal(inCurrency('EUR', { amount: null }), null)
    assert.deepEqual(inCurrency('GBP'), ['amount (EUR, not GBP): other-currency'])
  })

  it('names the hidden amount, or the hidden currency, as what is not known', () => {
    for (const currency of ['EUR', 'USD', 'GBP', null]) {
      assert.deepEqual(inCurrency(currency, {}, 'amount'), ['amount: hidden'])
      assert.deepEqual(inCurrency(currency, {}, 'deal_currency_code'), ['deal_currency_code: hidden'])
    }
    assert.deepEqual(inCurrency('EUR', {}, 'amount_in_home_currency'), '100')
    assert.deepEqual(inCurrency('USD', {}, 'amount_in_home_currency'), ['amount_in_home_currency: hidden'])
  })
})
