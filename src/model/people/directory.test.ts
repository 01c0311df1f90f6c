import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, HUBSPOT, SALESFORCE, user } from '../../../test/support/example.ts'
import { buildDirectory } from './directory.ts'

const directoryFor = (...people: Parameters<typeof buildDirectory>[0]) => buildDirectory(people, new Map())

describe('the directory of people', () => {
  it('counts nobody as gone but those whom their own CRM denied', () => {
    const directory = directoryFor(
      user(HUBSPOT, 'ann', { standing: 'gone' }),
      user(HUBSPOT, 'bob', { standing: 'unlisted' }),
      user(HUBSPOT, 'cyd', { active: false }),
    )
    const isGone = ['hs-ann', 'hs-bob', 'hs-cyd', 'hs-never-listed'].map((id) => directory.isGone(HUBSPOT, id))
    assert.deepEqual(isGone, [true, false, false, false])
    assert.equal(directory.isGone(SALESFORCE, 'hs-ann'), false)
    assert.equal(directory.user(HUBSPOT, 'hs-ann'), undefined)
    assert.equal(directory.personByEmail(HUBSPOT, at('ann')), undefined)
  })

  it('finds somebody whom the last list left out as last known', () => {
    const directory = directoryFor(user(HUBSPOT, 'bob', { standing: 'unlisted' }))
    assert.equal(directory.user(HUBSPOT, 'hs-bob')?.name, user(HUBSPOT, 'bob').name)
    assert.equal(directory.personByEmail(HUBSPOT, at('bob'))?.userId, 'hs-bob')
  })

  it('takes the listed one of two ids with one e-mail: somebody moved to another id', () => {
    const old = user(HUBSPOT, 'ann', { standing: 'unlisted' })
    const next = { ...user(HUBSPOT, 'ann2'), email: old.email }
    assert.equal(directoryFor(old, next).personByEmail(HUBSPOT, old.email!)?.userId, next.userId)
    const twoListed = directoryFor({ ...user(HUBSPOT, 'ann') }, next)
    assert.equal(twoListed.personByEmail(HUBSPOT, old.email!), undefined)
  })
})
