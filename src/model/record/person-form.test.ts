import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, daysAgo, lead, matching, record, unknownOf } from '../../../test/support/example.ts'
import { linkKeys, matchKeys } from '../matching/keys.ts'
import { duplicateOwnership } from '../patterns/duplicate-ownership.ts'
import { missingField } from '../patterns/missing-field.ts'
import { fieldReader } from '../rules/facts.ts'
import type { CrmRecord } from './crm-record.ts'
import { Unknown } from './knowledge.ts'
import { objectShape } from './object-shape.ts'
import { absentForm, hiddenAmong, recordShape } from './person-form.ts'

const HIDDEN = { unreadable: new Set(['IsPersonAccount']) }
const UNREAD = { ...HIDDEN, drifted: new Map([['IsPersonAccount', 'not-read' as const]]) }

function account(values: Record<string, string | null> = {}, over: Partial<CrmRecord> = {}): CrmRecord {
  const inOrder = { Name: 'Jane Doe', OwnerId: 'sf-dach', IsPersonAccount: 'true', PersonEmail: 'jane@acme.de' }
  return record('salesforce', 'Account', { ...inOrder, ...values }, over)
}

const business = (values: Record<string, string | null> = {}, over: Partial<CrmRecord> = {}) =>
  account({ Name: 'Acme', IsPersonAccount: 'false', PersonEmail: null, Website: 'acme.de', ...values }, over)

const setting = {
  pattern: 'duplicate-ownership',
  against: [
    { crm: 'salesforce', object: 'Account' },
    { crm: 'salesforce', object: 'Contact' },
    { crm: 'hubspot', object: 'contacts' },
    { crm: 'hubspot', object: 'companies' },
  ],
  againstAccountOwner: false,
} as const

const look = (subject: CrmRecord, ...others: CrmRecord[]) =>
  duplicateOwnership.detect(
    setting,
    caseOf(subject, { neighbours: { matches: others.map((o) => matching(subject, o)) } }),
  )

const older = { CreatedDate: daysAgo(50), OwnerId: 'sf-big' }
const missing = (subject: CrmRecord, ...fields: string[]) =>
  missingField.detect({ pattern: 'missing-field', fields, graceMinutes: 30 }, caseOf(subject))
const details = (subject: CrmRecord, ...fields: string[]) => missing(subject, ...fields).findings.map((f) => f.detail)

describe('a person among the accounts', () => {
  it('lacks nothing of a business, and a business nothing of a person', () => {
    const fields = [
      'Website',
      'Industry',
      'NumberOfEmployees',
      'BillingCountry',
      'Phone',
      'Tier__c',
      'PersonEmail',
      'Age__pc',
    ]
    assert.deepEqual(details(account({ PersonEmail: null }), ...fields), ['Phone', 'Tier__c', 'PersonEmail', 'Age__pc'])
    const of = ['Industry', 'NumberOfEmployees', 'BillingCountry', 'Phone', 'Tier__c']
    assert.deepEqual(details(business(), ...fields), of)
    assert.deepEqual(details(business({ IsPersonAccount: null }), ...fields), of)
  })

  it('is the same as another, and as a contact of either CRM, by e-mail', () => {
    assert.match(
      look(account(), account(older, { recordId: '2' })).findings[0]?.what ?? '',
      /same person \(same e-mail\)/,
    )
    assert.ok(look(account(), contact({ hubspot_owner_id: 'hs-big', createdate: daysAgo(50) })).findings[0])
    const inHubSpot = contact({ createdate: daysAgo(1) })
    assert.match(
      look(inHubSpot, account(older)).findings[0]?.what ?? '',
      /owns the Salesforce person account "Jane Doe"/,
    )
    assert.equal(
      look(account(), account({ ...older, PersonEmail: 'other@acme.de' }, { recordId: '2' })).findings.length,
      0,
    )
  })

  it('is the same as a contact by mobile phone and name', () => {
    const phone = '+4930123456'
    const other = contact({ email: null, phone, hubspot_owner_id: 'hs-big', createdate: daysAgo(50) })
    assert.ok(look(account({ PersonEmail: null, PersonMobilePhone: phone }), other).findings[0])
  })

  it('is no duplicate of the contact that is its other row', () => {
    const own = (values: Record<string, string | null>) =>
      record('salesforce', 'Contact', { Email: 'jane@acme.de', ...older, ...values }, { recordId: '77' })
    assert.equal(look(account(), own({ AccountId: '1' })).findings.length, 0)
    assert.equal(look(account({ PersonContactId: '77' }), own({})).findings.length, 0)
    assert.equal(look(own({ AccountId: '1', CreatedDate: daysAgo(1) }), account(older)).findings.length, 0)
    assert.ok(look(account(), own({ AccountId: '9' })).findings[0])
  })

  it('is no business: no domain finds it, and it finds no account by one', () => {
    const person = account({ Website: 'acme.de' })
    assert.deepEqual(matchKeys(person), ['email:jane@acme.de'])
    assert.deepEqual(linkKeys(person), [])
    assert.equal(look(person, business(older, { recordId: '2' })).findings.length, 0)
    assert.equal(look(business(), account({ ...older, Website: 'acme.de' }, { recordId: '2' })).findings.length, 0)
    assert.deepEqual(matchKeys(business({ PersonEmail: 'jane@acme.de' })), ['domain:acme.de'])
  })

  it('lives where the person lives, unless the account is billed elsewhere, and is its own account', () => {
    const ask = (name: string, subject: CrmRecord) => fieldReader(name)(caseOf(subject).facts)
    assert.equal(ask('fact.country', account({ PersonMailingCountry: 'Germany' })), 'DE')
    assert.equal(ask('fact.country', account({ PersonMailingCountry: 'Germany', BillingCountry: 'France' })), 'FR')
    assert.equal(ask('fact.country', business({ PersonMailingCountry: 'Germany' })), null)
    assert.equal(ask('fact.customer', account({ Type: 'Customer' })), 'true')
    assert.equal(ask('account.Type', account({ Type: 'Prospect' })), 'Prospect')
    assert.equal(ask('fact.domain', account({ Website: 'other.de' })), 'acme.de')
    assert.equal(ask('fact.employees', account()), null)
  })
})

