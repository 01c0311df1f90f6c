import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, POLICY, user } from '../../../test/support/example.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { holderIn } from './job-holder.ts'

const ann = user(HUBSPOT, 'ann')
const owners = {
  ...POLICY.owners,
  holders: { [at('ann')]: { users: { [HUBSPOT]: [ann.userId] }, signsIn: false, personId: 'p', name: 'Ann' } },
}
const holderAs = (over: Partial<CrmUser>) =>
  holderIn(owners, directoryOf([user(HUBSPOT, 'ann', over)]), HUBSPOT, at('ann'))?.userId

describe('the user of whoever holds a job', () => {
  it('is the one whom they confirmed, whatever e-mail it has now, and not another who has their e-mail', () => {
    assert.equal(holderAs({ email: 'a.lee@northgate.io' }), ann.userId)
    const stranger = user(HUBSPOT, 'stranger', { email: at('ann') })
    assert.equal(holderIn(owners, directoryOf([stranger]), HUBSPOT, at('ann')), undefined)
  })

  it('is a person also where the CRM does not say whether a user is a program, and never one of which it does', () => {
    const { integration: _, ...unsaid } = user(HUBSPOT, 'ann')
    assert.equal(holderIn(owners, directoryOf([unsaid]), HUBSPOT, at('ann'))?.userId, ann.userId)
    assert.equal(holderAs({ integration: false }), ann.userId)
    assert.equal(holderAs({ integration: true }), undefined)
  })

  it('is nobody once that user is inactive or became a queue', () => {
    assert.equal(holderAs({ active: false }), undefined)
    assert.equal(holderAs({ kind: 'queue' }), undefined)
  })

  it('is found by the e-mail where a file names them', () => {
    assert.equal(holderIn(POLICY.owners, directoryOf([ann]), HUBSPOT, at('ann'))?.userId, ann.userId)
  })
})
