import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, caseOf, contact, directoryOf, HUBSPOT, user } from '../../../test/support/example.ts'
import { buildDirectory } from '../people/directory.ts'
import { inputKey } from '../record/knowledge.ts'
import { orphanedOwner } from './orphaned-owner.ts'

const look = (owner: string | null, blankCounts = false) =>
  orphanedOwner.detect({ pattern: 'orphaned-owner', blankCounts }, caseOf(contact({ hubspot_owner_id: owner })))
    .findings[0]

describe('orphaned-owner', () => {
  it('part of M15: asks for an owner whom nobody has proven gone, and finds nothing until then', () => {
    const directory = { ...directoryOf(), isGone: () => false }
    const subject = contact({ hubspot_owner_id: 'hs-new-hire' })
    const { findings, unknown } = orphanedOwner.detect(
      { pattern: 'orphaned-owner', blankCounts: true },
      caseOf(subject, { directory }),
    )
    assert.deepEqual(findings, [])
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/contacts/hubspot_owner_id/not-read'])
  })

  it('is there when the owner left, is proven gone, or is a queue nobody works', () => {
    assert.equal(look('hs-gone')?.evidence['fact.ownerState'], 'inactive')
    assert.equal(look('nobody')?.evidence['fact.ownerState'], 'deleted')
    assert.equal(look('hs-deserted')?.evidence['fact.ownerState'], 'empty-queue')
  })

  it('is not there for a working owner or a working queue', () => {
    assert.equal(look('hs-dach'), undefined)
    assert.equal(look('hs-queue'), undefined)
  })

  it('is not there for an id that no list has held and that nobody has proven gone', () => {
    assert.equal(look('hs-hired-today'), undefined)
  })

  it('is not there for a queue of which nobody knows who works it', () => {
    const directory = directoryOf([user(HUBSPOT, 'inbound', { kind: 'queue', email: null, activeMembers: null })])
    const found = orphanedOwner.detect(
      { pattern: 'orphaned-owner', blankCounts: false },
      caseOf(contact({ hubspot_owner_id: 'hs-inbound' }), { directory }),
    )
    assert.deepEqual(found.findings, [])
  })

  it('says of somebody whose login is frozen that they cannot log in', () => {
    const directory = directoryOf([user(HUBSPOT, 'iced', { active: false, frozen: true })])
    const found = orphanedOwner.detect(
      { pattern: 'orphaned-owner', blankCounts: false },
      caseOf(contact({ hubspot_owner_id: 'hs-iced' }), { directory }),
    )
    assert.match(found.findings[0]?.what ?? '', /cannot log in \(frozen\) and still owns/)
  })

  const ownedBy = (owner: string, ...people: Parameters<typeof user>[]) =>
    orphanedOwner.detect(
      { pattern: 'orphaned-owner', blankCounts: false },
      caseOf(contact({ hubspot_owner_id: owner }), {
        directory: buildDirectory(
          people.map((args) => user(...args)),
          new Map(),
        ),
      }),
    ).findings[0]

  it('case O03: says of the old user of somebody who was invited again that it is the same person under a new id', () => {
    const found = ownedBy(
      'hs-old',
      [HUBSPOT, 'old', { email: at('dach'), name: 'Dach', active: false }],
      [HUBSPOT, 'dach'],
    )
    assert.match(
      found?.what ?? '',
      /the old user of Dach, hs-old, .* the same person is active under a new id, hs-dach\.$/,
    )
    assert.equal(found?.cause, 'owner-inactive/hs-old')
  })

  it('does not take somebody else for them who was given the e-mail of one who left', () => {
    const found = ownedBy(
      'hs-old',
      [HUBSPOT, 'old', { email: at('sales'), name: 'Ann', active: false }],
      [HUBSPOT, 'sales'],
    )
    assert.match(found?.what ?? '', /their e-mail is that of Sales \(hs-sales\) now\.$/)
    const twice = ownedBy(
      'hs-old',
      [HUBSPOT, 'old', { email: at('dach'), name: 'Dach', active: false }],
      [HUBSPOT, 'dach'],
      [HUBSPOT, 'dach2', { email: at('dach'), name: 'Dach' }],
    )
    assert.match(twice?.what ?? '', /^Dach left and still owns/)
  })

  it('case O06: is there where an integration user owns the record, and says that nobody works it', () => {
    const found = ownedBy('hs-sync', [HUBSPOT, 'sync', { integration: true }])
    assert.equal(found?.evidence['fact.ownerState'], 'integration')
    assert.match(found?.what ?? '', /^Sync owns this contact and is an integration user, so nobody works it\.$/)
    assert.equal(found?.cause, 'owner-integration/hs-sync')
    assert.equal(ownedBy('hs-sync', [HUBSPOT, 'sync', { integration: null }]), undefined)
  })

  it('counts a blank owner only where the policy says so', () => {
    assert.equal(look(null), undefined)
    assert.match(look(null, true)?.what ?? '', /has no owner/)
    assert.equal(look(null, true)?.cause, 'owner-blank/everywhere-else')
  })

  it('part of M47: makes all records of one person who left one cause', () => {
    assert.equal(look('hs-gone')?.cause, 'owner-inactive/hs-gone')
    assert.equal(look('hs-gone')?.causeTitle, 'Gone left and still owns records')
  })

  it('does not guess an owner that it may not read', () => {
    const hidden = contact({ hubspot_owner_id: null }, { unreadable: new Set(['hubspot_owner_id']) })
    assert.deepEqual(
      orphanedOwner.detect({ pattern: 'orphaned-owner', blankCounts: true }, caseOf(hidden)).findings,
      [],
    )
  })
})
