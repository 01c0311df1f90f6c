import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../../../src/crm/profiles.ts'
import { CrmReconnectError, type TaskWrite } from '../../../src/crm/crm-client.ts'
import { hubSpotClient } from '../../../src/crm/hubspot/client.ts'
import { openPortal, type PortalOptions } from '../../../src/crm/hubspot/portal/portal.ts'
import { parseWebhook } from '../../../src/crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../../src/crm/hubspot/webhook/events.ts'
import { verifySignature } from '../../../src/crm/hubspot/webhook/signature.ts'
import type { ChangeEvent, ConnectionId } from '../../../src/model/record/change-event.ts'
import { foldEvents } from '../../../src/model/record/fold/fold.ts'
import { mergedEventForLosers } from '../../../src/model/record/fold/merged-events.ts'
import { type ScriptedAnswer, type ScriptedRequest, startScriptedServer } from '../scripted-server.ts'
import { contact, DAY, nowMs, setUp, world } from './stage.ts'

/** Section 10 of the contract, trap by trap. Those that cannot reach us are held off by the first test. */

const connectionId = 'hs' as ConnectionId
const reading = { objectType: 'contacts', fields: ['email', 'hubspot_owner_id'], historyFields: [] } as const
const poll = { ...reading, source: 'poll', sinceMs: nowMs - 60 * DAY } as const

function task(key: string, over: Partial<TaskWrite> = {}): TaskWrite {
  return {
    key,
    taskId: null,
    ownerId: '501',
    subject: `Risky: ${key}`,
    body: 'What happened.',
    dueAtMs: nowMs + DAY,
    timeZone: 'America/Los_Angeles',
    priority: 'normal',
    status: 'open',
    about: { objectType: 'contacts', recordId: '1' },
    rehang: false,
    ...over,
  }
}

const people = world({ contacts: [contact(1), contact(2), contact(3), contact(4)] })

async function scripted(
  t: TestContext,
  answer: (request: ScriptedRequest) => ScriptedAnswer,
  over: Partial<PortalOptions> = {},
) {
  const server = await startScriptedServer(answer)
  t.after(() => server.close())
  const portal = openPortal({
    connectionId,
    baseUrl: server.baseUrl,
    appId: 900,
    token: async () => 'token',
    budget: { take: async () => {}, pauseUntil: async () => {}, observe: async () => {} },
    deadlineMs: 400,
    nowMs: Date.now,
    ...over,
  })
  return { portal, client: hubSpotClient(portal), server }
}

const write = { key: 'w', objectType: 'contacts', recordId: '1', field: 'hubspot_owner_id', to: '502' }

