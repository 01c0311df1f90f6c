import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, hoursAgoMs } from '../../../test/support/example.ts'
import type { OwnerChange } from '../record/crm-record.ts'
import { inputKey } from '../record/knowledge.ts'
import { ownershipFlapping } from './ownership-flapping.ts'

const setting = { pattern: 'ownership-flapping', changes: 3, withinHours: 72 } as const
/** Owners with the hours since they got the record, oldest first. */
const history = (...entries: [string, number][]): OwnerChange[] =>
  entries.map(([owner, hours]) => ({ owner, atMs: hoursAgoMs(hours), order: 0 }))
const flaps = (ownerHistory: OwnerChange[]) => {
  const owner = ownerHistory.at(-1)!.owner
  return (
    ownershipFlapping.detect(setting, caseOf(contact({ hubspot_owner_id: owner }, { ownerHistory }))).findings
      .length === 1
  )
}

describe('ownership-flapping', () => {
  it('is there when the owner changed three times in the window and came back', () => {
    assert.equal(flaps(history(['a', 30], ['b', 20], ['a', 10])), true)
  })

  it('part of M15: cannot tell while the owner is hidden, and says so', () => {
    const ownerHistory = history(['a', 30], ['b', 20], ['a', 10])
    const unreadable = new Set(['hubspot_owner_id'])
    const subject = contact({ hubspot_owner_id: 'a' }, { ownerHistory, unreadable })
    const { findings, unknown } = ownershipFlapping.detect(setting, caseOf(subject))
    assert.deepEqual(findings, [])
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/contacts/hubspot_owner_id/hidden'])
  })

  it('is not there when nobody got the record back', () => {
    assert.equal(flaps(history(['a', 30], ['b', 20], ['c', 10])), false)
  })

  it('is not there when a change lies outside the window', () => {
    assert.equal(flaps(history(['a', 73], ['b', 20], ['a', 10])), false)
  })

  it('remembers who held the record when the window began', () => {
    assert.equal(flaps(history(['a', 500], ['b', 30], ['c', 20], ['a', 10])), true)
  })

  it('counts a change that a CRM with a clock ahead of ours dates in our future', () => {
    assert.equal(flaps(history(['a', 0.1], ['b', -0.05], ['a', -0.15])), true)
    assert.equal(flaps(history(['a', 80], ['b', 73], ['a', -0.15])), false)
  })

  it('does not count who was found at first sight as a change', () => {
    const [first, ...rest] = history(['a', 30], ['b', 20], ['a', 10])
    assert.equal(flaps([{ ...first!, found: true }, ...rest]), false)
  })

  it('does not count the same owner told twice', () => {
    assert.equal(flaps(history(['a', 30], ['a', 29], ['b', 20], ['b', 19])), false)
  })
})
