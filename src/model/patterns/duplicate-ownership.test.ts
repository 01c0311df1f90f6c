import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  at,
  caseOf,
  company,
  contact,
  daysAgo,
  HUBSPOT,
  lead,
  matching,
  PEOPLE,
  POLICY,
  record,
  SALESFORCE,
  unknownOf,
  user,
} from '../../../test/support/example.ts'
import { companyDirectory } from '../people/company-directory.ts'
import { buildDirectory } from '../people/directory.ts'
import type { CompanyPeople } from '../record/company-people.ts'
import { type CrmRecord, refKey } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { inputKey } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { NOTHING } from './contract/pattern.ts'
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

const byKey = (records: readonly CrmRecord[]) => new Map(records.map((record) => [refKey(record), record]))

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

  const mixed = lead({ OwnerId: 'sf-dach', CreatedDate: daysAgo(50) })
  const among = (users: readonly CrmUser[], links?: CompanyPeople) => {
    const directory = companyDirectory(buildDirectory(users, new Map()), links)
    return (subject: CrmRecord, other: CrmRecord) =>
      duplicateOwnership.detect(
        people,
        caseOf(subject, { neighbours: { matches: [matching(subject, other)], account: null }, directory }),
      )
  }

  it('is not known where the e-mail of both owners is that of two users of a CRM, and says which', () => {
    const detect = among([...PEOPLE, user(SALESFORCE, 'sync', { email: at('dach') })])
    const { findings, unknown } = detect(contact(), mixed)
    assert.deepEqual(findings, [])
    assert.match(
      unknownInWords(unknown!),
      /^Dach \(hs-dach\) and Dach \(sf-dach\) and Sync \(sf-sync\) have one e-mail, so it is not known whether/,
    )
    assert.equal(detect(older(), contact()).findings.length, 0)
    const program = among([...PEOPLE, user(SALESFORCE, 'sync', { email: at('dach'), integration: true })])
    assert.deepEqual(program(contact(), mixed), NOTHING)
  })

  it('is not known either where the owner of its account may be the same person', () => {
    const directory = buildDirectory([...PEOPLE, user(HUBSPOT, 'twin', { email: at('dach') })], new Map())
    const account = company({ hubspot_owner_id: 'hs-twin' })
    const found = duplicateOwnership.detect(
      people,
      caseOf(contact(), { neighbours: { matches: [], account }, directory }),
    )
    assert.deepEqual(found.findings, [])
    assert.deepEqual(found.unknown?.inputs.map(inputKey), ['hs/companies/hubspot_owner_id/one-email'])
  })

  it('case O13: is none for two e-mails that the company links, and is there without the link', () => {
    const renamed = PEOPLE.map((one) => (one.userId === 'sf-dach' ? { ...one, email: 'd.ach@other.example' } : one))
    assert.equal(among(renamed)(contact(), mixed).findings.length, 1)
    const links = { persons: [[at('dach'), 'd.ach@other.example']], integrations: [] }
    assert.deepEqual(among(renamed, links)(contact(), mixed), NOTHING)
    const others = { persons: [[at('dach'), at('big')]], integrations: [] }
    assert.equal(among(renamed, others)(contact(), mixed).findings.length, 1)
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

  it('cases P01 and P02: by phone is found in the old and the new form of one line', () => {
    for (const [country, now, before] of [
      ['Brazil', '+55 11 98765-4321', '+55 11 8765-4321'],
      ['Argentina', '+54 9 11 2345-6789', '+54 11 2345-6789'],
      ['Mexico', '+52 1 55 2345 6789', '55 2345 6789'],
    ] as const) {
      const both = { country, firstname: 'Ana', lastname: 'Doe' }
      const subject = contact({ ...both, phone: now, email: 'a@x.de' })
      assert.match(
        look(subject, [older({ ...both, phone: before, email: 'b@y.de' })])?.what ?? '',
        /same phone and name/,
      )
    }
  })

  it('cases P05 and E08: is none by a number or address that somebody made up', () => {
    const both = { country: 'USA', firstname: 'John', lastname: 'Smith' }
    const subject = contact({ ...both, phone: '000-000-0000', email: 'a@x.de' })
    assert.equal(look(subject, [older({ ...both, phone: '0000000000', email: 'b@y.de' })]), undefined)
    for (const email of ['na@na.com', 'none@none.com', 'test@test.com', 'noemail@noemail.com']) {
      assert.equal(look(contact({ email, firstname: 'Ann' }), [older({ email, firstname: 'Bob' })]), undefined, email)
    }
    const phone = '+49 30 12345678'
    const nameless = { phone, firstname: 'Unknown', lastname: '[not provided]' }
    assert.equal(look(contact({ ...nameless, email: null }), [older({ ...nameless, email: null })]), undefined)
  })

  it('is none by what the policy says is nobody’s here', () => {
    const alsoNobodys = ['front-desk-tablet@acme.de', '+49 30 1234567', 'Kiosk Walk In']
    const setting = { ...people, alsoNobodys }
    const email = 'front-desk-tablet@acme.de'
    assert.ok(look(contact({ email }), [older({ email })]))
    assert.equal(look(contact({ email }), [older({ email })], setting), undefined)
    const byPhone = (phone: string, values = {}) =>
      look(contact({ email: null, phone, ...values }), [older({ email: null, phone, ...values })], setting)
    assert.equal(byPhone('+49 30 1234567'), undefined)
    assert.ok(byPhone('+49 30 7654322'))
    assert.equal(byPhone('+49 30 7654322', { firstname: 'Kiosk', lastname: 'walk-in' }), undefined)
  })

  it('cases E01 and S5: is found by an address with an invisible character in it', () => {
    for (const email of ['\u200bjane@acme.de', 'jane@acme.de\u200b', 'ja\u00adne@acme.de']) {
      assert.match(look(contact({ email }), [older()])?.what ?? '', /same e-mail/)
    }
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

  it('part of M15: finds nothing and says so while our own owner is hidden or was not read', () => {
    const missing = (field: string, why: string) => ({ found: 0, missing: [`hs/contacts/${field}/${why}`] })
    const owner = 'hubspot_owner_id'
    assert.deepEqual(detected(hiding(contact(), owner), older()), missing(owner, 'hidden'))
    assert.deepEqual(detected(contact({ [owner]: 'hs-new' }), older()), missing(owner, 'not-read'))
    assert.deepEqual(detected(contact({ [owner]: null }), older()), { found: 0, missing: [] })
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
    const ancestors = byKey([company({}, { recordId: '7' })])
    assert.deepEqual(detected(company(parent), hiding(other, 'hs_parent_company_id'), accounts, { ancestors }), {
      found: 0,
      missing,
    })
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

  it('part of M15: cannot tell which of two is newer while our own creation time is hidden', () => {
    assert.deepEqual(detected(hiding(contact(), 'createdate'), older()), {
      found: 0,
      missing: ['hs/contacts/createdate/hidden'],
    })
  })

  it('part of M15: blames no owner of an account that the CRM does not show us any more', () => {
    const account = { ...company({ hubspot_owner_id: 'hs-big' }), isUnseen: true as const }
    assert.deepEqual(detected(contact(), older(), people, { matches: [], account }), {
      found: 0,
      missing: ['hs/companies/*/not-visible'],
    })
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

  it('cases D12 and S10: is none within a group of companies, however many levels lie between', () => {
    const at = (id: string, parent: string | null, values = {}) =>
      company({ hs_parent_company_id: parent, createdate: daysAgo(50), ...values }, { recordId: id })
    const found = (subject: CrmRecord, rest: readonly CrmRecord[], ancestors: readonly CrmRecord[] = []) => {
      const neighbours = { matches: rest.map((one) => matching(subject, one)), ancestors: byKey(ancestors) }
      const { findings, unknown } = duplicateOwnership.detect(accounts, caseOf(subject, { neighbours }))
      return [findings.length, unknown?.inputs.map(({ recordId, why }) => `${recordId} ${why}`) ?? []]
    }
    const grandchild = company({ hs_parent_company_id: '2' }, { recordId: '3' })
    const big = { hubspot_owner_id: 'hs-big' }
    const [parent, top] = [at('2', '1'), at('1', null, big)]
    assert.deepEqual(found(grandchild, [parent, top]), [0, []])
    // Of another domain, the parent is no match and is read as an ancestor.
    const foreign = at('2', '1', { domain: 'holding.com' })
    assert.deepEqual(found(grandchild, [top], [foreign]), [0, []])
    assert.deepEqual(found(company({}, { recordId: '9' }), [top, parent]), [1, []], 'a stranger of the same domain')
    // Cousins: 3 < 2 < 1 and 5 < 4 < 1.
    const cousin = at('5', '4', big)
    assert.deepEqual(found(grandchild, [cousin], [foreign, at('4', '1'), at('1', null)]), [0, []])
    assert.deepEqual(found(grandchild, [cousin], [foreign, at('4', null), at('1', null)]), [1, []])
    // The account above 2 decides it, and 2 was not read.
    assert.deepEqual(found(grandchild, [top]), [0, ['2 not-read']])
    assert.deepEqual(found(grandchild, [top], [{ ...foreign, isUnseen: true }]), [0, ['2 not-visible']])
    const merged = { ...at('2', null, { domain: 'x.com' }), mergedInto: '7' }
    assert.deepEqual(found(grandchild, [top], [merged, at('7', '1', { domain: 'x.com' })]), [0, []])
    // A circle of parents is no way up.
    const [a, b] = [at('2', '8', { domain: 'x.com' }), at('8', '2', { domain: 'x.com' })]
    assert.deepEqual(found(grandchild, [top], [a, b]), [1, []])
  })

  it('case D10: is none by the domain alone where many public bodies share it', () => {
    const ministry = (domain: string) => company({ domain, name: domain })
    const rival = (domain: string) => other({ domain, name: domain })
    assert.equal(look(ministry('health.nsw.gov.au'), [rival('finance.nsw.gov.au')], accounts), undefined)
    assert.equal(look(ministry('ec.europa.eu'), [rival('eeas.europa.eu')], accounts), undefined)
    assert.ok(look(ministry('health.nsw.gov.au'), [rival('www.health.nsw.gov.au')], accounts))
  })

  it('is the same phone and name without its legal form', () => {
    const phone = '+4930123456'
    const subject = company({ domain: null, phone, name: 'Acme GmbH' })
    assert.ok(look(subject, [other({ domain: null, phone, name: 'ACME' })], accounts))
    assert.equal(look(subject, [other({ domain: null, phone, name: 'Beta' })], accounts), undefined)
  })
})
