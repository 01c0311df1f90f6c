import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, unknownOf } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { Condition } from './condition.ts'
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

  it('is not known for the account either, also where several may be the one', () => {
    const ofAccount = {
      field: 'account.industry',
      op: 'in',
      values: ['Retial'],
      unfit: [{ objectType: 'companies', why: 'no-such-value' }],
    } as const
    const account = company({ industry: 'Retail' })
    const found = (neighbours: Partial<Neighbours>, unfit: Condition['unfit'] = ofAccount.unfit) =>
      fittingReader(
        { ...ofAccount, ...(unfit && { unfit }) },
        () => 'Retail',
        () => false,
      )(caseOf(contact(), { neighbours }).facts)
    const why = (known: Known) => (known instanceof Unknown ? known.inputs.map((one) => one.why) : known)
    assert.deepEqual(why(found({ account })), ['no-such-value'])
    const oneOfTwo = {
      account: unknownOf('companies', { why: 'ambiguous' }),
      accountCandidates: [account, company({ industry: 'Retail' }, { recordId: '101' })],
    }
    assert.deepEqual(why(found(oneOfTwo)), ['no-such-value'])
    assert.deepEqual(why(found(oneOfTwo, [{ objectType: 'Account', why: 'no-such-value' }])), 'Retail')
    assert.deepEqual(why(found({ account: null })), 'Retail')
  })
})
