import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, unknownOf } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import { fittingReader } from './unfit.ts'

const CONDITION = {
  field: 'lifecyclestage',
  op: 'in',
  values: ['lead', 'custmer'],
  unfit: [{ objectType: 'contacts', why: 'no-such-value' }],
} as const

function answer(value: Known): string | null {
  const holds = (text: FieldText) => text === 'lead'
  const read = fittingReader(CONDITION, () => value, holds)
  const found = read(caseOf(contact()).facts)
  return found instanceof Unknown ? `unknown: ${found.inputs.map(({ why }) => why).join(', ')}` : found
}

describe('a condition that its CRM cannot answer', () => {
  it('is not known for a value that it does not name rightly', () => {
    assert.equal(answer('customer'), 'unknown: no-such-value')
    assert.equal(answer('other'), 'unknown: no-such-value')
  })

  it('is known where the field is blank, or holds what the condition names rightly', () => {
    assert.equal(answer(null), null)
    assert.equal(answer('lead'), 'lead')
  })

  it('says first that the field cannot be seen, since that is what somebody can mend', () => {
    assert.equal(answer(unknownOf('contacts', { why: 'hidden' })), 'unknown: hidden')
  })

  it('is read as ever for the records of other objects', () => {
    const read = fittingReader(
      { ...CONDITION, unfit: [{ objectType: 'Lead', why: 'wrong-type' }] },
      () => 'other',
      () => false,
    )
    assert.equal(read(caseOf(contact()).facts), 'other')
  })
})
