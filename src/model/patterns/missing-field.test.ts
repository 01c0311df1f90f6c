import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, lead, NOW_MS } from '../../../test/support/example.ts'
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
})
