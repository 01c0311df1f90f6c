import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { UserAnswer } from '../../src/crm/crm-client.ts'
import type { Actor } from '../../src/model/authority/acts.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import type { CrmUser } from '../../src/model/record/crm-user.ts'
import { type AskForUser, withLiveUser } from '../../src/people/live-user.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { connectedCrm, personWho } from '../support/jobs.ts'

describe('the word of the CRM about whoever acts', () => {
  let test: TestDatabase
  let both: PersonId
  let one: PersonId
  let nobody: PersonId
  before(async () => {
    test = await testDatabase()
    const hubspot = await connectedCrm(test.db, 'hubspot')
    const salesforce = await connectedCrm(test.db, 'salesforce')
    both = await personWho(test.db, 'Bo', {
      users: [
        [hubspot, '1'],
        [salesforce, '005A'],
      ],
    })
    one = await personWho(test.db, 'Ona', { users: [[hubspot, '2']] })
    nobody = await personWho(test.db, 'Nora', { mail: 'nora@x.example' })
  })
  after(() => test.drop())

  const there = (state: Partial<CrmUser> = {}): UserAnswer => ({
    userId: 'u',
    answer: 'there',
    user: {
      connectionId: 'x' as ConnectionId,
      userId: 'u',
      kind: 'person',
      email: null,
      name: 'U',
      active: true,
      activeMembers: null,
      timeZone: null,
      ...state,
    },
  })
  const gone = { userId: 'u', answer: 'gone' } as UserAnswer
  const word = async (personId: PersonId, answers: Readonly<Record<string, UserAnswer | Error | undefined>>) => {
    const asked: string[] = []
    const ask: AskForUser = async ({ crm }, userId) => {
      asked.push(`${crm} ${userId}`)
      const answer = answers[crm]
      if (answer instanceof Error) throw answer
      return answer
    }
    const actor: Actor = {
      kind: 'person',
      personId,
      strength: 'strong',
      signedInAtMs: 0,
      isActive: true,
      isActiveInCrm: null,
    }
    const live = await withLiveUser(test.db, actor, ask)
    return [live.kind === 'person' ? live.isActiveInCrm : 'not a person', asked.sort().join(', ')]
  }

  it('is yes where one CRM says that they work there, read now', async () => {
    assert.deepEqual(await word(one, { hubspot: there() }), [true, 'hubspot 2'])
    assert.deepEqual(await word(both, { hubspot: gone, salesforce: there() }), [true, 'hubspot 1, salesforce 005A'])
  })

  it('is no where every CRM that knows them says deactivated, frozen, a program or gone', async () => {
    for (const answer of [gone, there({ active: false }), there({ frozen: true }), there({ integration: true })]) {
      assert.equal((await word(one, { hubspot: answer }))[0], false)
    }
    assert.equal((await word(both, { hubspot: gone, salesforce: there({ active: false }) }))[0], false)
  })

  it('is none where a CRM did not answer, whatever the other one denies', async () => {
    assert.equal((await word(one, { hubspot: new Error('down') }))[0], null)
    assert.equal((await word(one, {}))[0], null)
    assert.equal((await word(both, { hubspot: new Error('down'), salesforce: gone }))[0], null)
    assert.equal((await word(both, { hubspot: new Error('down'), salesforce: there() }))[0], true)
  })

  it('is not asked for about somebody without a user, or by a program', async () => {
    assert.deepEqual(await word(nobody, {}), ['no-user', ''])
    const terminal: Actor = { kind: 'terminal' }
    assert.equal(await withLiveUser(test.db, terminal, () => assert.fail('asked')), terminal)
  })
})
