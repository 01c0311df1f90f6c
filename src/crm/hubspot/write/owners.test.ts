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

  it('holds the writes of an object whose scope is missing, and no others, in any order', async (t) => {
    const missing = {
      status: 403,
      json: { category: 'MISSING_SCOPES', message: '', errors: [{ context: { requiredGranularScopes: ['x.write'] } }] },
    }
    const { client } = await portal(t, ({ path, body }) => {
      if (path.includes('companies')) return missing
      return { status: 200, json: { results: body.inputs.map(({ id }: { id: string }) => record(Number(id))) } }
    })
    const of = (key: string, objectType: string) => ({ ...write, key, objectType })
    for (const writes of [
      [of('a', 'contacts'), of('b', 'companies'), of('c', 'deals')],
      [of('b', 'companies'), of('a', 'contacts'), of('c', 'deals')],
    ]) {
      const outcomes = new Map((await client.writeOwners(writes)).map((one) => [one.key, one]))
      assert.deepEqual([outcomes.get('a')?.outcome, outcomes.get('c')?.outcome], ['done', 'done'])
      const held = outcomes.get('b')
      assert.ok(held?.outcome === 'retry' && held.missingScopes?.[0] === 'x.write')
    }
  })

  it('holds one item whose scope is missing, and keeps the outcomes of the 99 others', async (t) => {
    const error = {
      category: 'MISSING_SCOPES',
      message: 'This app has no access',
      context: { ids: ['50'], requiredGranularScopes: ['crm.objects.owners.sensitive.write'] },
    }
    const { client } = await portal(t, ({ body }) => {
      const written = body.inputs.filter(({ id }: { id: string }) => id !== '50')
      return {
        status: 207,
        json: { results: written.map(({ id }: { id: string }) => record(Number(id))), errors: [error], numErrors: 1 },
      }
    })
    const writes = Array.from({ length: 100 }, (_, n) => ({ ...write, key: `k${n}`, recordId: String(n) }))
    const outcomes = await client.writeOwners(writes)
    const held = outcomes.find(({ key }) => key === 'k50')
    assert.ok(held?.outcome === 'retry', held?.outcome)
    assert.deepEqual(held.missingScopes, ['crm.objects.owners.sensitive.write'])
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'done').length, 99)
  })

  it('keeps what other objects got when the token is refused between two calls', async (t) => {
    const { client } = await portal(t, ({ path, body }) => {
      if (path.includes('companies')) return { status: 401, json: {} }
      return { status: 200, json: { results: body.inputs.map(({ id }: { id: string }) => record(Number(id))) } }
    })
    const outcomes = await client.writeOwners([write, { ...write, key: 'b', objectType: 'companies' }])
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['w', 'done'],
        ['b', 'retry'],
      ],
    )
  })

  it('is unknown after an empty answer', async (t) => {
    assert.equal((await answered(t, { results: [] }))?.outcome, 'unknown')
    assert.equal((await answered(t, {}))?.outcome, 'unknown')
  })
})
