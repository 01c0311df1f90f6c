import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, daysAgo, lead, matching, POLICY, record } from '../../../test/support/example.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { duplicateOwnership } from './duplicate-ownership.ts'

type Setting = Parameters<typeof duplicateOwnership.detect>[0]
const people = POLICY.patterns.find((p) => p.pattern === 'duplicate-ownership') as Setting
const accounts: Setting = {
  pattern: 'duplicate-ownership',
  against: [{ crm: 'hubspot', object: 'companies' }],
  againstAccountOwner: false,
}

function look(
  subject: CrmRecord,
  others: readonly CrmRecord[],
  setting = people,
  account: CrmRecord | null = null,
  holders = 2,
) {
  const matches = others.map((other) => matching(subject, other, holders))
  return duplicateOwnership.detect(setting, caseOf(subject, { neighbours: { matches, account } })).findings[0]
}

const older = (values = {}, id = '0') =>
  contact({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50), ...values }, { recordId: id })

describe('duplicate-ownership of a person', () => {
  it('is the case of the newer record, and of exactly one of the two', () => {
    assert.match(
      look(contact(), [older()])?.what ?? '',
      /^Dach owns this contact, but Big owns .*same person \(same e-mail\)/,
    )
    assert.equal(look(older(), [contact()]), undefined)
    const twin = older({ createdate: contact().values.createdate! })
    const both = [look(contact(), [twin]), look(twin, [contact()])]
    assert.equal(both.filter(Boolean).length, 1)
  })

  it('is none when the same person owns both, in one CRM or across the two', () => {
    assert.equal(look(contact(), [older({ hubspot_owner_id: 'hs-dach' })]), undefined)
    assert.equal(look(contact(), [lead({ OwnerId: 'sf-dach', CreatedDate: daysAgo(50) })]), undefined)
    assert.ok(look(contact(), [lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(50) })]))
  })

  it('is none unless active people own both', () => {
    assert.equal(look(contact(), [older({ hubspot_owner_id: 'hs-gone' })]), undefined)
    assert.equal(look(contact({ hubspot_owner_id: 'hs-queue' }), [older()]), undefined)
  })

  it('is ours whatever its age where the policy says so', () => {
    const other = record('salesforce', 'Contact', { Email: 'jane@acme.de', OwnerId: 'sf-big', CreatedDate: daysAgo(1) })
    assert.ok(look(contact(), [other]))
  })

  it('names the oldest of several', () => {
    const found = look(contact(), [older(), older({ createdate: daysAgo(90), hubspot_owner_id: 'hs-france' }, '7')])
    assert.equal(found?.involves[0]?.recordId, '7')
  })

  it('by phone asks for the same name, which accents and order do not change', () => {
    const phone = '+4930123456'
    const subject = contact({ email: null, phone, firstname: 'Jörg', lastname: 'Müller' })
    assert.ok(look(subject, [older({ email: null, phone, firstname: 'MULLER', lastname: 'Jorg' })]))
    assert.equal(look(subject, [older({ email: null, phone, firstname: 'Ann', lastname: 'Müller' })]), undefined)
    const nameless = { firstname: null, lastname: null, email: null, phone }
    assert.equal(look(contact(nameless), [older(nameless)]), undefined)
  })

  it('says nothing by a key that more than 200 records hold', () => {
    assert.ok(look(contact(), [older()], people, null, 200))
    assert.equal(look(contact(), [older()], people, null, 201), undefined)
  })

  it('is none with a record that is gone, or a lead that was converted', () => {
    assert.equal(look(contact(), [{ ...older(), deleted: true }]), undefined)
    assert.equal(
      look(contact(), [lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(50), IsConverted: 'true' })]),
      undefined,
    )
  })

  it('is also a person whose account belongs to somebody else, after any duplicate record', () => {
    const account = company({ hubspot_owner_id: 'hs-big' })
    assert.match(look(contact(), [], people, account)?.what ?? '', /but Big owns its account/)
    assert.match(look(contact(), [older()], people, account)?.what ?? '', /same e-mail/)
    assert.equal(look(contact(), [], people, company()), undefined)
    assert.equal(look(contact(), [], people, company({ hubspot_owner_id: 'hs-gone' })), undefined)
  })
})

describe('duplicate-ownership of an account', () => {
  const other = (values = {}) =>
    company({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50), ...values }, { recordId: '50' })

  it('is the same domain, unless the two are family', () => {
    assert.match(look(company(), [other()], accounts)?.what ?? '', /same domain/)
    assert.equal(look(company({ hs_parent_company_id: '50' }), [other()], accounts), undefined)
    assert.equal(look(company(), [other({ hs_parent_company_id: '100' })], accounts), undefined)
    const parent = { hs_parent_company_id: '1' }
    assert.equal(look(company(parent), [other(parent)], accounts), undefined)
  })

  it('is the same phone and name without its legal form', () => {
    const phone = '+4930123456'
    const subject = company({ domain: null, phone, name: 'Acme GmbH' })
    assert.ok(look(subject, [other({ domain: null, phone, name: 'ACME' })], accounts))
    assert.equal(look(subject, [other({ domain: null, phone, name: 'Beta' })], accounts), undefined)
  })
})
