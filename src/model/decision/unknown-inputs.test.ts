import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALONE,
  company,
  contact,
  directoryOf,
  NOW_MS,
  POLICY,
  unknownOf,
  versionOf,
} from '../../../test/support/example.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { inputKey } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { decide } from './decide.ts'

function decided(
  subject: CrmRecord,
  {
    policy,
    neighbours,
    openUnknowns,
  }: { policy?: Partial<Policy>; neighbours?: Partial<Neighbours>; openUnknowns?: ReadonlySet<string> } = {},
) {
  return decide({
    record: subject,
    neighbours: { ...ALONE, ...neighbours },
    directory: directoryOf(),
    version: versionOf(policy),
    ...(openUnknowns === undefined ? {} : { openUnknowns }),
    nowMs: NOW_MS,
  })
}

const waiting = (values = {}) => contact({ hubspot_owner_id: null, territory: null, ...values })

describe('a decision that rests on what is not known', () => {
  it('leaves a case unknown that a class rule would take out of it for its age alone', () => {
    const aged = {
      pattern: 'orphaned-owner' as const,
      when: [{ field: 'createdate', op: 'older-than' as const, days: 30 }],
      class: 'risky' as const,
      because: 'It waited long enough.',
    }
    const never = { pattern: 'orphaned-owner' as const, when: [], class: 'unknown' as const, because: 'Nobody knows.' }
    const subject = contact({ hubspot_owner_id: 'hs-gone', createdate: '2020-01-01T00:00:00.000Z' })
    const open = new Set(['orphaned-owner'])
    const outcome = (classes: Policy['classes'], openUnknowns?: ReadonlySet<string>) => {
      const { exceptions, write } = decided(subject, {
        policy: { classes },
        neighbours: { account: company() },
        ...(openUnknowns === undefined ? {} : { openUnknowns }),
      })
      return [exceptions.map((one) => one.class), write?.rule ?? null]
    }
    assert.deepEqual(outcome([aged, never]), [['risky'], 'dach'])
    assert.deepEqual(outcome([aged, never], open), [['unknown'], null])
    assert.deepEqual(outcome([aged], open), [['unknown'], null])
    // Another rule, or an age that makes it unknown, says so as always.
    const plain = { ...aged, when: [] }
    assert.deepEqual(outcome([plain, never], open), [['risky'], 'dach'])
    assert.deepEqual(outcome([{ ...aged, class: 'unknown' as const }, plain], open), [['unknown'], null])
    assert.deepEqual(outcome([aged, never], new Set(['missing-field'])), [['risky'], 'dach'])
  })

  it('part of M15: takes no rule of a later branch while an earlier one may cover the record', () => {
    const [japan, rest] = POLICY.boundary
    const large = { ...japan!, branch: 'large', when: [{ field: 'annualrevenue', op: 'not-blank' as const }] }
    const subject = waiting({ annualrevenue: null })
    assert.equal(decided(subject, { policy: { boundary: [large, rest!] } }).write?.rule, 'dach')
    const hidden = { ...subject, unreadable: new Set(['annualrevenue']) }
    const { write, unknown } = decided(hidden, { policy: { boundary: [large, rest!] } })
    assert.equal(write, null)
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/contacts/annualrevenue/hidden'])
    const ofAccount = { ...large, when: [{ field: 'account.annualrevenue', op: 'not-blank' as const }] }
    const neighbours = { account: company({}, { unreadable: new Set(['annualrevenue']) }) }
    const policy = { boundary: [ofAccount, rest!] }
    assert.equal(decided(subject, { policy, neighbours }).write, null)
    assert.equal(decided(subject, { policy, neighbours: { account: company() } }).write?.rule, 'dach')
  })

  it('part of M15: settles nothing for a record whose account was not read: it may be a customer', () => {
    const subject = contact({ hubspot_owner_id: 'hs-gone' })
    assert.equal(decided(subject, { neighbours: { account: company() } }).write?.rule, 'dach')
    const { write, exceptions, unknown } = decided(subject, { neighbours: { account: unknownOf('companies') } })
    assert.equal(write, null)
    assert.deepEqual(
      exceptions.map(({ pattern, class: is, awaitsReading }) => [pattern, is, awaitsReading]),
      [['orphaned-owner', 'unknown', true]],
    )
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/companies/*/not-read'])
    const refused = { account: unknownOf('companies', { why: 'refused' }) }
    assert.equal(decided(subject, { neighbours: refused }).exceptions[0]?.awaitsReading, false)
  })

  it('part of M15: writes nothing in a pilot whose slice it cannot judge', () => {
    const pilot = { when: [{ field: 'industry', op: 'in' as const, values: ['Retail'] }], dailyCap: 5 }
    const policy = { mode: 'pilot' as const, pilot }
    const subject = waiting({ industry: 'Retail' })
    assert.ok(decided(subject, { policy }).write)
    const { write, unknown } = decided({ ...subject, unreadable: new Set(['industry']) }, { policy })
    assert.equal(write, null)
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/contacts/industry/hidden'])
  })

  it('part of M15: does not let time end an unknown case, and writes nothing until somebody has explained it', () => {
    const subject = waiting({})
    const flapping = new Set(['ownership-flapping'])
    assert.equal(decided(subject).write?.rule, 'dach')
    const { write, exceptions, undecided } = decided(subject, { openUnknowns: flapping })
    assert.deepEqual([write, exceptions, undecided], [null, [], flapping])
    // A case of another pattern ends with what the record says.
    assert.equal(decided(subject, { openUnknowns: new Set(['missing-field']) }).write?.rule, 'dach')
    const calm = decided(contact(), { openUnknowns: flapping })
    assert.deepEqual([calm.exceptions, calm.undecided], [[], flapping])
    const other = contact({ lifecyclestage: 'other' })
    assert.equal(decided(other, { openUnknowns: flapping }).undecided === 'all', false)
    assert.equal(decided(other, { openUnknowns: flapping }).inScope, false)
  })
})

describe('what a write would leave behind', () => {
  const hiding = (field: string, values = {}) =>
    contact({ hubspot_owner_id: 'hs-gone', territory: null, ...values }, { unreadable: new Set([field]) })
  const waitsWhen = (...states: string[]) => ({
    action: {
      ...POLICY.action,
      when: [
        { field: 'fact.ownerState', op: 'in' as const, values: states },
        { field: 'industry', op: 'in' as const, values: ['Retail'] },
      ],
    },
  })
  const isOpen = ({ undecided }: ReturnType<typeof decided>, pattern: string) =>
    undecided === 'all' || undecided.has(pattern)

  it('part of M15: is not written while a hidden field says whether the record waits afterwards', () => {
    const policy = waitsWhen('active')
    const left = contact({ hubspot_owner_id: 'hs-gone', territory: null, industry: 'Retail' })
    assert.equal(decided(left, { policy }).write?.rule, 'dach')
    for (const value of ['Retail', 'Banking', null]) {
      const answer = decided(hiding('industry', { industry: value }), { policy })
      assert.equal(answer.write, null)
      assert.deepEqual(answer.unknown?.inputs.map(inputKey), ['hs/contacts/industry/hidden'])
      assert.deepEqual([isOpen(answer, 'no-rule'), isOpen(answer, 'branch-review')], [true, true])
    }
  })

  it('leaves open what the rules would say of it while it is not known whether it waits for them', () => {
    const policy = waitsWhen('inactive')
    const known = contact({ hubspot_owner_id: 'hs-gone', territory: null, industry: 'Banking' })
    assert.equal(isOpen(decided(known, { policy }), 'no-rule'), false)
    const answer = decided(hiding('industry'), { policy })
    assert.equal(answer.write, null)
    assert.deepEqual([isOpen(answer, 'no-rule'), isOpen(answer, 'branch-review')], [true, true])
  })

  it('asks for what the class of a case found ahead rests on', () => {
    const account = company({ hubspot_owner_id: 'hs-big' })
    const [none] = decided(waiting(), { neighbours: { account } }).exceptions
    assert.deepEqual([none?.pattern, none?.class], ['duplicate-ownership', 'risky'])
    const answer = decided(waiting(), { neighbours: { account, dealsUnknown: unknownOf('deals') } })
    assert.deepEqual([answer.exceptions[0]?.pattern, answer.exceptions[0]?.class], ['duplicate-ownership', 'unknown'])
    assert.deepEqual(answer.unknown?.inputs.map(inputKey), ['hs/deals/*/not-read'])
  })
})
