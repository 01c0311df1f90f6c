import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  caseOf,
  company,
  contact,
  lead,
  matching,
  POLICY,
  record,
  SALESFORCE,
  unknownOf,
} from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { Conditions } from './condition.ts'
import { fieldReader } from './facts.ts'

const read = fieldReader('fact.customer')
const account = (Type: FieldText, recordId = 'A1', values: Record<string, FieldText> = {}) =>
  record('salesforce', 'Account', { Name: 'Acme', Website: 'acme.de', Type, ...values }, { recordId })
const beside = (...accounts: ReturnType<typeof account>[]): Partial<Neighbours> => ({
  sameDomain: { accounts: accounts.map((one) => ({ account: one, deals: [] })) },
})

function answer(
  subject: ReturnType<typeof contact>,
  neighbours: Partial<Neighbours> = {},
  customers: Conditions = [],
): string {
  const value = read(caseOf(subject, { neighbours, policy: { ...POLICY, customers } }).facts)
  return value instanceof Unknown ? `unknown: ${value.inputs.map(({ name, why }) => `${name} ${why}`).join()}` : value!
}

describe('an existing customer', () => {
  it('case M03: is one by any of the accounts that have its domain, also where nobody knows which is its own', () => {
    const ambiguous = unknownOf('Account', { crm: 'salesforce', connectionId: SALESFORCE, why: 'ambiguous' })
    const of = (...types: FieldText[]): Partial<Neighbours> => ({
      account: ambiguous,
      accountCandidates: types.map((type, i) => account(type, `A${i}`)),
    })
    assert.equal(answer(lead(), of('Prospect', 'Customer')), 'true')
    assert.equal(answer(lead(), of('Prospect', null)), 'false')
    // Too many to look at.
    assert.match(answer(lead(), { account: ambiguous }), /unknown: Account ambiguous/)
  })

  it('case M08: is one by an account of the other CRM that has its domain, whatever its own account says', () => {
    assert.equal(answer(contact(), beside(account('Customer - Direct'))), 'true')
    assert.equal(
      answer(contact(), { account: company({ lifecyclestage: 'lead' }), ...beside(account('Customer')) }),
      'true',
    )
    assert.equal(answer(company({ lifecyclestage: 'lead' }), beside(account('Customer'))), 'true')
    assert.equal(answer(contact(), beside(account('Prospect'), account(null, 'A2'))), 'false')
  })

  it('is one by a record of the same person, and not by one that only shares a telephone', () => {
    const twin = contact({ lifecyclestage: 'customer', phone: '+49 30 123456' }, { recordId: '7' })
    assert.equal(answer(lead(), { matches: [matching(lead(), twin)] }), 'true')
    const other = contact(
      { lifecyclestage: 'customer', email: 'jo@acme.de', phone: '+49 30 123456' },
      { recordId: '8' },
    )
    const caller = lead({ Phone: '+49 30 123456' })
    assert.equal(answer(caller, { matches: [matching(caller, other)] }), 'false')
  })

  it('part of M15: is not known where something that would say it cannot be seen, unless something else says it', () => {
    const hidden = account('x', 'A1')
    const unseen = { ...hidden, unreadable: new Set(['Type']) }
    assert.equal(answer(contact(), beside(unseen)), 'unknown: salesforce.Account.Type hidden')
    assert.equal(answer(contact(), beside(unseen, account('Customer', 'A2'))), 'true')
    const refused = { accounts: [], unknown: unknownOf('Account', { why: 'refused' }) }
    assert.equal(answer(contact(), { sameDomain: refused }), 'unknown: Account refused')
    assert.equal(answer(contact({ lifecyclestage: 'customer' }), { sameDomain: refused }), 'true')
    const key = { ...unknownOf('contacts', { why: 'hidden' }).inputs[0]!, field: 'email' }
    assert.match(answer(lead(), { unseenKeys: [key] }), /unknown: contacts hidden/)
    assert.equal(answer(lead(), { unseenKeys: [{ ...key, field: 'phone' }] }), 'false', 'a telephone would not say it')
  })

  it('case M01, case M09: is one by the fields and values that the policy names, in each CRM', () => {
    const named: Conditions = [
      { field: 'hubspot.contacts.lifecyclestage', op: 'in', values: ['39481023'] },
      { field: 'salesforce.Account.Type', op: 'in', values: ['Stammkunde'] },
      { field: 'salesforce.Account.Customer_Since__c', op: 'not-blank' },
      { field: 'hubspot.companies.is_client', op: 'in', values: ['true'] },
    ]
    assert.equal(answer(contact({ lifecyclestage: '39481023' }), {}, named), 'true')
    assert.equal(answer(contact({ lifecyclestage: '39481023' })), 'false')
    assert.equal(answer(contact(), beside(account(' STAMMKUNDE')), named), 'true')
    assert.equal(
      answer(contact(), beside(account('Prospect', 'A1', { Customer_Since__c: '2020-01-01' })), named),
      'true',
    )
    assert.equal(answer(contact(), { account: company({ is_client: 'true' }) }, named), 'true')
    assert.equal(answer(contact(), { account: company({ is_client: 'false' }) }, named), 'false')
    const unread = company({}, { unreadable: new Set(['is_client']) })
    assert.equal(answer(contact(), { account: unread }, named), 'unknown: account.is_client hidden')
    const list = { ...account('Partner;Stammkunde'), lists: new Set(['Type']) }
    assert.equal(answer(contact(), beside(list), named), 'true')
  })

  it('case M09: is one by what orgs commonly call it', () => {
    for (const type of ['Kunde', 'Existing Customer', 'Client', 'Customer - Reseller', 'customer - direct ']) {
      assert.equal(answer(contact(), beside(account(type))), 'true', type)
    }
    for (const type of ['Former Customer', 'Prospect', 'Partner', 'Customer Prospect']) {
      assert.equal(answer(contact(), beside(account(type))), 'false', type)
    }
  })
})
