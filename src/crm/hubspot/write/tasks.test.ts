import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, enforced, options, portal, property, record, task } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('writing tasks', () => {
  it('says of each task that an upsert created that it does not hang on its record yet', async (t) => {
    const { client, requests } = await portal(
      t,
      ({ path, body }) =>
        path.endsWith('/batch/upsert')
          ? {
              status: 200,
              json: { results: body.inputs.map((one: object, at: number) => ({ ...one, id: String(at + 1) })) },
            }
          : undefined,
      { taskKey: enforced },
    )
    const outcomes = await client.writeTasks([task('a'), task('b', { about: null })])
    assert.deepEqual(
      outcomes.map((one) => one.outcome === 'done' && one.unlinked === true),
      [true, false],
    )
    assert.ok(!requests.some(({ path }) => path.includes('/associations/')))
  })

  it('sends one upsert and one call of links for 100 tasks, and matches shuffled results by key', async (t) => {
    const { client, requests } = await portal(
      t,
      ({ path, body }) => {
        if (!path.endsWith('/batch/upsert')) return undefined
        const results = body.inputs.map((input: { id: string; properties: object }, index: number) => ({
          id: String(1_000 + index),
          properties: input.properties,
          new: true,
        }))
        return { status: 200, json: { status: 'COMPLETE', results: results.reverse() } }
      },
      { taskKey: enforced },
    )
    const outcomes = await client.writeTasks(Array.from({ length: 100 }, (_, index) => task(`k${index}`)))
    for (const outcome of outcomes)
      assert.deepEqual(outcome, {
        key: outcome.key,
        outcome: 'done',
        id: String(1_000 + Number(outcome.key.slice(1))),
        unlinked: true,
      })
    assert.equal(outcomes.length, 100)
    const links = outcomes.flatMap((one) =>
      'id' in one ? [{ key: one.key, taskId: one.id, about: task('a').about! }] : [],
    )
    const linked = await client.linkTasks!(links)
    assert.ok(linked.every(({ outcome }) => outcome === 'done'))
    const writes = requests.filter(({ method }) => method === 'POST')
    assert.deepEqual(
      writes.map(({ path }) => path),
      ['/crm/objects/2026-03/tasks/batch/upsert', '/crm/associations/2026-03/tasks/contacts/batch/create'],
    )
    assert.deepEqual(writes[1]?.body.inputs[0].types, [
      { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 204 },
    ])
    assert.deepEqual(writes[0]?.body.inputs[0], {
      id: 'k0',
      idProperty: 'lanekeeper_key',
      objectWriteTraceId: 'k0',
      properties: {
        hs_task_subject: 'Risky: owner left',
        hs_task_body: '<p>Look.</p>',
        hs_timestamp: String(Date.parse(at)),
        hs_task_status: 'NOT_STARTED',
        hs_task_priority: 'MEDIUM',
        hs_task_type: 'TODO',
        hubspot_owner_id: '501',
        lanekeeper_key: 'k0',
      },
    })
  })

  it('writes nothing if the account lacks an option that the task needs', async (t) => {
    const offered = [
      property('hs_task_status', 'enumeration', options('OPEN')),
      property('hs_task_priority', 'enumeration', options('HIGH')),
    ]
    const { client, requests } = await portal(
      t,
      ({ path }) =>
        path === '/crm/properties/2026-03/tasks' ? { status: 200, json: { results: offered } } : undefined,
      { taskKey: enforced },
    )
    const [outcome] = await client.writeTasks([task('a')])
    assert.deepEqual(
      [outcome?.outcome, outcome?.outcome === 'refused' && outcome.code],
      ['refused', 'TASK_VALUE_MISSING'],
    )
    assert.ok(!requests.some(({ method }) => method === 'POST'))
  })

  it('reports the updates that succeeded before HubSpot rejected the token', async (t) => {
    const { client } = await portal(
      t,
      ({ path }) => {
        if (path.endsWith('/batch/update')) return { status: 200, json: { results: [{ id: '5', properties: {} }] } }
        return path.endsWith('/batch/upsert') ? { status: 401, json: {} } : undefined
      },
      { taskKey: enforced },
    )
    const outcomes = await client.writeTasks([task('old', { taskId: '5' }), task('new')])
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['old', 'done'],
        ['new', 'retry'],
      ],
    )
  })

  const plain = { enforced: false, field: 'lanekeeper_key', why: '' }
  const created = (body: { inputs: { properties: object }[] }) => ({
    status: 201,
    json: { results: body.inputs.map(({ properties }, at) => ({ id: String(9_000 + at), properties })) },
  })

  it('that HubSpot created are done, although our own note about the answer fails', async (t) => {
    const down = async () => {
      throw new Error('Connection terminated unexpectedly')
    }
    const { client } = await portal(
      t,
      ({ path, body }) => {
        const headers = { 'x-hubspot-ratelimit-daily': '250000', 'x-hubspot-ratelimit-daily-remaining': '200000' }
        if (path.endsWith('/batch/update')) return { status: 200, json: { results: [{ id: '77', properties: {} }] } }
        return path.endsWith('/batch/create') ? { ...created(body), headers } : undefined
      },
      { taskKey: plain, budget: { take: async () => undefined, observe: down, pauseUntil: down } },
    )
    const outcomes = await client.writeTasks([task('old', { taskId: '77' }), task('new')])
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['old', 'done'],
        ['new', 'done'],
      ],
    )
  })

  it('is created without its link only if HubSpot itself says that the record is gone', async (t) => {
    const refusal = { status: 400, json: { status: 'error', category: 'VALIDATION_ERROR', message: 'not valid' } }
    for (const [there, expected] of [
      [[{ id: '1', properties: {} }], { creates: 1, outcome: 'refused' }],
      [[], { creates: 2, outcome: 'done' }],
    ] as const) {
      const { client, requests } = await portal(
        t,
        ({ path, body }) => {
          if (path.endsWith('/contacts/batch/read')) return { status: 200, json: { results: there } }
          if (!path.endsWith('/batch/create')) return undefined
          return body.inputs[0].associations.length > 0 ? refusal : created(body)
        },
        { taskKey: plain },
      )
      const [outcome] = await client.writeTasks([task('a')])
      const creates = requests.filter(({ path }) => path.endsWith('/batch/create')).length
      assert.deepEqual({ creates, outcome: outcome?.outcome }, expected)
    }
  })

  it('is not taken for absent while its record is gone and the search may not show it yet', async (t) => {
    let shown = false
    const { client, requests } = await portal(
      t,
      ({ path }) =>
        path.endsWith('/tasks/search') && shown
          ? { status: 200, json: { results: [record(55, { lanekeeper_key: 'a' })] } }
          : undefined,
      { taskKey: plain },
    )
    const lookup = { key: 'a', about: { objectType: 'contacts', recordId: '1' }, taskId: null }
    assert.equal((await client.findTasks([{ ...lookup, sentAgoMs: 30_000 }])).get('a'), null)
    assert.equal((await client.findTasks([{ ...lookup, sentAgoMs: 300_000 }])).has('a'), false)
    shown = true
    assert.equal((await client.findTasks([lookup])).get('a')?.taskId, '55')
    assert.ok(requests.some(({ path }) => path.endsWith('/tasks/search')))
  })

  it('reads every page of a record’s tasks before it reports none', async (t) => {
    const { client } = await portal(
      t,
      ({ path, body }) => {
        if (path.endsWith('/contacts/tasks/batch/read')) {
          const after = body.inputs[0].after
          const row = { from: { id: '1' }, to: [{ toObjectId: after === undefined ? 11 : 12 }] }
          return {
            status: 200,
            json: { results: [after === undefined ? { ...row, paging: { next: { after: 'x' } } } : row] },
          }
        }
        if (!path.endsWith('/tasks/batch/read')) return undefined
        const results = body.inputs.map(({ id }: { id: string }) =>
          record(Number(id), { lanekeeper_key: `key${id}`, hs_task_status: 'COMPLETED', hs_task_completion_date: at }),
        )
        return { status: 200, json: { results } }
      },
      { taskKey: { enforced: false, field: 'lanekeeper_key', why: '' } },
    )
    const found = await client.findTasks([
      { key: 'key12', about: { objectType: 'contacts', recordId: '1' }, taskId: null },
    ])
    assert.deepEqual(found.get('key12'), {
      taskId: '12',
      key: 'key12',
      status: 'done',
      ownerId: null,
      completedAtMs: Date.parse(at),
    })
  })
})
