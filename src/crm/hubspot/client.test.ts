import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  recordingBudget,
  type ScriptedAnswer,
  type ScriptedRequest,
  startScriptedServer,
} from '../../../test/crm/scripted-server.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { type CrmClient, CrmUnknownError, type TaskKeySupport, type TaskWrite } from '../crm-client.ts'
import { hubSpotClient } from './client.ts'
import { openPortal, type PortalOptions } from './portal/portal.ts'

const at = '2026-11-20T09:00:00.000Z'
const enforced: TaskKeySupport = { enforced: true, field: 'lanekeeper_key', why: '' }

const property = (name: string, type: string, over: object = {}) => ({
  name,
  label: name,
  type,
  fieldType: 'text',
  ...over,
})
const options = (...values: string[]) => ({ options: values.map((value) => ({ value, label: value })) })
const PROPERTIES: Record<string, object[]> = {
  contacts: [
    property('email', 'string'),
    property('hubspot_owner_id', 'enumeration', { referencedObjectType: 'OWNER' }),
    property('lastmodifieddate', 'datetime', { modificationMetadata: { readOnlyValue: true } }),
    property('renewal', 'date'),
    property('score', 'number', { calculated: true }),
    property('topics', 'enumeration', { fieldType: 'checkbox', ...options('a', 'b') }),
    property('agreed', 'enumeration', { fieldType: 'booleancheckbox', ...options('true', 'false') }),
    property('hs_merged_object_ids', 'string'),
    property('health', 'string', { dataSensitivity: 'highly_sensitive' }),
  ],
  tasks: [
    property('hs_task_status', 'enumeration', options('NOT_STARTED', 'COMPLETED')),
    property('hs_task_priority', 'enumeration', options('LOW', 'MEDIUM', 'HIGH')),
    property('hs_task_type', 'enumeration', options('TODO')),
  ],
}

type Script = (request: ScriptedRequest) => ScriptedAnswer | undefined

/** A portal with the properties above that answers everything else as the test says. */
async function portal(t: TestContext, script: Script, over: Partial<PortalOptions> = {}) {
  const server = await startScriptedServer((request) => {
    const said = script(request)
    if (said !== undefined) return said
    const type = /^\/crm\/properties\/2026-03\/(\w+)$/.exec(request.path)?.[1]
    if (request.method === 'GET' && type !== undefined)
      return { status: 200, json: { results: PROPERTIES[type] ?? [] } }
    return { status: 200, json: { results: [] } }
  })
  t.after(() => server.close())
  const opened = openPortal({
    connectionId: 'hs' as ConnectionId,
    baseUrl: server.baseUrl,
    appId: 900,
    portalId: 77,
    token: async () => 'token',
    budget: recordingBudget(),
    deadlineMs: 400,
    nowMs: Date.now,
    ...over,
  })
  return { client: hubSpotClient(opened), taskKey: opened.taskKey, requests: server.requests }
}

function record(id: number, properties: object = {}, over: object = {}): object {
  return {
    id: String(id),
    properties: { lastmodifieddate: at, ...properties },
    createdAt: at,
    updatedAt: at,
    archived: false,
    ...over,
  }
}

const reading = { objectType: 'contacts', fields: ['email', 'renewal', 'score', 'topics', 'agreed'], historyFields: [] }

