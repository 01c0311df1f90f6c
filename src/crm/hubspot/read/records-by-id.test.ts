import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, portal, reading, record } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('a record that HubSpot returns', () => {
  it('has its values spelled by field type, and absent ones blank', async (t) => {
    const values = { email: ' ', renewal: '1789948800000', score: '010.0', topics: ';b;a', agreed: 'TRUE' }
    const { client } = await portal(t, ({ path }) =>
      path.endsWith('/batch/read') ? { status: 200, json: { results: [record(1, values), record(2)] } } : undefined,
    )
    const { events } = await client.readRecords({ ...reading, ids: ['1', '2'] })
    assert.deepEqual(events[0]?.fields, {
      email: null,
      renewal: '2026-09-21',
      score: '10',
      topics: 'b;a',
      agreed: 'true',
    })
    assert.deepEqual(events[1]?.fields, { email: null, renewal: null, score: null, topics: null, agreed: null })
    assert.equal(events[0]?.occurredAtMs, Date.parse(at))
  })

  it('under another id is the survivor of a merge, by its own list or because only one id is open', async (t) => {
    const survivors = [
      { survivor: record(9, { hs_merged_object_ids: '3;4' }), mergedIds: ['3', '4'] },
      { survivor: record(9), mergedIds: ['4'] },
    ]
    for (const { survivor, mergedIds } of survivors) {
      const { client } = await portal(t, ({ path, query }) =>
        path.endsWith('/batch/read') && query.get('archived') === 'false'
          ? { status: 200, json: { results: [record(1), survivor] } }
          : undefined,
      )
      const { events, missing } = await client.readRecords({ ...reading, ids: ['1', '4'] })
      const merged = events.find(({ recordId }) => recordId === '9')
      assert.deepEqual([merged?.kind, merged?.mergedIds, merged?.complete, missing], ['merged', mergedIds, true, []])
    }
  })

  it('under another id, with several ids open, is found by reading each alone', async (t) => {
    const { client } = await portal(t, ({ path, query, body }) => {
      if (!path.endsWith('/batch/read') || query.get('archived') !== 'false') return undefined
      const ids = body.inputs.map(({ id }: { id: string }) => id)
      return { status: 207, json: { results: ids.includes('4') ? [record(9)] : [] } }
    })
    const { events, missing } = await client.readRecords({ ...reading, ids: ['4', '5'] })
    assert.deepEqual(
      events.map(({ recordId, kind, mergedIds }) => [recordId, kind, mergedIds]),
      [['9', 'merged', ['4']]],
    )
    assert.deepEqual(missing, ['5'])
  })

  it('beside other unrequested records leaves the ids missing', async (t) => {
    const { client } = await portal(t, ({ path, query }) =>
      path.endsWith('/batch/read') && query.get('archived') === 'false'
        ? { status: 207, json: { results: [record(8), record(9)] } }
        : undefined,
    )
    assert.deepEqual((await client.readRecords({ ...reading, ids: ['4', '5'] })).missing, ['4', '5'])
  })

  it('with a redacted sensitive value has no value, and the field counts as unreadable', async (t) => {
    const { client } = await portal(t, ({ method, path }) =>
      method === 'GET' && path.endsWith('/contacts') && !path.includes('properties')
        ? {
            status: 200,
            json: { results: [record(1, { email: 'REDACTED', health: 'REDACTED' }), record(2, { health: 'well' })] },
          }
        : undefined,
    )
    const { events, unreadable } = await client.changedSince({
      ...reading,
      fields: ['email', 'health'],
      sinceMs: 0,
      cursor: null,
      source: 'baseline',
    })
    // The word is what it is in a field that nobody called sensitive.
    assert.deepEqual(
      events.map(({ fields }) => fields),
      [{ email: 'REDACTED' }, { email: null, health: 'well' }],
    )
    assert.deepEqual(unreadable, ['health'])
  })

  it('without id or time is skipped, and the others are kept', async (t) => {
    const results = [null, 'x', {}, { id: '7' }, { id: '__proto__', properties: {} }, record(1)]
    const { client } = await portal(t, ({ path }) =>
      path.endsWith('/batch/read') ? { status: 200, json: { results } } : undefined,
    )
    assert.deepEqual(
      (await client.readRecords({ ...reading, ids: ['1'] })).events.map(({ recordId }) => recordId),
      ['1'],
    )
  })

  it('lists its owners by time, whatever order HubSpot sends', async (t) => {
    const history = [
      { value: '2', timestamp: '2026-11-19T00:00:00Z', sourceType: 'CRM_UI', sourceId: 'userId:5' },
      { value: '1', timestamp: '2026-11-18T00:00:00Z' },
      { value: '', timestamp: '2026-11-17T00:00:00Z' },
      { value: '1', timestamp: at, sourceType: 'INTEGRATION', sourceId: '900' },
    ]
    const { client } = await portal(t, ({ path }) =>
      path.endsWith('/batch/read')
        ? {
            status: 200,
            json: {
              results: [record(1, { hubspot_owner_id: '1' }, { propertiesWithHistory: { hubspot_owner_id: history } })],
            },
          }
        : undefined,
    )
    const { events } = await client.readRecords({ ...reading, historyFields: ['hubspot_owner_id'], ids: ['1'] })
    assert.deepEqual(
      events[0]?.ownerHistory?.map(({ owner }) => owner),
      [null, '1', '2', '1'],
    )
    assert.equal(events[0]?.fieldChangedAtMs?.hubspot_owner_id, Date.parse(at))
    assert.deepEqual(events[0]?.actor, { kind: 'integration', id: '900', ours: true })
  })

  it('comes without a field that an admin deleted meanwhile, and the field counts as unreadable', async (t) => {
    const { client } = await portal(t, ({ path, query }) => {
      if (!path.endsWith('/contacts') || path.includes('properties')) return undefined
      if (!(query.get('properties') ?? '').includes('renewal')) return { status: 200, json: { results: [record(1)] } }
      const error = {
        message: 'no such property',
        code: 'PROPERTY_DOESNT_EXIST',
        context: { propertyName: ['renewal'] },
      }
      return { status: 400, json: { category: 'VALIDATION_ERROR', message: 'no', errors: [error] } }
    })
    const page = await client.changedSince({ ...reading, sinceMs: 0, cursor: null, source: 'baseline' })
    assert.deepEqual(page.unreadable, ['renewal'])
    assert.deepEqual(Object.keys(page.events[0]?.fields ?? {}), ['email', 'score', 'topics', 'agreed'])
  })
})
