import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  caseOf,
  company,
  contact,
  daysAgo,
  lead,
  matching,
  POLICY,
  record,
  unknownOf,
} from '../../../test/support/example.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { inputKey } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
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

describe('duplicate-ownership where something is not known', () => {
  const detected = (subject: CrmRecord, other: CrmRecord, setting = people, over: Partial<Neighbours> = {}) => {
    const neighbours = { matches: [matching(subject, other)], ...over }
    const { findings, unknown } = duplicateOwnership.detect(setting, caseOf(subject, { neighbours }))
    return { found: findings.length, missing: unknown?.inputs.map(inputKey) ?? [] }
  }
  const hiding = (of: CrmRecord, ...fields: string[]): CrmRecord => ({ ...of, unreadable: new Set(fields) })

  it('part of M15: says what it misses of the other record, and finds nothing by a guess', () => {
    assert.deepEqual(detected(contact(), older()), { found: 1, missing: [] })
    for (const field of ['hubspot_owner_id', 'createdate']) {
      assert.deepEqual(detected(contact(), hiding(older(), field)), {
        found: 0,
        missing: [`hs/contacts/${field}/hidden`],
      })
    }
    const converted = lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(50) })
    assert.deepEqual(detected(contact(), hiding(converted, 'IsConverted')), {
      found: 0,
      missing: ['sf/Lead/IsConverted/hidden'],
    })
  })

  it('part of M15: misses nothing where the answer would be the same whatever is hidden', () => {
    const same = older({ hubspot_owner_id: 'hs-dach' })
    assert.deepEqual(detected(contact(), hiding(same, 'createdate')), { found: 0, missing: [] })
    const younger = older({ createdate: daysAgo(1) })
    assert.deepEqual(detected(contact(), hiding(younger, 'hubspot_owner_id')), { found: 0, missing: [] })
  })

  it('part of M15: cannot match by phone while a name is hidden', () => {
    const phone = { email: null, phone: '+4930123456' }
    assert.deepEqual(detected(contact(phone), hiding(older(phone), 'lastname')), {
      found: 0,
      missing: ['hs/contacts/lastname/hidden'],
    })
    assert.deepEqual(detected(hiding(contact(phone), 'lastname'), older(phone)), {
      found: 0,
      missing: ['hs/contacts/lastname/hidden'],
    })
  })

  it('part of M15: cannot tell two accounts from a family while a parent is hidden', () => {
    const other = company({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50) }, { recordId: '50' })
    const parent = { hs_parent_company_id: '7' }
    const missing = ['hs/companies/hs_parent_company_id/hidden']
    assert.deepEqual(detected(company(parent), hiding(other, 'hs_parent_company_id'), accounts), { found: 0, missing })
    assert.deepEqual(detected(hiding(company(), 'hs_parent_company_id'), other, accounts), { found: 0, missing })
  })

  it('part of M15: names keys of compared objects that nobody can see, also beside what it finds', () => {
    const key = (crm: string, objectType: string) =>
      unknownOf(objectType, { crm, field: 'email', why: 'hidden' }).inputs[0]!
    const unseenKeys = [key('hubspot', 'contacts'), key('hubspot', 'companies'), key('salesforce', 'Account')]
    const missing = ['hs/contacts/email/hidden']
    assert.deepEqual(detected(contact(), older(), people, { unseenKeys }), { found: 1, missing })
    const account = company({ hubspot_owner_id: 'hs-big' })
    assert.deepEqual(detected(contact(), older(), people, { unseenKeys, matches: [], account }), { found: 1, missing })
    assert.deepEqual(
      detected(contact(), older(), people, { unseenKeys, matches: [], account: unknownOf('companies') }),
      {
        found: 0,
        missing: [...missing, 'hs/companies/*/not-read'],
      },
    )
  })

  it('part of M15: asks for the owner of the account where it is hidden', () => {
    const account = hiding(company({ hubspot_owner_id: 'hs-big' }), 'hubspot_owner_id')
    assert.deepEqual(detected(contact(), older(), people, { matches: [], account }), {
      found: 0,
      missing: ['hs/companies/hubspot_owner_id/hidden'],
    })
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