describe('HubSpot', () => {
  it('traps 1, 3, 4 and 8: the product takes types and one enum from the vendor’s library, never its client', async () => {
    const enumOnly = '@hubspot/api-client/lib/src/enums/AssociationTypes.js'
    const root = new URL('../../../src/', import.meta.url)
    const files = await readdir(root, { recursive: true })
    const sources = files.filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
    assert.ok(sources.length > 100)
    for (const name of sources) {
      const text = await readFile(new URL(name, root), 'utf8')
      for (const [statement, from] of text.matchAll(/^import (?:(?!^import )[\s\S])*?from '(@hubspot\/[^']+)'/gm)) {
        assert.ok(statement.startsWith('import type ') || from === enumOnly, `${name}: ${statement}`)
      }
      assert.equal(text.split("'@hubspot/").length, text.split("from '@hubspot/").length, `${name}: no other way in`)
    }
  })

  it('trap 2: a create whose answer was lost or a 5xx is never sent again by itself', async (t) => {
    for (const kind of ['commit-then-502', 'commit-then-reset', '500', '503']) {
      const { client, portal, control, tasks } = await setUp(t, people, { taskUniqueProperty: false })
      await portal.taskKey.create()
      await control('POST', 'faults', { kind, path: '/crm/objects/2026-03/tasks/batch/create' })
      const before = (await control('GET', 'stats')).requests as Record<string, number>
      const [outcome] = await client.writeTasks([task('a')])
      const after = (await control('GET', 'stats')).requests as Record<string, number>
      assert.equal(outcome?.outcome, 'unknown', kind)
      const route = 'POST /objects/tasks/batch/create'
      assert.equal((after[route] ?? 0) - (before[route] ?? 0), 1, kind)
      assert.equal((await tasks()).length, kind.startsWith('commit') ? 1 : 0, kind)
    }
  })

  it('trap 5: an undocumented 2xx of a create is the record, not an error', async (t) => {
    for (const status of [200, 201, 202, 207]) {
      const { client } = await scripted(t, ({ path, body }) =>
        path.endsWith('/batch/update')
          ? { status, json: { results: [{ id: '1', properties: body.inputs[0].properties }] } }
          : { status: 200, json: {} },
      )
      const [outcome] = await client.writeOwners([write])
      assert.deepEqual(outcome, { key: 'w', outcome: 'done', id: '1', after: write.to }, String(status))
    }
  })

  it('trap 6: a 207 is read item by item, with or without numErrors', async (t) => {
    for (const extra of [{ numErrors: 1 }, {}]) {
      const { client } = await scripted(t, () => ({
        status: 207,
        json: {
          status: 'COMPLETE',
          results: [{ id: '1', properties: { hubspot_owner_id: '502' } }],
          errors: [{ status: 'error', category: 'OBJECT_NOT_FOUND', message: 'gone', context: { ids: ['2'] } }],
          ...extra,
        },
      }))
      const outcomes = await client.writeOwners([write, { ...write, key: 'x', recordId: '2' }])
      assert.deepEqual(
        outcomes.map(({ key, outcome }) => [key, outcome]),
        [
          ['w', 'done'],
          ['x', 'gone'],
        ],
      )
    }
  })

  it('trap 7: fields that the vendor’s deserializer drops are kept, such as trace ids', async (t) => {
    const { client } = await scripted(t, ({ body }) => ({
      status: 200,
      json: {
        // Under another id than was asked for: only the trace tells whose answer this is.
        results: [{ id: '77', objectWriteTraceId: body.inputs[1].objectWriteTraceId, properties: {} }],
        errors: [{ category: 'VALIDATION_ERROR', message: 'no', context: { objectWriteTraceId: ['w'] } }],
      },
    }))
    const outcomes = await client.writeOwners([write, { ...write, key: 'x', recordId: '2' }])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), ['w refused', 'x gone'])
  })

  it('trap 9: a hanging answer ends at our deadline, and a task written behind it is found by its key', async (t) => {
    const { client, portal, control, tasks } = await setUp(t, people, {}, { deadlineMs: 300 })
    await portal.taskKey.create()
    await control('POST', 'faults', { kind: 'commit-then-hang', path: '/crm/objects/2026-03/tasks/batch/upsert' })
    const startedAtMs = performance.now()
    const [outcome] = await client.writeTasks([task('a')])
    assert.ok(performance.now() - startedAtMs < 5_000)
    assert.equal(outcome?.outcome, 'unknown')
    const found = await client.findTasks([{ key: 'a', about: null, taskId: null }])
    assert.equal(found.get('a')?.taskId, (await tasks())[0]?.id)
  })

  it('trap 10: a base URL with slashes at its end makes no double slash', async (t) => {
    const { server, portal } = await scripted(t, () => ({ status: 200, json: { portalId: 1 } }))
    const slashed = openPortal({
      connectionId,
      baseUrl: `${server.baseUrl}//`,
      appId: null,
      token: async () => 'token',
      budget: { take: async () => {}, pauseUntil: async () => {}, observe: async () => {} },
      nowMs: Date.now,
    })
    await slashed.identify()
    await portal.identify()
    assert.deepEqual([...new Set(server.requests.map(({ path }) => path))], ['/account-info/2026-03/details'])
  })

  const secret = 'test-client-secret-0001'
  function signed(url: string, body: string, atMs: number) {
    const base = `POST${url}${body}${atMs}`
    return {
      'x-hubspot-signature-v3': createHmac('sha256', secret).update(base).digest('base64'),
      'x-hubspot-request-timestamp': String(atMs),
      host: '127.0.0.1:8080',
    }
  }

  it('trap 11: behind a TLS proxy, signatures are checked against the configured address', () => {
    const url = 'https://hooks.example.com/webhooks/hubspot'
    const check = {
      method: 'POST',
      rawBody: Buffer.from('[]'),
      headers: signed(url, '[]', nowMs),
      secrets: [secret],
      nowMs,
    }
    assert.equal(verifySignature({ ...check, url }), 'ok')
    assert.equal(verifySignature({ ...check, url: 'http://127.0.0.1:8080/webhooks/hubspot' }), 'bad-signature')
  })

  it('trap 12: signatures are checked on the raw bytes, with non-ASCII letters and white space', () => {
    const url = 'https://hooks.example.com/webhooks/hubspot'
    const body = '[ {"propertyValue" : "Zo\u00eb \u6771\u4eac", "portalId":1} ]'
    const headers = signed(url, body, nowMs)
    const check = { method: 'POST', url, headers, secrets: [secret], nowMs }
    assert.equal(verifySignature({ ...check, rawBody: Buffer.from(body) }), 'ok')
    const again = JSON.stringify(JSON.parse(body))
    assert.equal(verifySignature({ ...check, rawBody: Buffer.from(again) }), 'bad-signature')
  })

  it('trap 13: the timestamp header with the wrong name is ignored', () => {
    const url = 'https://hooks.example.com/webhooks/hubspot'
    const { 'x-hubspot-request-timestamp': timestamp, ...others } = signed(url, '[]', nowMs)
    const headers = { ...others, 'x-hubspot-signature-timestamp': timestamp }
    const check = { method: 'POST', url, rawBody: Buffer.from('[]'), headers, secrets: [secret], nowMs }
    assert.equal(verifySignature(check), 'malformed')
  })

  it('trap 14: webhook events with one eventId are one change only if all else agrees', () => {
    const one = {
      eventId: 7,
      portalId: 1,
      appId: 900,
      occurredAt: nowMs,
      subscriptionType: 'contact.propertyChange',
      attemptNumber: 0,
      objectId: 5,
      propertyName: 'email',
      propertyValue: 'a@b.example',
    }
    const keys = (items: object[]) =>
      toChangeEvents({
        connectionId,
        notifications: parseWebhook(Buffer.from(JSON.stringify(items))).notifications.map(({ event }) => event),
        nowMs,
      }).events.map(({ dedupeKey }) => dedupeKey)
    const others = [{ objectId: 6 }, { propertyName: 'phone' }, { occurredAt: nowMs + 1 }, { portalId: 2 }]
    assert.equal(new Set(keys([one, ...others.map((over) => ({ ...one, ...over }))])).size, 5)
    assert.equal(new Set(keys([one, { ...one, attemptNumber: 4 }])).size, 1)
  })

  it('trap 15: a record read too early is missing, not deleted, and found a little later', async (t) => {
    const { client, change } = await setUp(t, people, { createdHiddenMs: 400 })
    const [fresh = ''] = await change({
      op: 'create',
      objectType: 'contacts',
      properties: { email: 'new@example.com' },
    })
    const early = await client.readRecords({ ...reading, ids: [fresh] })
    assert.deepEqual([early.events, early.missing], [[], [fresh]])
    const deadline = Date.now() + 10_000
    for (let found: readonly ChangeEvent[] = []; found.length === 0; ) {
      assert.ok(Date.now() < deadline, 'it never appeared')
      await pause(50)
      found = (await client.readRecords({ ...reading, ids: [fresh] })).events
    }
  })

  it('trap 16: tasks are not looked up by search, whose index lags', async (t) => {
    for (const taskUniqueProperty of [true, false]) {
      const { client, portal, taken, tasks } = await setUp(t, people, { taskUniqueProperty, searchDelayMs: 30_000 })
      await portal.taskKey.create()
      await client.writeTasks([task('a')])
      const about = { objectType: 'contacts', recordId: '1' }
      const found = await client.findTasks([{ key: 'a', about, taskId: null }])
      assert.deepEqual([found.size, taken.includes('search')], [1, false])
      assert.equal((await tasks()).length, 1)
    }
  })

  it('a task on no record is created, and where no key is enforced only the lagging search can show it', async (t) => {
    for (const field of [null, 'lanekeeper_key']) {
      const { another, control, tasks, portal } = await setUp(t, people, {
        taskUniqueProperty: false,
        searchDelayMs: 400,
      })
      if (field !== null) await portal.taskKey.create()
      const client = another({ taskKey: { enforced: false, field, why: 'test' } })
      await control('POST', 'faults', {
        kind: 'commit-then-reset',
        method: 'POST',
        path: '/crm/objects/2026-03/tasks/batch/create',
      })
      const [outcome] = await client.writeTasks([task('a', { about: null })])
      assert.equal(outcome?.outcome, 'unknown')
      assert.deepEqual(
        (await tasks()).map(({ about }) => about),
        [[]],
      )
      const look = async () =>
        (await client.findTasks([{ key: 'a', about: null, taskId: null, sentAgoMs: 600_000 }])).get('a')
      // However long ago: that the index shows nothing proves nothing.
      assert.equal(await look(), null)
      const deadline = Date.now() + 10_000
      while ((await look()) === null) {
        assert.ok(Date.now() < deadline, 'it never appeared')
        await pause(50)
      }
      const found = await look()
      assert.equal(found?.status, 'open')
      const closing = task('a', { about: null, taskId: found!.taskId, status: 'done' })
      assert.equal((await client.writeTasks([closing]))[0]?.outcome, 'done')
      assert.equal((await tasks())[0]?.status, 'COMPLETED')
    }
  })

  it('trap 18: an owner who left is an inactive owner, not "no owner"', async (t) => {
    const { client, change, control } = await setUp(t, people)
    await change({ op: 'archive-owner', email: 'bo@example.com' })
    const users = await client.users()
    assert.deepEqual(
      users
        .filter(({ active }) => !active)
        .map(({ userId }) => userId)
        .sort(),
      ['502', '503'],
    )
    await control('POST', 'changes', { changes: [{ op: 'restore-owner', email: 'bo@example.com' }] })
    assert.equal(
      (await client.users()).find(({ userId }) => userId === '502')?.active,
      true,
      'everybody is read each time',
    )
  })

  it('trap 19: a value that HubSpot ignored is refused, with or without an error', async (t) => {
    const { client } = await setUp(t, people)
    const [refused] = await client.writeOwners([{ ...write, field: 'lastmodifieddate', to: '1' }])
    assert.equal(refused?.outcome, 'refused')
    const silent = await scripted(t, () => ({
      status: 200,
      json: { results: [{ id: '1', properties: { hubspot_owner_id: '501' } }] },
    }))
    const [kept] = await silent.client.writeOwners([write])
    assert.deepEqual([kept?.outcome, kept?.outcome === 'refused' && kept.code], ['refused', 'VALUE_NOT_TAKEN'])
  })

  it('trap 20: a due time goes out as epoch milliseconds, whatever the zones of owner and account', async (t) => {
    const { client, portal } = await setUp(t, people)
    await portal.taskKey.create()
    const dueAtMs = Date.parse('2026-11-21T23:30:00-08:00')
    const [outcome] = await client.writeTasks([task('a', { dueAtMs })])
    const id = outcome?.outcome === 'done' ? outcome.id : ''
    const { body } = await portal.http({
      kind: 'read',
      method: 'GET',
      path: `${portal.paths.objects('tasks')}/${id}`,
      query: { properties: 'hs_timestamp' },
      attempt: 'read the task',
    })
    assert.equal(Date.parse((body.properties as { hs_timestamp: string }).hs_timestamp), dueAtMs)
  })

  for (const mergeKeepsId of [true, false]) {
    const how = mergeKeepsId ? 'keeping an id' : 'into new ids'
    it(`trap 21: a chain of merges (${how}) whose webhooks were lost is read from its survivor`, async (t) => {
      const { client, change } = await setUp(t, people, { mergeKeepsId })
      const [first = ''] = await change({ op: 'merge', objectType: 'contacts', id: '1', mergedId: '2' })
      const [last = ''] = await change({ op: 'merge', objectType: 'contacts', id: '3', mergedId: first })
      const gone = [...new Set(['1', '2', '3', first])].filter((id) => id !== last).sort()
      const found = async () => (await everything(client.changedSince)).filter(({ kind }) => kind === 'merged')
      const [merge, ...others] = await found()
      assert.deepEqual([merge?.recordId, merge?.mergedIds, others], [last, gone, []])

      // Another change of the survivor brings the same news under the same key.
      await change({ objectType: 'contacts', id: last, properties: { firstname: 'Ana' } })
      assert.deepEqual(
        (await found()).map(({ dedupeKey }) => dedupeKey),
        [merge?.dedupeKey],
      )
      const { events, missing } = await client.readRecords({ ...reading, ids: [last, ...gone] })
      assert.deepEqual([events.map(({ kind, mergedIds }) => [kind, mergedIds]), missing], [[['merged', gone]], []])
    })
  }

  it('trap 21: folding such a merge ends the merged records without another read', async (t) => {
    const { client, change } = await setUp(t, people)
    const context = { crm: 'hubspot', unreadable: new Set<string>() } as const
    const before = (await client.readRecords({ ...reading, ids: ['1', '2'] })).events
    const loser = foldEvents(
      null,
      before.filter(({ recordId }) => recordId === '2'),
      context,
    ).record
    assert.equal(loser.mergedInto, null)
    const [survivor = ''] = await change({ op: 'merge', objectType: 'contacts', id: '1', mergedId: '2' })
    const told = (await everything(client.changedSince)).filter(({ recordId }) => recordId === survivor)
    const folded = foldEvents(null, told, context)
    assert.deepEqual([folded.needsRead, folded.record.deleted], [null, false])
    const derived = told.flatMap(mergedEventForLosers).filter(({ recordId }) => recordId === '2')
    const gone = foldEvents(loser, derived, context)
    assert.deepEqual([gone.record.mergedInto, gone.needsRead], [survivor, null])
  })

  it('trap 21: a record without merges and the first import report no merge', async (t) => {
    const { client, change } = await setUp(t, people)
    const kinds = new Set((await everything(client.changedSince)).map(({ kind }) => kind))
    assert.deepEqual([...kinds], ['changed'])
    await change({ op: 'merge', objectType: 'contacts', id: '1', mergedId: '2' })
    const first = await client.changedSince({ ...reading, source: 'baseline', sinceMs: 0, cursor: null })
    assert.deepEqual([...new Set(first.events.map(({ kind }) => kind))], ['created'])
  })

  it('trap 23: unexpected answers lose only their unreadable parts', async (t) => {
    const odd = [
      null,
      7,
      'x',
      [],
      { id: 5 },
      { id: '6', properties: null },
      { id: '7', properties: { lastmodifieddate: 8 } },
    ]
    const { client } = await scripted(t, ({ path }) => ({
      status: 200,
      json: path.includes('/properties/')
        ? { results: [null, { name: 4 }, { name: 'hubspot_owner_id' }, { name: 'lastmodifieddate' }] }
        : { results: odd, paging: 'none', total: 'many' },
    }))
    const page = await client.changedSince({ ...reading, source: 'baseline', sinceMs: 0, cursor: null })
    assert.deepEqual([page.events.map(({ recordId }) => recordId), page.cursor, page.total], [['7'], null, null])
    assert.deepEqual(page.unreadable, ['email'])
    assert.deepEqual(
      (await client.users()).map(({ userId }) => userId),
      ['5', '6', '7'],
    )
  })

  it('a grant with missing scopes differs from an invalid token', async (t) => {
    const { client } = await setUp(t, people, {}, { token: async () => 'pat-na1-unknown' })
    await assert.rejects(client.users(), (error) => error instanceof CrmReconnectError && /token/.test(error.remedy))
  })
})

async function everything(changedSince: ReturnType<typeof hubSpotClient>['changedSince']): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = []
  let cursor: string | null = null
  for (let page = 0; page < 50; page += 1) {
    const next: Awaited<ReturnType<typeof changedSince>> = await changedSince({ ...poll, cursor })
    events.push(...next.events)
    cursor = next.cursor
    if (cursor === null) return events
  }
  throw new Error('The pages never end')
}
