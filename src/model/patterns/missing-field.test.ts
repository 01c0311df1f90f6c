import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, lead, NOW_MS, record } from '../../../test/support/example.ts'
import { NOTHING } from './contract/pattern.ts'
import { missingField } from './missing-field.ts'

const setting = { pattern: 'missing-field', fields: ['company', 'country'], graceMinutes: 30 } as const
const made = (minutesAgo: number) => new Date(NOW_MS - minutesAgo * 60_000).toISOString()
const details = (subject: ReturnType<typeof contact>) =>
  missingField.detect(setting, caseOf(subject)).findings.map((f) => f.detail)

describe('missing-field', () => {
  it('is one finding per blank field, white space included', () => {
    assert.deepEqual(details(contact({ company: null, country: '  ' })), ['company', 'country'])
    assert.deepEqual(details(contact()), [])
  })

  it('case X01: is there for a country that names none, which is quoted and never called blank', () => {
    const [found] = missingField.detect(setting, caseOf(contact({ country: 'Holand' }))).findings
    assert.equal(found?.what, 'On this contact, the text "Holand" names no country (the nearest name is Holland).')
    assert.deepEqual(found?.evidence, { country: 'Holand' })
    for (const country of ['Netherlands', 'Korea, Republic of', 'n.a. ']) {
      assert.equal(details(contact({ country })).length, country === 'n.a. ' ? 1 : 0, country)
    }
    const readings = { countries: { holand: 'NL' }, states: {} }
    const { facts } = caseOf(contact({ country: ' HOLAND ' }))
    assert.deepEqual(missingField.detect(setting, { ...caseOf(contact()), facts: { ...facts, readings } }), NOTHING)
  })

  it('case B01: takes a placeholder for blank, in any language, and says which text it was', () => {
    for (const company of [
      '[not provided]',
      'Unknown',
      '[no proporcionado]',
      'N/A',
      '-',
      'test',
      'keine Angabe',
      '不明',
      '\u200bn/a',
    ]) {
      assert.deepEqual(details(contact({ company })), ['company'], company)
    }
    const [found] = missingField.detect(setting, caseOf(contact({ company: '[not provided]' }))).findings
    assert.equal(found?.what, 'company of this contact is the placeholder "[not provided]", which counts as blank.')
    assert.deepEqual(found?.evidence, { company: '[not provided]' })
    for (const company of ['Unknown Worlds', 'Nada', 'Testo SE', 'X-Rite', 'Not Impossible Labs']) {
      assert.deepEqual(details(contact({ company })), [], company)
    }
  })

  it('part of M47: makes all records without the same field one cause, and a text that names no country another', () => {
    const causeOf = (subject: ReturnType<typeof contact>) =>
      missingField.detect(setting, caseOf(subject)).findings.map(({ cause }) => cause)
    const blank = ['missing-field/contacts/country']
    for (const country of [null, ' ', 'n/a']) assert.deepEqual(causeOf(contact({ country })), blank)
    assert.deepEqual(causeOf(contact({ country: 'Holand' })), ['missing-field/contacts/country/not-understood'])
    assert.deepEqual(causeOf(contact({ country: 'EMEA' })), ['missing-field/contacts/country/not-understood'])
    const [found] = missingField.detect(setting, caseOf(contact({ company: null }))).findings
    assert.equal(found?.causeTitle, 'company is blank on these contacts')
  })

  it('knows what a field is for: a surname is no placeholder, and a phone of zeros is one', () => {
    const fields = ['lastname', 'email', 'phone', 'country', 'region', 'mobilephone']
    const blank = (values: Record<string, string>) =>
      missingField
        .detect(
          { ...setting, fields },
          caseOf(contact({ phone: '+49 30 123', mobilephone: '+49 170 4455', region: 'y', ...values })),
        )
        .findings.map(({ detail }) => detail)
    for (const lastname of ['Test', 'Na', 'Null', 'Blank', 'None']) assert.deepEqual(blank({ lastname }), [], lastname)
    for (const lastname of ['[not provided]', 'Unknown', '.', 'n/a', 'lastname']) {
      assert.deepEqual(blank({ lastname }), ['lastname'], lastname)
    }
    assert.deepEqual(blank({ email: 'none@none.com', phone: '000-000-0000' }), ['email', 'phone'])
    assert.deepEqual(blank({ phone: '0800 000 0000', country: 'NA', region: 'NA' }), [], 'Namibia and North America')
    assert.deepEqual(blank({ country: 'n.a.', region: 'n/a', mobilephone: 'none' }), [
      'country',
      'region',
      'mobilephone',
    ])
  })

  it('takes for blank what the policy adds, and what shows nothing', () => {
    const alsoBlank = ['see notes', 'Z9']
    const blank = (company: string) =>
      missingField.detect({ ...setting, alsoBlank }, caseOf(contact({ company }))).findings.length
    assert.deepEqual(['See notes', '[z9]', 'Acme', '\u200b\u2060', '\u00ad \ufeff'].map(blank), [1, 1, 0, 1, 1])
  })

  it('waits for the grace, to the minute, and says when it ends', () => {
    assert.deepEqual(details(contact({ company: null, createdate: made(30) })), ['company'])
    const young = missingField.detect(setting, caseOf(contact({ company: null, createdate: made(29) })))
    assert.deepEqual(young, { findings: [], unknown: null, nextRecheckAtMs: NOW_MS + 60_000 })
  })

  it('gives no grace to a record whose age is not known', () => {
    assert.deepEqual(details(contact({ company: null, createdate: null })), ['company'])
  })

  it('says of an assignment to territories that there is none, and nothing of one that was not read', () => {
    const assignment = { pattern: 'missing-field', fields: ['@territories'], graceMinutes: 30 } as const
    const what = (...parts: Parameters<typeof lead>) =>
      missingField.detect(assignment, caseOf(lead(...parts))).findings[0]?.what
    assert.equal(what({ '@territories': null }), 'This lead is assigned to no territory.')
    assert.equal(what({ '@territories': 'dach' }), undefined)
    const unread = { unreadable: new Set(['@territories']), drifted: new Map([['@territories', 'not-read' as const]]) }
    assert.equal(what({}, unread), undefined)
  })

  it('part of M15: never takes a hidden field for a blank one, and finds the others as usual', () => {
    const subject = contact({ company: null, country: null }, { unreadable: new Set(['company']) })
    assert.deepEqual(details(subject), ['country'])
    assert.deepEqual(missingField.inputs(setting, caseOf(subject).facts.shape), ['company', 'country'])
  })

  it('part of M15: cannot tell whether a blank is in its grace when the time of creation is hidden', () => {
    const subject = contact({ company: null }, { unreadable: new Set(['createdate']) })
    const { findings, unknown } = missingField.detect(setting, caseOf(subject))
    assert.deepEqual(findings, [])
    assert.deepEqual(
      unknown?.inputs.map(({ field, why }) => [field, why]),
      [['createdate', 'hidden']],
    )
  })

  it('part of M15: finds no field of businesses blank on an account that may be a person', () => {
    const detected = (values: Record<string, string>, ...hidden: string[]) => {
      const subject = record('salesforce', 'Account', values, { unreadable: new Set(hidden) })
      const fields = ['Website', 'Phone']
      const { findings, unknown } = missingField.detect({ ...setting, fields }, caseOf(subject))
      return { blank: findings.map(({ detail }) => detail), missing: unknown?.inputs.map(({ name }) => name) ?? [] }
    }
    const flag = 'IsPersonAccount'
    assert.deepEqual(detected({}, flag), { blank: ['Phone'], missing: [flag] })
    assert.deepEqual(detected({}, flag, 'CreatedDate'), { blank: [], missing: [flag, 'CreatedDate'] })
    assert.deepEqual(detected({ Website: 'acme.de' }, flag), { blank: ['Phone'], missing: [] })
    assert.deepEqual(detected({ [flag]: 'true' }), { blank: ['Phone'], missing: [] })
    assert.deepEqual(detected({ [flag]: 'false' }), { blank: ['Website', 'Phone'], missing: [] })
  })
})
