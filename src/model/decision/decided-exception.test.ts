import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALONE, at, contact, directoryOf, NOW_MS, PEOPLE, versionOf } from '../../../test/support/example.ts'
import { decide } from './decide.ts'

describe('cases of one cause', () => {
  const causeOf = (owner: string) =>
    decide({
      record: contact({ company: null, hubspot_owner_id: owner }),
      neighbours: ALONE,
      directory: directoryOf(),
      version: versionOf(),
      nowMs: NOW_MS,
    }).exceptions[0]?.finding.cause

  it('part of M20: keeps what a reviewer owns out of the list that they may get', () => {
    const rita = PEOPLE.find(({ email }) => email === at('rita'))!
    assert.equal(causeOf('hs-dach'), 'missing-field/contacts/company/expected')
    assert.equal(causeOf(rita.userId), `missing-field/contacts/company/expected/not-${at('rita')}`)
  })
})