describe('an answer of 200 without the list that is due', () => {
  const believed: Readonly<Record<string, (client: CrmClient) => Promise<unknown>>> = {
    '/owners': (client) => client.users(),
    '/properties/': (client) => client.describe('contacts'),
    '/search': (client) => client.changedSince({ ...reading, source: 'poll', sinceMs: 1, cursor: null }),
    '/contacts': (client) => client.changedSince({ ...reading, source: 'baseline', sinceMs: 0, cursor: null }),
    '/batch/read': (client) => client.readRecords({ ...reading, ids: ['1'] }),
    '/tasks/batch/read': (client) => client.findTasks([{ key: 'k', taskId: '5', about: null }]),
    '/associations/': (client) =>
      client.findTasks([{ key: 'k', taskId: null, about: { objectType: 'contacts', recordId: '1' } }]),
  }
  const unenforced: TaskKeySupport = { enforced: false, field: null, why: '' }

  for (const [part, ask] of Object.entries(believed)) {
    it(`is not believed of ${part}: nobody was deleted and nothing is complete`, async (t) => {
      for (const json of [{}, { results: null }, { results: {} }]) {
        const { client } = await portal(
          t,
          ({ path }) => {
            const isAsked = part === '/contacts' ? path === '/crm/objects/2026-03/contacts' : path.includes(part)
            return isAsked ? { status: 200, json } : undefined
          },
          { taskKey: unenforced },
        )
        await assert.rejects(ask(client), CrmUnknownError)
      }
    })
  }

  it('is not believed of a description that lacks the owner or the time of modification', async (t) => {
    for (const gone of ['hubspot_owner_id', 'lastmodifieddate', '']) {
      const results = PROPERTIES.contacts?.filter((field) => gone !== '' && !JSON.stringify(field).includes(gone))
      const { client } = await portal(t, ({ path }) =>
        path.includes('/properties/') ? { status: 200, json: { results } } : undefined,
      )
      await assert.rejects(client.describe('contacts'), CrmUnknownError)
    }
  })
})

