import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, lead, matching, record, unknownOf } from '../../../../test/support/example.ts'
import type { FieldText } from '../../record/change-event.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import { Unknown } from '../../record/knowledge.ts'
import { sameness, unseenMatches } from './same-record.ts'

const hiding = (...fields: string[]) => ({ unreadable: new Set(fields) })
const PHONE = '+49 30 1234567'

/** What makes the two one, null where they are not, or the inputs that are missing. */
function same(a: CrmRecord, b: CrmRecord): string | string[] | null {
  const { facts } = caseOf(a)
  const answer = sameness(facts, matching(a, b))
  return answer instanceof Unknown ? inputsOf(answer) : (answer?.same ?? null)
}

function inputsOf(unknown: Unknown | null): string[] {
  return unknown === null ? [] : unknown.inputs.map(({ name, why }) => `${name} ${why}`).toSorted()
}

describe('one person in two records', () => {
  const jane = (...hidden: string[]) => contact({ email: 'jane@home.example', phone: PHONE }, hiding(...hidden))
  const caller = (values: Record<string, FieldText> = {}, ...hidden: string[]) =>
    lead({ Email: 'x@y.example', Phone: PHONE, ...values }, hiding(...hidden))

  it('have one phone and one name', () => {
    assert.equal(same(jane(), caller()), 'same phone and name')
    assert.equal(same(jane(), caller({ LastName: 'Roe' })), null)
    assert.equal(same(jane(), caller({ FirstName: null, LastName: null })), null)
  })

  it('are not known where a name is hidden, and every hidden name is named', () => {
    assert.deepEqual(same(jane('lastname'), caller()), ['lastname hidden'])
    assert.deepEqual(same(jane(), caller({}, 'LastName')), ['LastName hidden'])
    assert.deepEqual(same(jane('lastname'), caller({}, 'FirstName')), ['FirstName hidden', 'lastname hidden'])
  })

  it('are known by one e-mail whatever is hidden of the names', () => {
    const hidden = lead({ Phone: PHONE }, hiding('LastName'))
    assert.equal(same(contact({ phone: PHONE }, hiding('lastname')), hidden), 'same e-mail')
  })
})

describe('one account in two records', () => {
  const acme = (values: Record<string, FieldText> = {}, ...hidden: string[]) =>
    company({ phone: PHONE, ...values }, { recordId: '2', ...hiding(...hidden) })

  it('have one domain, unless they are or may be of one group of companies', () => {
    assert.equal(same(company(), company({}, { recordId: '2' })), 'same domain')
    assert.equal(same(company(), company({ hs_parent_company_id: '100' }, { recordId: '2' })), null)
    assert.deepEqual(same(company(), company({}, { recordId: '2', ...hiding('hs_parent_company_id') })), [
      'hs_parent_company_id hidden',
    ])
  })

  it('are not known where a parent and a name are hidden, and both are named', () => {
    const parent = 'hs_parent_company_id'
    assert.deepEqual(same(company({ phone: PHONE }), acme({}, parent, 'name')), [`${parent} hidden`, 'name hidden'])
    assert.deepEqual(same(company({ phone: PHONE }), acme({ name: 'Beta' }, parent)), [`${parent} hidden`])
    assert.equal(same(company({ phone: PHONE }), acme({}, parent)), 'same phone and name')
  })
})

describe('an account that may be a person', () => {
  const account = (values: Record<string, FieldText>, ...hidden: string[]) =>
    record('salesforce', 'Account', { Name: 'Jane Doe', ...values }, { recordId: '3', ...hiding(...hidden) })

  it('is not known to be one with a person, and names what else is hidden of the two', () => {
    const person = account({ PersonEmail: 'jane@acme.de' }, 'IsPersonAccount')
    assert.deepEqual(same(person, lead()), ['IsPersonAccount hidden'])
    assert.deepEqual(same(lead(), person), ['IsPersonAccount hidden'])
    assert.equal(same(account({ PersonEmail: 'jane@acme.de', IsPersonAccount: 'true' }), lead()), 'same e-mail')
    const caller = account({ Phone: PHONE }, 'IsPersonAccount')
    const other = lead({ Email: null, Phone: PHONE }, hiding('LastName'))
    assert.deepEqual(same(caller, other), ['IsPersonAccount hidden', 'LastName hidden'])
  })

  it('may have matches that nobody sees while what a person would be found by is hidden', () => {
    const unseen = (of: CrmRecord, neighbours = {}) =>
      inputsOf(unseenMatches([{ crm: 'salesforce', object: 'Lead' }], caseOf(of, { neighbours }).facts))
    const flag = 'IsPersonAccount hidden'
    assert.deepEqual(unseen(account({}, 'IsPersonAccount', 'PersonEmail')), [flag, 'PersonEmail hidden'])
    assert.deepEqual(unseen(account({}, 'IsPersonAccount')), [])
    assert.deepEqual(unseen(account({ IsPersonAccount: 'false' }, 'PersonEmail')), [])
    assert.deepEqual(unseen(account({ IsPersonAccount: 'true' }, 'PersonEmail')), [])
    const unseenKeys = unknownOf('Lead', { crm: 'salesforce', field: 'Email', name: 'Lead.Email' }).inputs
    const both = account({}, 'IsPersonAccount', 'PersonEmail')
    assert.deepEqual(unseen(both, { unseenKeys }), [flag, 'Lead.Email not-read', 'PersonEmail hidden'])
    assert.deepEqual(unseen(contact(), { unseenKeys }), ['Lead.Email not-read'])
    assert.deepEqual(unseen(company(), { unseenKeys }), [])
  })
})
