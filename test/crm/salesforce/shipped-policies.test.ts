import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadPolicies } from '../../../src/config/policies/policy-files.ts'
import { fieldsNeeded } from '../../../src/model/patterns/contract/fields-needed.ts'
import { fitPolicy } from '../../../src/model/policy/fit.ts'
import { misfits } from '../../../src/model/policy/misfits.ts'

import type { ObjectSchema } from '../../../src/model/record/crm-facts.ts'
import { connect, control, withSandboxOrg } from './sandbox-stage.ts'

withSandboxOrg(0.05)

const OBJECTS = ['Account', 'Contact', 'Lead', 'Opportunity']
const { loaded, refused } = loadPolicies(join(import.meta.dirname, '../../../config/examples'))
const policies = loaded.map(({ version }) => version.policy)

const describeAll = () => Promise.all(OBJECTS.map((objectType) => connect().describe(objectType)))

function fits(schemas: readonly ObjectSchema[], variation: string): void {
  assert.deepEqual(refused, [])
  assert.equal(policies.length, 3)
  for (const { objectType, fields } of schemas) {
    assert.ok(fields.length > 0)
    for (const policy of policies) {
      assert.deepEqual(misfits(policy, 'salesforce', objectType, fields), [], `${variation}: ${objectType}`)
      assert.equal(fitPolicy(policy, 'salesforce', [{ objectType, fields, skip: new Set() }]), policy)
    }
  }
}

describe('the shipped policies in the sandbox org', () => {
  it('ask for nothing that it does not have, in any of its variations', async () => {
    const plain = await describeAll()
    fits(plain, 'plain')
    await control('POST', 'settings', { personAccounts: true })
    fits(await describeAll(), 'person accounts')
    assert.equal(
      (await connect().describe('Opportunity')).homeCurrency,
      undefined,
      'one currency, which no record names',
    )
    await control('POST', 'settings', { multiCurrency: true })
    const priced = await describeAll()
    fits(priced, 'several currencies')
    const [account, , , opportunity] = priced
    assert.equal(opportunity!.homeCurrency, 'USD', 'the corporate currency')
    const amounts = account!.fields.filter(({ isAmount }) => isAmount).map(({ name }) => name)
    assert.deepEqual(amounts, ['AnnualRevenue'])
  })

  it('make no alert of a value that they only exclude and that an org does not have', async () => {
    const schemas = await describeAll()
    for (const gone of ['Partner', 'Closed', 'Unqualified']) {
      const without = schemas.map(({ objectType, fields }) => ({
        objectType,
        fields: fields.map((field) => ({ ...field, options: field.options.filter((option) => option !== gone) })),
      }))
      fits(without, `without ${gone}`)
    }
  })

  it('read the currency of amounts only in an org that has several, where no org without them hides anything', async () => {
    const { fields } = fieldsNeeded(policies, 'salesforce', 'Opportunity')
    assert.ok(fields.includes('CurrencyIsoCode'))
    const page = await connect().changedSince({
      objectType: 'Opportunity',
      sinceMs: 0,
      cursor: null,
      fields,
      historyFields: [],
      source: 'poll',
    })
    assert.deepEqual(page.unreadable, [])
    assert.ok(page.events.every((event) => 'CurrencyIsoCode' in event.fields))
  })
})
