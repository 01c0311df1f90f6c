import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { connectedCrm, personWho } from '../../test/support/jobs.ts'
import type { Actor } from '../model/authority/acts.ts'
import { askedNow } from './user-now.ts'

describe('what the CRM says of a person now', () => {
  let database: TestDatabase
  let both: string
  let nowhere: string
  before(async () => {
    database = await testDatabase()
    const hubspot = await connectedCrm(database.db, 'hubspot')
    const salesforce = await connectedCrm(database.db, 'salesforce')
    both = await personWho(database.db, 'Maya', {
      users: [
        [hubspot, '7'],
        [salesforce, '005'],
      ],
    })
    nowhere = await personWho(database.db, 'Ben', { mail: 'ben@x.example' })
  })
  after(() => database.drop())

  const actor = (personId: string): Actor => ({
    kind: 'person',
    personId,
    strength: 'strong',
    signedInAtMs: 0,
    isActive: true,
    isActiveInCrm: null,
  })
  const says = async (personId: string, hubspot: boolean | null, salesforce: boolean | null) => {
    const asked = await askedNow(database.db, actor(personId), async ({ connectionId, userId }) => {
      assert.equal(userId, connectionId.startsWith('hubspot') ? '7' : '005')
      return connectionId.startsWith('hubspot') ? hubspot : salesforce
    })
    return asked.kind === 'person' && asked.isActiveInCrm
  }

  it('is yes where one CRM says so, no where all do, and not known where one gave no answer', async () => {
    for (const [hubspot, salesforce, is] of [
      [true, false, true],
      [null, true, true],
      [false, false, false],
      [false, null, null],
      [null, null, null],
    ] as const) {
      assert.equal(await says(both, hubspot, salesforce), is, `${hubspot}, ${salesforce}`)
    }
    assert.equal(await says(nowhere, null, null), 'no-user')
  })

  it('is asked of people alone, and not known where no CRM can be opened', async () => {
    const token: Actor = { kind: 'token', tokenId: 'a', workflow: 'routing', scopes: [] }
    assert.equal(await askedNow(database.db, token, null), token)
    assert.deepEqual(await askedNow(database.db, actor(both), null), actor(both))
  })
})
