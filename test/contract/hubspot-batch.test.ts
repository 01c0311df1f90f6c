import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Harness, MAYA, refusal, startHarness } from './hubspot-sandbox.ts'

const DUE = String(Date.parse('2026-11-25T16:00:00Z'))

/** What a 207 has beside the results; the client's types call it `...WithErrors`. */
type MultiStatus = {
  readonly status: string
  readonly numErrors?: number
  readonly errors?: readonly { category: string; context: Record<string, string[]>; errors?: { code?: string }[] }[]
  readonly results: readonly { id: string; properties: Record<string, string | null>; _new?: boolean }[]
}

const KEY = {
  name: 'route_key',
  label: 'Route key',
  type: 'string' as never,
  fieldType: 'text' as never,
  groupName: 'task',
  hasUniqueValue: true,
  hidden: true,
  formField: false,
}

describe('HubSpot sandbox: batches', () => {
  let hubspot: Harness
  before(async () => {
    hubspot = await startHarness()
  })
  after(() => hubspot[Symbol.asyncDispose]())

  it('trap 6: a batch read with a missing id is a 207 that does not throw and names the id', async () => {
    const { httpStatusCode, data } = await hubspot.client.crm.contacts.batchApi.readWithHttpInfo({
      inputs: [{ id: '101' }, { id: '999' }, { id: '101' }],
      properties: ['email'],
      propertiesWithHistory: ['hubspot_owner_id'],
    })
    const reply = data as unknown as MultiStatus & { results: { propertiesWithHistory: Record<string, unknown[]> }[] }
    assert.equal(httpStatusCode, 207)
    assert.deepEqual(
      reply.results.map((record) => record.id),
      ['101'],
    )
    assert.equal(reply.results[0]?.propertiesWithHistory.hubspot_owner_id?.length, 2)
    assert.equal(reply.numErrors, 1)
    assert.equal(reply.errors?.[0]?.category, 'OBJECT_NOT_FOUND')
    assert.deepEqual(reply.errors?.[0]?.context, { ids: ['999'] })
  })

  it('reads by e-mail with idProperty', async () => {
    const reply = await hubspot.client.crm.contacts.batchApi.read({
      inputs: [{ id: 'zoe@unal.example' }],
      idProperty: 'email',
      properties: [],
      propertiesWithHistory: [],
    })
    assert.deepEqual(
      reply.results.map((record) => record.id),
      ['101'],
    )
  })

  it('refuses more than 100 inputs', async () => {
    const inputs = Array.from({ length: 101 }, (_, at) => ({ id: String(at) }))
    const error = await refusal(
      hubspot.client.crm.contacts.batchApi.read({ inputs, properties: [], propertiesWithHistory: [] }),
    )
    assert.equal(error.code, 400)
  })

  it('refuses a whole create without trace ids if one input is invalid, and creates nothing', async () => {
    const { basicApi, batchApi } = hubspot.client.crm.companies
    const before = (await basicApi.getPage(100)).results.length
    const good = { properties: { name: 'Good' }, associations: [] }
    const bad = { properties: { nme: 'Typo' }, associations: [] }
    assert.equal((await refusal(batchApi.create({ inputs: [good, bad] }))).code, 400)
    assert.equal((await basicApi.getPage(100)).results.length, before)
  })

  it('reports per input with 207 when each input of a create carries its own trace id', async () => {
    const { httpStatusCode, data } = await hubspot.client.crm.companies.batchApi.createWithHttpInfo({
      inputs: [
        { properties: { name: 'Traced' }, associations: [], objectWriteTraceId: 'a' },
        { properties: { nme: 'Typo' }, associations: [], objectWriteTraceId: 'b' },
      ],
    })
    const reply = data as unknown as MultiStatus
    assert.equal(httpStatusCode, 207)
    assert.deepEqual(
      reply.results.map((record) => record.properties.name),
      ['Traced'],
    )
    assert.deepEqual(
      reply.errors?.map((error) => error.context.objectWriteTraceId),
      [['b']],
    )
    assert.equal(reply.errors?.[0]?.errors?.[0]?.code, 'PROPERTY_DOESNT_EXIST')
  })

  it('refuses an update as a whole for one bad input, unless each input carries its own trace id', async () => {
    const { batchApi, basicApi } = hubspot.client.crm.contacts
    const owner = async () => (await basicApi.getById('103', ['hubspot_owner_id'])).properties.hubspot_owner_id
    const before = await owner()
    const bads: { id: string; properties: Record<string, string> }[] = [
      { id: '888', properties: { hubspot_owner_id: MAYA.id } },
      { id: '104', properties: { no_such_property: 'x' } },
    ]
    for (const bad of bads) {
      const inputs = [{ id: '103', properties: { hubspot_owner_id: MAYA.id }, objectWriteTraceId: 'a' }, bad]
      assert.equal((await refusal(batchApi.update({ inputs }))).code, 400)
      assert.equal(await owner(), before)
    }
  })

  it('updates what it finds and reports the rest, where each input carries its own trace id', async () => {
    const { httpStatusCode, data } = await hubspot.client.crm.contacts.batchApi.updateWithHttpInfo({
      inputs: [
        { id: '103', properties: { hubspot_owner_id: MAYA.id }, objectWriteTraceId: 'a' },
        { id: '888', properties: { hubspot_owner_id: MAYA.id }, objectWriteTraceId: 'b' },
      ],
    })
    const reply = data as unknown as MultiStatus
    assert.equal(httpStatusCode, 207)
    assert.deepEqual(
      reply.results.map((record) => [record.id, record.properties.hubspot_owner_id]),
      [['103', MAYA.id]],
    )
    assert.deepEqual(reply.errors?.[0]?.context.ids, ['888'])
  })

  it('archives with 204, missing records included', async () => {
    const { basicApi, batchApi } = hubspot.client.crm.deals
    const made = await basicApi.create({ properties: { dealname: 'Short', dealstage: 'closedlost' }, associations: [] })
    assert.equal(made.properties.hs_is_closed, 'true')
    const { httpStatusCode } = await batchApi.archiveWithHttpInfo({ inputs: [{ id: made.id }, { id: '777' }] })
    assert.equal(httpStatusCode, 204)
    assert.equal((await refusal(basicApi.getById(made.id))).code, 404)
  })

  it('refuses to upsert by a property that is not unique', async () => {
    const { batchApi } = hubspot.client.crm.objects.tasks
    const inputs = [{ id: 'x', idProperty: 'hs_task_subject', properties: { hs_timestamp: DUE } }]
    assert.equal((await refusal(batchApi.upsert({ inputs }))).code, 400)
  })
})

