import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { portal, record } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('writing owners', () => {
  const write = { key: 'w', objectType: 'contacts', recordId: '1', field: 'hubspot_owner_id', to: '502' }
  const answered = async (t: TestContext, json: object, status = 200) => {
    const { client } = await portal(t, ({ path }) => (path.endsWith('/batch/update') ? { status, json } : undefined))
    return (await client.writeOwners([write]))[0]
  }

  it('counts a write as refused if HubSpot answers with the old value', async (t) => {
    assert.equal((await answered(t, { results: [record(1, { hubspot_owner_id: '502' })] }))?.outcome, 'done')
    assert.equal((await answered(t, { results: [record(1, { hubspot_owner_id: '501' })] }))?.outcome, 'refused')
    assert.equal((await answered(t, { results: [record(1)] }))?.outcome, 'done')
  })

  it('reports a record that was merged into another as gone', async (t) => {
    const outcome = await answered(t, { results: [record(2, {}, { objectWriteTraceId: 'w' })] })
    assert.deepEqual(
      [outcome?.outcome, outcome?.outcome === 'gone' && outcome.why],
      ['gone', 'contacts 1 was merged into 2'],
    )
  })

  it('is unknown after an empty answer', async (t) => {
    assert.equal((await answered(t, { results: [] }))?.outcome, 'unknown')
    assert.equal((await answered(t, {}))?.outcome, 'unknown')
  })
})
