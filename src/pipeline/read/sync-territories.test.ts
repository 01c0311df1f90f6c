import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, SALESFORCE, user } from '../../../test/support/example.ts'
import type { SalesforceTerritory } from '../../crm/salesforce/territories/territories.ts'
import type { Territory } from '../../model/policy/policy.ts'
import { territoryDifferences } from './sync-territories.ts'

const DACH: Territory = { territory: 'dach', title: 'Germany, Austria', when: [], members: [at('anna'), at('jonas')] }
const inCrm = (over: Partial<SalesforceTerritory> = {}): SalesforceTerritory => ({
  territoryId: '0MI1',
  name: 'Something',
  developerName: 'DACH',
  parentId: null,
  memberIds: ['sf-anna', 'sf-jonas'],
  ...over,
})
const USERS = ['anna', 'jonas', 'mia'].map((name) => user(SALESFORCE, name))
const differences = (one: SalesforceTerritory, users = USERS) => territoryDifferences([DACH], [one], users)

describe('the territory table beside the territories of an org', () => {
  it('is no difference where both name the same people, whatever the spelling of the territory', () => {
    assert.deepEqual(differences(inCrm()), [])
    assert.deepEqual(differences(inCrm({ developerName: null, name: 'germany,  AUSTRIA' })), [])
  })

  it('differs in whoever works it in one place only', () => {
    assert.deepEqual(differences(inCrm({ memberIds: ['sf-anna', 'sf-mia'] })), [
      { territory: 'dach', title: DACH.title, onlyInCrm: [at('mia')], onlyInTable: [at('jonas')] },
    ])
  })

  it('counts nobody who has left as working it', () => {
    const left = USERS.map((one) => (one.userId === 'sf-jonas' ? { ...one, active: false } : one))
    assert.deepEqual(differences(inCrm(), left)[0]?.onlyInTable, [at('jonas')])
  })

  it('says nothing of a territory that the org does not have', () => {
    assert.deepEqual(differences(inCrm({ developerName: 'France', name: 'France', memberIds: [] })), [])
  })
})