describe('part of M15: an account that may be a person or a business', () => {
  for (const [why, over] of [
    ['hidden', HIDDEN],
    ['not-read', UNREAD],
  ] as const) {
    it(`is neither (${why})`, () => {
      const unsure = account({ Website: 'acme.de', Industry: null, PersonMailingCountry: 'Germany' }, over)
      const inputsOf = (unknown: Unknown | null) => unknown?.inputs.map((input) => [input.field, input.why])
      const reported = [['IsPersonAccount', why]]
      const industry = missing(unsure, 'Industry')
      assert.deepEqual([industry.findings, inputsOf(industry.unknown)], [[], reported])
      assert.deepEqual(details(unsure, 'Phone'), ['Phone'])
      for (const other of [account(older, { recordId: '2' }), business(older, { recordId: '2' })]) {
        const { findings, unknown } = look(unsure, other)
        assert.deepEqual([findings, inputsOf(unknown)], [[], reported])
      }
      assert.deepEqual(look(unsure, account({ ...older, PersonEmail: 'x@y.de' }, { recordId: '2' })).unknown, null)
      const { facts } = caseOf(unsure)
      for (const fact of ['fact.country', 'fact.domain']) assert.ok(fieldReader(fact)(facts) instanceof Unknown, fact)
      assert.equal(recordShape(unsure)?.about, 'account')
    })
  }

  it('is not known to be alone while the e-mail of the person is hidden too, which does not matter to a business', () => {
    const both = { unreadable: new Set(['IsPersonAccount', 'PersonEmail']) }
    const fieldsOf = (subject: CrmRecord) => look(subject).unknown?.inputs.map(({ field }) => field)
    assert.deepEqual(fieldsOf(account({}, both)), ['IsPersonAccount', 'PersonEmail'])
    assert.equal(fieldsOf(account({}, HIDDEN)), undefined)
    assert.equal(fieldsOf(business({}, { unreadable: new Set(['PersonEmail']) })), undefined)
    const email = objectShape('salesforce', 'Account')!.asPerson!.email
    const shape = recordShape(account({}, { unreadable: new Set([email]) }))!
    assert.ok(duplicateOwnership.inputs(setting, shape).includes(email))
  })

  it('says so of the keys by which others would be found', () => {
    const other = unknownOf('Account', { crm: 'salesforce', field: 'PersonEmail', why: 'hidden' }).inputs
    const seen = (subject: CrmRecord) =>
      duplicateOwnership.detect(setting, caseOf(subject, { neighbours: { unseenKeys: other } })).unknown
    assert.ok(seen(contact()) instanceof Unknown)
    assert.ok(seen(account()) instanceof Unknown)
    assert.equal(seen(business()), null)
    assert.equal(seen(record('hubspot', 'companies', { domain: 'acme.de', hubspot_owner_id: 'hs-dach' })), null)
  })
})

describe('the fields of persons among the accounts', () => {
  const shape = objectShape('salesforce', 'Account')
  const wanted = ['Name', 'IsPersonAccount', 'PersonEmail', 'Secret__c']

  it('are hidden by nobody where the org has no persons, and hidden where one of them shows', () => {
    assert.deepEqual(hiddenAmong(shape, wanted, new Set(['Name'])), ['Secret__c'])
    assert.deepEqual(hiddenAmong(shape, wanted, new Set(['Name', 'PersonEmail'])), ['IsPersonAccount', 'Secret__c'])
    assert.deepEqual(hiddenAmong(shape, wanted, new Set(['Name', 'Age__pc'])), wanted.slice(1))
    assert.equal(absentForm(objectShape('salesforce', 'Lead'), ['Name']).size, 0)
    assert.equal(lead().values.IsPersonAccount, undefined)
  })
})
