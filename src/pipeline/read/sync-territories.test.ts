import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, SALESFORCE, user } from '../../../test/support/example.ts'
import type { CrmTerritory } from '../../crm/crm-territories.ts'
import type { Territory } from '../../model/policy/policy.ts'
import { territoryDifferences } from './sync-territories.ts'

const DACH: Territory = { territory: 'dach', title: 'Germany, Austria', when: [], members: [at('anna'), at('jonas')] }
const inCrm = (over: Partial<CrmTerritory> = {}): CrmTerritory => ({
  territoryId: '0MI1',
  name: 'Something',
  developerName: 'DACH',
  parentId: null,
  memberIds: ['sf-anna', 'sf-jonas'],
  ...over,
})
const USERS = ['anna', 'jonas', 'mia'].map((name) => user(SALESFORCE, name))
const differences = (one: CrmTerritory, users = USERS) => territoryDifferences([DACH], [one], users).differences

describe('comparing the territory table with an org', () => {
  it('finds no difference where both list the same people, however the territory is spelled', () => {
    assert.deepEqual(differences(inCrm()), [])
    assert.deepEqual(differences(inCrm({ developerName: null, name: 'germany,  AUSTRIA' })), [])
  })

  it('finds the people that only one of the two lists', () => {
    assert.deepEqual(differences(inCrm({ memberIds: ['sf-anna', 'sf-mia'] })), [
      { territory: 'dach', title: DACH.title, onlyInCrm: [at('mia')], onlyInTable: [at('jonas')] },
    ])
  })

  it('takes e-mails that the company links for one person', () => {
    const renamed = USERS.map((one) => (one.userId === 'sf-jonas' ? { ...one, email: 'jonas@other.example' } : one))
    const persons = [[at('jonas'), 'jonas@other.example']]
    assert.deepEqual(territoryDifferences([DACH], [inCrm()], renamed, persons).differences, [])
    assert.deepEqual(differences(inCrm(), renamed)[0]?.onlyInTable, [at('jonas')])
  })

  it('ignores users who left', () => {
    const left = USERS.map((one) => (one.userId === 'sf-jonas' ? { ...one, active: false } : one))
    assert.deepEqual(differences(inCrm(), left)[0]?.onlyInTable, [at('jonas')])
  })

  it('says nothing of a territory whose members the org hides, or one of whom nobody knows yet', () => {
    for (const memberIds of [null, ['sf-anna', 'sf-hired-today']]) {
      const { differences: found, undecided } = territoryDifferences([DACH], [inCrm({ memberIds })], USERS)
      assert.deepEqual([found, [...undecided]], [[], ['dach']])
    }
  })

  it('takes somebody whom the last list of users left out as last known', () => {
    const short = USERS.map((one) => (one.userId === 'sf-jonas' ? { ...one, standing: 'unlisted' as const } : one))
    assert.deepEqual(differences(inCrm(), short), [])
  })

  it('ignores a territory that the org does not have', () => {
    assert.deepEqual(differences(inCrm({ developerName: 'France', name: 'France', memberIds: [] })), [])
  })
})
