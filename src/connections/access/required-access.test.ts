import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../test/support/example.ts'
import type { Policy } from '../../model/policy/policy.ts'
import { accessNeeds } from './required-access.ts'

/** The same workflow with people deciding every branch. */
const byPeople: Policy = {
  ...POLICY,
  boundary: POLICY.boundary.map((branch) => ({ ...branch, mode: 'review', rules: [], settles: [] })),
}
const needsOf = (policies: Policy[], objectType: string) =>
  accessNeeds(policies, 'hubspot').objects.find((object) => object.objectType === objectType)

describe('what is asked of a CRM at connect', () => {
  it('is to write the owner where a table may decide, and nowhere else', () => {
    assert.equal(needsOf([POLICY], 'contacts')?.ownerField, 'hubspot_owner_id')
    assert.equal(needsOf([byPeople], 'contacts')?.ownerField, null)
    assert.equal(needsOf([POLICY], 'deals')?.ownerField, null)
  })

  it('is every field that a policy names, and of unwatched objects those that cases are judged by', () => {
    assert.ok(needsOf([POLICY], 'contacts')?.fields.includes('territory'))
    assert.ok(needsOf([], 'deals')?.fields.includes('amount'))
  })

  it('leaves tasks to whoever writes them', () => {
    assert.equal(needsOf([POLICY], 'tasks'), undefined)
  })
})
