import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadPolicies } from '../../../src/config/policies/policy-files.ts'
import { misfits } from '../../../src/model/policy/misfits.ts'
import { contact, setUp, world } from './stage.ts'

describe('the shipped policies in the sandbox portal', () => {
  it('ask for nothing that it does not have', async (t) => {
    const { client } = await setUp(t, world({ contacts: [contact(1)] }))
    const { loaded, refused } = loadPolicies(join(import.meta.dirname, '../../../config/examples'))
    assert.deepEqual(refused, [])
    for (const objectType of ['contacts', 'companies', 'deals']) {
      const { fields } = await client.describe(objectType)
      assert.ok(fields.length > 0)
      for (const { version } of loaded) assert.deepEqual(misfits(version.policy, 'hubspot', objectType, fields), [])
    }
  })
})
