import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, record } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { fieldReader } from './facts.ts'
import { unreadText } from './place-facts.ts'

const hiding = (...fields: string[]) => ({ unreadable: new Set(fields) })
const missing = (known: Known) =>
  known instanceof Unknown ? known.inputs.map(({ name, why }) => `${name} ${why}`).toSorted() : known

describe('the state of a record', () => {
  const place = (values: Record<string, FieldText>, ...hidden: string[]) => contact(values, hiding(...hidden))
  const state = (of: CrmRecord) => missing(fieldReader('fact.state')(caseOf(of).facts))
  const says = (of: CrmRecord) => unreadText('fact.state', caseOf(of).facts)?.says ?? null

  it('is not known where its own field is hidden, whatever the country is', () => {
    for (const country of ['Italy', null, 'nonsense'])
      assert.deepEqual(state(place({ country }, 'state')), ['state hidden'])
    assert.deepEqual(state(place({}, 'state', 'country')), ['state hidden'])
  })

  it('is not known where the country that it is read in is hidden, and blank where its own field is', () => {
    assert.deepEqual(state(place({ state: 'CA' }, 'country')), ['country hidden'])
    assert.deepEqual(state(place({ state: 'nonsense' }, 'country')), ['country hidden'])
    assert.equal(state(place({ state: null }, 'country')), null)
    assert.equal(state(place({ state: 'CA', country: 'United States' })), 'US-CA')
  })

  it('is reported as naming nothing only where both texts are known', () => {
    assert.match(says(place({ state: 'nonsense', country: 'Italy' })) ?? '', /names no state of IT/)
    assert.match(says(place({ state: 'nonsense', country: null })) ?? '', /names no state without a country/)
    assert.equal(says(place({ state: 'nonsense', country: 'Italy' }, 'state')), null)
    assert.equal(says(place({ state: 'nonsense' }, 'country')), null)
    assert.equal(says(place({ state: 'Bavaria', country: 'Germany' })), null)
  })
})

describe('the country of an account that may be a person', () => {
  const account = (values: Record<string, FieldText>, ...hidden: string[]) =>
    record('salesforce', 'Account', { Name: 'Jane Doe', OwnerId: 'sf-dach', ...values }, hiding(...hidden))
  const country = (of: CrmRecord) => missing(fieldReader('fact.country')(caseOf(of).facts))

  it('is not known where only a person would be placed by where they live', () => {
    assert.deepEqual(country(account({ PersonMailingCountry: 'Germany' }, 'IsPersonAccount')), [
      'IsPersonAccount hidden',
    ])
    assert.deepEqual(country(account({}, 'IsPersonAccount', 'PersonMailingCountry')), ['IsPersonAccount hidden'])
  })

  it('is that of the business where there is one, and blank where neither has any', () => {
    assert.equal(
      country(account({ BillingCountry: 'France', PersonMailingCountry: 'Germany' }, 'IsPersonAccount')),
      'FR',
    )
    assert.equal(country(account({}, 'IsPersonAccount')), null)
    assert.equal(country(account({ IsPersonAccount: 'false', PersonMailingCountry: 'Germany' })), null)
    assert.equal(country(account({ IsPersonAccount: 'true', PersonMailingCountry: 'Germany' })), 'DE')
  })

  it('is not reported as a text that names nothing while it is hidden', () => {
    const says = (of: CrmRecord) => unreadText('fact.country', caseOf(of).facts)?.says ?? null
    assert.match(says(account({ IsPersonAccount: 'false', BillingCountry: 'nonsense' })) ?? '', /names no country/)
    assert.equal(says(account({ IsPersonAccount: 'false', BillingCountry: 'nonsense' }, 'BillingCountry')), null)
    assert.equal(says(account({ IsPersonAccount: 'false' })), null)
  })
})