describe('a record that HubSpot returns', () => {
  it('is spelled by the types of its fields, and what is absent is blank', async (t) => {
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

  it('under another id is the survivor of a merge, by its own list or as the only answer to the only question', async (t) => {
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

  it('under another id, with several questions open, is found by asking each of them alone', async (t) => {
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

  it('beside others that nobody asked for settles nothing, even when asked alone', async (t) => {
    const { client } = await portal(t, ({ path, query }) =>
      path.endsWith('/batch/read') && query.get('archived') === 'false'
        ? { status: 207, json: { results: [record(8), record(9)] } }
        : undefined,
    )
    assert.deepEqual((await client.readRecords({ ...reading, ids: ['4', '5'] })).missing, ['4', '5'])
  })

  it('with a sensitive value withheld brings no value, and names the field as unreadable', async (t) => {
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

  it('without id or time is left out, the others are kept', async (t) => {
    const results = [null, 'x', {}, { id: '7' }, { id: '__proto__', properties: {} }, record(1)]
    const { client } = await portal(t, ({ path }) =>
      path.endsWith('/batch/read') ? { status: 200, json: { results } } : undefined,
    )
    assert.deepEqual(
      (await client.readRecords({ ...reading, ids: ['1'] })).events.map(({ recordId }) => recordId),
      ['1'],
    )
  })

  it('has its owners in order of time, whatever order HubSpot sends', async (t) => {
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

  it('comes without a field that went away since the list of fields was read, and the field is named', async (t) => {
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

describe('the people of a portal', () => {
  it('come page by page; who is archived is inactive, who came back is active, and queues have no e-mail', async (t) => {
    const owner = (id: number, over: object = {}) => ({
      id: String(id),
      type: 'PERSON',
      email: `P${id}@Example.com`,
      userId: id,
      ...over,
    })
    const pages: Record<string, object> = {
      'false/': { results: [owner(1), owner(2)], paging: { next: { after: 'p2' } } },
      'false/p2': { results: [owner(3, { type: 'QUEUE', email: 'q@example.com', firstName: 'Inbound' })] },
      'true/': { results: [owner(2, { userId: null }), owner(4, { userId: null, firstName: null })] },
    }
    const { client } = await portal(t, ({ path, query }) =>
      path === '/crm/owners/2026-03'
        ? { status: 200, json: pages[`${query.get('archived')}/${query.get('after') ?? ''}`] }
        : undefined,
    )
    const users = (await client.users()).sort((a, b) => Number(a.userId) - Number(b.userId))
    assert.deepEqual(
      users.map(({ userId, kind, email, active }) => [userId, kind, email, active]),
      [
        ['1', 'person', 'p1@example.com', true],
        ['2', 'person', 'p2@example.com', true],
        ['3', 'queue', null, true],
        ['4', 'person', 'p4@example.com', false],
      ],
    )
  })
})

describe('the key of tasks', () => {
  const keyPath = '/crm/properties/2026-03/tasks/lanekeeper_key'
  const scopes = {
    category: 'MISSING_SCOPES',
    message: 'no',
    errors: [{ context: { requiredGranularScopes: ['crm.schemas.tasks.write'] } }],
  }

  async function support(t: TestContext, script: Script) {
    const { taskKey, requests } = await portal(t, script)
    return {
      found: await taskKey.create(),
      created: requests.filter(({ method, path }) => method === 'POST' && path.includes('/properties/')),
    }
  }

  it('that is there already is used as it is', async (t) => {
    const there = await support(t, ({ path }) =>
      path === keyPath ? { status: 200, json: { hasUniqueValue: true } } : undefined,
    )
    assert.deepEqual([there.found.enforced, there.created.length], [true, 0])
    const plain = await support(t, ({ path }) =>
      path === keyPath ? { status: 200, json: { hasUniqueValue: false } } : undefined,
    )
    assert.deepEqual([plain.found.enforced, plain.found.field, plain.created.length], [false, 'lanekeeper_key', 0])
  })

  it('is made unique, and plain where the account does not take unique ones', async (t) => {
    const { found, created } = await support(t, ({ method, path, body }) => {
      if (path === keyPath) return { status: 404, json: { category: 'OBJECT_NOT_FOUND' } }
      if (path.endsWith('/groups'))
        return { status: 200, json: { results: [{ name: 'other' }, { name: 'task_info' }] } }
      if (method !== 'POST' || !path.includes('/properties/')) return undefined
      return body.hasUniqueValue
        ? { status: 400, json: { category: 'VALIDATION_ERROR', message: 'unique values are not allowed here' } }
        : { status: 201, json: { ...body } }
    })
    assert.deepEqual([found.enforced, found.field], [false, 'lanekeeper_key'])
    assert.deepEqual(
      created.map(({ body }) => [body.hasUniqueValue, body.groupName]),
      [
        [true, 'task_info'],
        [false, 'task_info'],
      ],
    )
  })

  it('that the app may not make is done without, with the scope named and the connection kept', async (t) => {
    const { found } = await support(t, ({ method, path }) => {
      if (path === keyPath) return { status: 404, json: {} }
      return method === 'POST' && path.includes('/properties/') ? { status: 403, json: scopes } : undefined
    })
    assert.deepEqual([found.enforced, found.field], [false, null])
    assert.match(found.why, /crm\.schemas\.tasks\.write/)
  })

  it('that another worker makes at the same moment is used', async (t) => {
    let asked = 0
    const { found } = await support(t, ({ method, path }) => {
      if (path === keyPath) {
        asked += 1
        return asked === 1 ? { status: 404, json: {} } : { status: 200, json: { hasUniqueValue: true } }
      }
      return method === 'POST' && path.includes('/properties/')
        ? { status: 409, json: { category: 'OBJECT_ALREADY_EXISTS' } }
        : undefined
    })
    assert.equal(found.enforced, true)
  })

  it('that HubSpot calls unique but does not find tasks by is not relied on', async (t) => {
    const { found } = await support(t, ({ path }) => {
      if (path === keyPath) return { status: 200, json: { hasUniqueValue: true } }
      return path.endsWith('/batch/read')
        ? { status: 400, json: { category: 'VALIDATION_ERROR', message: 'not an id property' } }
        : undefined
    })
    assert.deepEqual([found.enforced, found.field], [false, 'lanekeeper_key'])
    assert.match(found.why, /not an id property/)
  })

  it('is only looked for, never made, by a client that was not asked to', async (t) => {
    const { client, requests } = await portal(t, ({ path }) =>
      path === keyPath ? { status: 404, json: {} } : undefined,
    )
    await client.writeTasks([task('a')])
    assert.ok(!requests.some(({ method, path }) => method === 'POST' && path.includes('/properties/')))
    const created = requests.find(({ path }) => path.endsWith('/tasks/batch/create'))
    assert.match(created?.body.inputs[0].properties.hs_task_subject, / \[LK-[0-9a-f]{10}\]$/)
  })
})

function task(key: string, over: Partial<TaskWrite> = {}): TaskWrite {
  return {
    key,
    taskId: null,
    ownerId: '501',
    subject: 'Risky: owner left',
    body: 'Look.',
    dueAtMs: Date.parse(at),
    timeZone: null,
    priority: 'normal',
    status: 'open',
    about: { objectType: 'contacts', recordId: '1' },
    ...over,
  }
}

describe('writing tasks', () => {
  it('keeps links waiting while they fail, and never asks for more in one call than HubSpot takes', async (t) => {
    let healthy = false
    const { client, requests } = await portal(
      t,
      ({ path, body }) => {
        if (path.includes('/associations/')) {
          return healthy ? { status: 201, json: {} } : { status: 503, text: '', headers: { 'retry-after': '60' } }
        }
        if (!path.endsWith('/batch/upsert')) return undefined
        const results = body.inputs.map(({ properties }: { properties: object }, index: number) => ({
          id: String(requests.length * 1_000 + index),
          properties,
        }))
        return { status: 200, json: { results } }
      },
      { taskKey: enforced },
    )
    const hundred = (round: number) => Array.from({ length: 100 }, (_, n) => task(`k${round}-${n}`))
    for (let round = 1; round <= 25; round += 1) await client.writeTasks(hundred(round))
    healthy = true
    await client.writeTasks(hundred(26))
    const calls = requests.filter(({ path }) => path.includes('/associations/'))
    const asked = calls.map(({ body }) => body.inputs.length)
    assert.ok(Math.max(...asked) <= 2_000, `${Math.max(...asked)} links in one call`)
    assert.ok((asked.at(-1) ?? 0) > 100, 'what waited went along')
  })

  it('sends one upsert and one call of links, whatever the number, and reads shuffled results by key', async (t) => {
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
      assert.deepEqual(outcome, { key: outcome.key, outcome: 'done', id: String(1_000 + Number(outcome.key.slice(1))) })
    assert.equal(outcomes.length, 100)
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

  it('writes nothing where the account lacks a value that the task needs', async (t) => {
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

  it('tells what was done although the rest lost the connection’s grant', async (t) => {
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

  it('looks through every page of a record’s tasks before it says that there is none', async (t) => {
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

describe('writing owners', () => {
  const write = { key: 'w', objectType: 'contacts', recordId: '1', field: 'hubspot_owner_id', to: '502' }
  const answered = async (t: TestContext, json: object, status = 200) => {
    const { client } = await portal(t, ({ path }) => (path.endsWith('/batch/update') ? { status, json } : undefined))
    return (await client.writeOwners([write]))[0]
  }

  it('believes the echo: a value that did not change was not taken', async (t) => {
    assert.equal((await answered(t, { results: [record(1, { hubspot_owner_id: '502' })] }))?.outcome, 'done')
    assert.equal((await answered(t, { results: [record(1, { hubspot_owner_id: '501' })] }))?.outcome, 'refused')
    assert.equal((await answered(t, { results: [record(1)] }))?.outcome, 'done')
  })

  it('to a record that answers under another id did not go where it should', async (t) => {
    const outcome = await answered(t, { results: [record(2, {}, { objectWriteTraceId: 'w' })] })
    assert.deepEqual(
      [outcome?.outcome, outcome?.outcome === 'gone' && outcome.why],
      ['gone', 'contacts 1 was merged into 2'],
    )
  })

  it('with an empty answer is unknown', async (t) => {
    assert.equal((await answered(t, { results: [] }))?.outcome, 'unknown')
    assert.equal((await answered(t, {}))?.outcome, 'unknown')
  })
})

describe('an account', () => {
  const account = (over: object) => ({ status: 200, json: { portalId: 77, timeZone: 'Europe/Berlin', ...over } })

  it('has its pages where it says, and links lead there', async (t) => {
    const { client } = await portal(t, ({ path }) =>
      path.startsWith('/account-info')
        ? account({ uiDomain: 'app-eu1.hubspot.com', accountType: 'SANDBOX' })
        : undefined,
    )
    assert.equal(client.recordUrl('deals', '5'), 'https://app.hubspot.com/contacts/77/record/0-3/5')
    const identity = await client.identify()
    assert.deepEqual([identity.pagesUrl, identity.edition], ['https://app-eu1.hubspot.com', 'SANDBOX'])
    assert.equal(client.recordUrl('deals', '5'), 'https://app-eu1.hubspot.com/contacts/77/record/0-3/5')
    assert.equal(client.taskUrl('6'), 'https://app-eu1.hubspot.com/tasks/77/view/all/task/6')
  })

  it('that names pages outside HubSpot, or none, gets no links there', async (t) => {
    for (const uiDomain of ['evil.example', 'app.hubspot.com.evil.example', 'app.hubspot.com/x', '', undefined, 7]) {
      const { client } = await portal(t, ({ path }) =>
        path.startsWith('/account-info') ? account({ uiDomain }) : undefined,
      )
      assert.equal((await client.identify()).pagesUrl, null)
      assert.match(client.recordUrl('deals', '5'), /^https:\/\/app\.hubspot\.com\//)
    }
  })

  it('whose pages are known keeps them', async (t) => {
    const { client } = await portal(
      t,
      ({ path }) => (path.startsWith('/account-info') ? account({ uiDomain: 'app.hubspot.com' }) : undefined),
      { uiBaseUrl: 'https://app-eu1.hubspot.com' },
    )
    assert.equal((await client.identify()).pagesUrl, 'https://app-eu1.hubspot.com')
  })
})

describe('pages of changes', () => {
  it('reach every record although a search gives up at 10,000: no page is asked for by its offset', async (t) => {
    const base = Date.parse(at)
    // More than a search shows, of which 500 share one millisecond.
    const all = Array.from({ length: 10_700 }, (_, index) => ({ id: index + 1, atMs: base + Math.max(index - 500, 0) }))
    const { client, requests } = await portal(t, ({ path, body }) => {
      if (!path.endsWith('/search')) return undefined
      const [time, above] = body.filterGroups[0].filters
      const fits = all.filter(({ id, atMs }) =>
        time.operator === 'EQ' ? atMs === Number(time.value) && id > Number(above.value) : atMs >= Number(time.value),
      )
      const results = fits
        .slice(0, body.limit)
        .map(({ id, atMs }) => record(id, { lastmodifieddate: new Date(atMs).toISOString() }))
      return { status: 200, json: { total: Math.min(fits.length, 10_000), results } }
    })
    const seen = new Set<string>()
    for (let cursor: string | null = null, pages = 0; pages < 300; pages += 1) {
      const page = await client.changedSince({ ...reading, sinceMs: base, cursor, source: 'poll' })
      for (const { recordId } of page.events) seen.add(recordId)
      cursor = page.cursor
      if (cursor === null) break
    }
    assert.equal(seen.size, all.length)
    const searches = requests.filter(({ path }) => path.endsWith('/search'))
    assert.ok(searches.every(({ body, text }) => body.after === undefined && body.limit <= 200 && text.length <= 3_000))
  })

  it('come to an end even if the index answers with times older than asked for', async (t) => {
    const results = Array.from({ length: 100 }, (_, index) =>
      record(index + 1, { lastmodifieddate: '2026-01-01T00:00:00Z' }),
    )
    const { client, requests } = await portal(t, ({ path, body }) => {
      if (!path.endsWith('/search')) return undefined
      const after = Number(body.filterGroups[0].filters[1]?.value ?? 0)
      const left = Number(body.filterGroups[0].filters[0].value) > Date.parse(at) ? [] : results.slice(after)
      return { status: 200, json: { total: left.length, results: left } }
    })
    let pages = 0
    for (let cursor: string | null = null; pages < 20; ) {
      const page = await client.changedSince({ ...reading, sinceMs: Date.parse(at), cursor, source: 'poll' })
      pages += 1
      cursor = page.cursor
      if (cursor === null) break
    }
    assert.ok(pages < 20, 'the pages end')
    assert.ok(requests.filter(({ path }) => path.endsWith('/search')).length < 10)
  })
})