describe('HubSpot sandbox: one task per key', () => {
  it('upserts by a unique property: the second write finds the first, however often it comes', async () => {
    await using hubspot = await startHarness()
    const { crm } = hubspot.client
    await crm.properties.coreApi.create('tasks', KEY)
    const upsert = async (subject: string) => {
      const inputs = ['k-1', 'k-2'].map((id) => ({
        id,
        idProperty: KEY.name,
        properties: { hs_timestamp: DUE, hs_task_subject: subject },
        objectWriteTraceId: id,
      }))
      const { httpStatusCode, data } = await crm.objects.tasks.batchApi.upsertWithHttpInfo({ inputs })
      assert.equal(httpStatusCode, 200)
      return (data as unknown as MultiStatus).results
    }
    const made = await upsert('first')
    const again = await upsert('second')
    assert.deepEqual(
      made.map((task) => task._new),
      [true, true],
    )
    assert.deepEqual(
      again.map((task) => task._new),
      [false, false],
    )
    assert.deepEqual(
      again.map((task) => task.id),
      made.map((task) => task.id),
    )
    assert.equal(
      (await crm.objects.tasks.basicApi.getById('k-1', ['hs_task_subject'], [], [], false, KEY.name)).properties
        .hs_task_subject,
      'second',
    )
    const { tasks } = (await hubspot.control('GET', '/tasks')) as { tasks: { key: string }[] }
    assert.deepEqual(
      tasks.map((task) => task.key),
      ['k-1', 'k-2'],
    )
  })

  it('reports the input of an upsert that fails while the others are written', async () => {
    await using hubspot = await startHarness()
    const { crm } = hubspot.client
    await crm.properties.coreApi.create('tasks', KEY)
    const input = (id: string, properties: Record<string, string>) => ({
      id,
      idProperty: KEY.name,
      properties,
      objectWriteTraceId: id,
    })
    const { httpStatusCode, data } = await crm.objects.tasks.batchApi.upsertWithHttpInfo({
      inputs: [input('k-1', { hs_timestamp: DUE }), input('k-2', { hs_timestamp: DUE, hubspot_owner_id: '1' })],
    })
    const reply = data as unknown as MultiStatus
    assert.equal(httpStatusCode, 207)
    assert.equal(reply.results.length, 1)
    assert.deepEqual(reply.errors?.[0]?.context.objectWriteTraceId, ['k-2'])
  })

  it('refuses a plain create with a value that another task has', async () => {
    await using hubspot = await startHarness()
    const { crm } = hubspot.client
    await crm.properties.coreApi.create('tasks', KEY)
    const task = { properties: { hs_timestamp: DUE, route_key: 'once' }, associations: [] }
    await crm.objects.tasks.basicApi.create(task)
    const error = await refusal(crm.objects.tasks.basicApi.create(task))
    assert.equal((error.body.errors as { code: string }[])[0]?.code, 'CONFLICTING_UNIQUE_VALUE')
  })

  it('where tasks accept no unique property, creating one is refused and two plain creates make two tasks', async () => {
    await using hubspot = await startHarness({ taskUniqueProperty: false })
    const { crm } = hubspot.client
    assert.equal((await refusal(crm.properties.coreApi.create('tasks', KEY))).code, 400)
    await crm.properties.coreApi.create('tasks', { ...KEY, hasUniqueValue: false })
    const task = { properties: { hs_timestamp: DUE, route_key: 'once' }, associations: [] }
    await crm.objects.tasks.basicApi.create(task)
    await crm.objects.tasks.basicApi.create(task)
    const { tasks } = (await hubspot.control('GET', '/tasks')) as { tasks: { key: string }[] }
    assert.deepEqual(
      tasks.map((made) => made.key),
      ['once', 'once'],
    )
  })
})
