import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { ItemOutcome, OwnerFieldWrite, TaskWrite } from '../../../src/crm/crm-client.ts'
import {
  type Answer,
  ORG_ID,
  rows,
  type ScriptedOrg,
  type SeenRequest,
  startScriptedOrg,
  USER_ID,
} from './scripted-org.ts'

const execute = promisify(execFile)
const connectionFile = pathToFileURL(path.resolve(import.meta.dirname, '../../../src/crm/salesforce/open.ts')).href
const LEAD = '00Q5f000005bwLFEAY'

describe('traps of jsforce and of REST', () => {
  let org: ScriptedOrg
  beforeEach(async () => {
    org = await startScriptedOrg()
  })
  afterEach(() => org.close())
  const to = (path: string) => org.requests.filter((request) => request.path.startsWith(path))
  const bodyRows = (request: SeenRequest) => (request.body as { records: Record<string, unknown>[] }).records
  const write = (n: number): OwnerFieldWrite => ({
    key: `w${n}`,
    objectType: 'Lead',
    recordId: `00Q5f00000${String(n).padStart(5, '0')}AAA`,
    field: 'OwnerId',
    to: USER_ID,
  })
  const writes = (n: number) => Array.from({ length: n }, (_, at) => write(at))
  const answering =
    (row: (record: Record<string, unknown>, all: readonly unknown[]) => object | null): Answer =>
    (request, response) => {
      const all = bodyRows(request)
      const results = all.map((record) => {
        const error = row(record, all)
        return error ? { success: false, errors: [error] } : { success: true, id: record.id, errors: [] }
      })
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(results))
    }
  const onlyOutcome = async (): Promise<ItemOutcome> => (await org.client().writeOwners([write(1)]))[0]!

  it('J-2: a renewed session may live elsewhere: the repeated request goes there and not to the old address', async () => {
    const moved = await startScriptedOrg()
    try {
      const answer = (url: string, token: string): Answer => ({
        json: { access_token: token, instance_url: url, id: `${url}/id/${ORG_ID}/${USER_ID}`, token_type: 'Bearer' },
      })
      org.on('POST', '/services/oauth2/token', answer(org.url, 'one'), answer(moved.url, 'two'))
      org.on('GET', '/query', { status: 401, json: [{ errorCode: 'INVALID_SESSION_ID', message: 'expired' }] })
      moved.on('GET', '/query', rows({ Id: ORG_ID, Name: 'Moved' }))
      assert.equal((await org.client().identify()).title, 'Moved')
      assert.equal(to('/query').length, 1)
      assert.equal(moved.requests.find(({ path }) => path === '/query')?.headers.authorization, 'Bearer two')
    } finally {
      await moved.close()
    }
  })

  it('J-5: a proxy named in the environment, which jsforce reads at import, is not taken behind our back', async () => {
    org.on('GET', '/query', rows({ Id: ORG_ID, Name: 'Direct' }))
    const program = `
      const { openSalesforce } = await import(${JSON.stringify(connectionFile)})
      const tokens = { accessToken: 'a', refreshToken: null, instanceUrl: '${org.url}', accountId: '${ORG_ID}', userId: '${USER_ID}' }
      const { client } = openSalesforce({
        connectionId: 'sf',
        grant: { kind: 'salesforce-client-credentials', clientId: 'a', clientSecret: 'b' },
        address: { baseUrl: '${org.url}', apiVersion: '67.0', pubsubAddress: null },
        tokens: { read: async () => ({ tokens, version: 1 }), renew: async () => ({ tokens, version: 1 }) },
        budget: { take: async () => {}, pauseUntil: async () => {}, observe: async () => {} },
        nowMs: Date.now,
        deadlineMs: 2_000,
      })
      console.log((await client.identify()).title)`
    const nowhere = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' }
    const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, ...nowhere },
    })
    assert.equal(stdout.trim(), 'Direct')
  })

  it('J-9: rows say statusCode and requests errorCode: both are read', async () => {
    for (const spelling of ['statusCode', 'errorCode']) {
      org.on(
        'PATCH',
        '/composite/sobjects',
        answering(() => ({ [spelling]: 'STRING_TOO_LONG', message: 'too long' })),
      )
      assert.deepEqual(await onlyOutcome(), { key: 'w1', outcome: 'refused', code: 'STRING_TOO_LONG', why: 'too long' })
    }
  })

  for (const spelling of ['duplicateResut', 'duplicateResult']) {
    const duplicate = {
      message: "You're creating a duplicate record.",
      [spelling]: {
        allowSave: true,
        duplicateRule: 'Contacts_DR',
        matchResults: [{ matchRecords: [{ record: { Id: '0031i000013x2TEAAY' } }] }],
      },
    }
    const expected = {
      key: 'w1',
      outcome: 'refused',
      code: 'DUPLICATES_DETECTED',
      why: "You're creating a duplicate record. (duplicate rule Contacts_DR)",
    }

    it(`DUPLICATES_DETECTED names the rule and is never forced (${spelling}, in a row)`, async () => {
      org.on(
        'PATCH',
        '/composite/sobjects',
        answering(() => ({ statusCode: 'DUPLICATES_DETECTED', ...duplicate })),
      )
      assert.deepEqual(await onlyOutcome(), expected)
      assert.equal(to('/composite').length, 1)
      assert.equal(to('/composite')[0]!.headers['sforce-duplicate-rule-header'], undefined)
    })

    it(`DUPLICATES_DETECTED names the rule (${spelling}, as a 400 of the whole request)`, async () => {
      org.on('PATCH', '/composite/sobjects', {
        status: 400,
        json: [{ errorCode: 'DUPLICATES_DETECTED', ...duplicate }],
      })
      assert.deepEqual(await onlyOutcome(), expected)
    })
  }

  for (const [code, message, fields] of [
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Region must match the country', ['Region__c']],
    ['INACTIVE_OWNER_OR_USER', 'operation performed with inactive user [005x] as owner of lead', []],
    ['STRING_TOO_LONG', 'Subject: data value too large', ['Subject']],
    ['REQUIRED_FIELD_MISSING', 'Required fields are missing', ['Region__c']],
    ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'bad value for restricted picklist field', ['Status']],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', []],
    ['INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY', 'insufficient access rights on cross-reference id', []],
    ['OP_WITH_INVALID_USER_TYPE_EXCEPTION', 'Operation not valid for this user type', []],
    ['STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded', []],
    ['TRANSFER_REQUIRES_READ', 'The new owner must have read permission', []],
    ['FIELD_INTEGRITY_EXCEPTION', 'Related To ID: id value of incorrect type', ['WhatId']],
  ] as const) {
    it(`${code} is refused for good, in the words of the org, and asked once`, async () => {
      org.on(
        'PATCH',
        '/composite/sobjects',
        answering(() => ({ statusCode: code, message, fields })),
      )
      const outcome = await onlyOutcome()
      assert.deepEqual([outcome.outcome, 'code' in outcome && outcome.code], ['refused', code])
      assert.ok('why' in outcome && outcome.why.startsWith(message))
      for (const name of fields) assert.ok('why' in outcome && outcome.why.includes(name))
      assert.equal(to('/composite').length, 1)
    })
  }

  it('ENTITY_IS_DELETED means that the record is gone', async () => {
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering(() => ({ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted' })),
    )
    assert.equal((await onlyOutcome()).outcome, 'gone')
  })

  it('ALL_OR_NONE: rows that were rolled back with another one are for later, not refused', async () => {
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering((record) =>
        record.id === write(0).recordId
          ? { statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'no' }
          : { statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK', message: 'Record rolled back because …' },
      ),
    )
    assert.deepEqual(
      (await org.client().writeOwners(writes(3))).map(({ outcome }) => outcome),
      ['refused', 'retry', 'retry'],
    )
    // We never ask for it: one bad row would hold up the others.
    assert.equal((to('/composite')[0]!.body as { allOrNone: boolean }).allOrNone, false)
  })

  it('UNABLE_TO_LOCK_ROW: locked rows are for later at different moments, and the next calls are smaller for a while', async () => {
    let nowMs = 1_000_000
    const { client } = org.open({ nowMs: () => nowMs })
    const locked = { statusCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record' }
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering(() => locked),
    )
    const outcomes = await client.writeOwners(writes(50))
    assert.ok(outcomes.every(({ outcome }) => outcome === 'retry'))
    const moments = outcomes.map((item) => (item.outcome === 'retry' ? item.retryAtMs! - nowMs : 0))
    assert.ok(new Set(moments).size > 10, 'all come back in one moment')
    assert.ok(moments.every((ms) => ms >= 1_000 && ms <= 3_000))

    org.on(
      'PATCH',
      '/composite/sobjects',
      answering(() => null),
    )
    const sizes = async (n: number) => {
      const from = to('/composite').length
      await client.writeOwners(writes(n))
      return to('/composite')
        .slice(from)
        .map((request) => bodyRows(request).length)
    }
    assert.deepEqual(await sizes(200), [100, 100])
    nowMs += 5 * 60_000
    assert.deepEqual(await sizes(200), [200])
  })

  it('UNABLE_TO_LOCK_ROW of a whole request makes the next ones smaller too', async () => {
    org.on(
      'PATCH',
      '/composite/sobjects',
      { status: 400, json: [{ errorCode: 'UNABLE_TO_LOCK_ROW', message: 'locked' }] },
      answering(() => null),
    )
    const { client } = org.open()
    assert.ok((await client.writeOwners(writes(200))).every(({ outcome }) => outcome === 'retry'))
    await client.writeOwners(writes(200))
    assert.deepEqual(
      to('/composite').map((request) => bodyRows(request).length),
      [200, 100, 100],
    )
  })

  it('General: a trigger that runs out of its limits fails 200 rows of which none is at fault; fewer at once go through', async () => {
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering((_, all) =>
        all.length <= 50
          ? null
          : {
              statusCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
              message:
                'LeadTrigger: execution of AfterUpdate caused by: System.LimitException: Too many SOQL queries: 101',
            },
      ),
    )
    const { client } = org.open()
    const outcomes = await client.writeOwners(writes(200))
    assert.ok(outcomes.every(({ outcome }) => outcome === 'done'))
    assert.equal(new Set(outcomes.map(({ key }) => key)).size, 200)
    assert.ok(to('/composite').length <= 7, `${to('/composite').length} calls`)
    const from = to('/composite').length
    await client.writeOwners(writes(100))
    assert.ok(
      to('/composite')
        .slice(from)
        .every((request) => bodyRows(request).length <= 50),
      'it was learnt for the next time',
    )
  })

  it('General: one row whose trigger always runs out of its limits is refused in the words of the org', async () => {
    const said = 'System.LimitException: Apex CPU time limit exceeded'
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering(() => ({ statusCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message: said })),
    )
    const outcomes = await org.client().writeOwners(writes(4))
    assert.ok(outcomes.every((item) => item.outcome === 'refused' && item.why === said))
    assert.equal(outcomes.length, 4)
  })

  it('General: outcomes go by the key of each row, also when chunks were split and came back in another order', async () => {
    org.on(
      'PATCH',
      '/composite/sobjects',
      { status: 400, json: [{ errorCode: 'MALFORMED_ID', message: 'one of them' }] },
      answering((record) =>
        record.id === write(7).recordId ? { statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'no' } : null,
      ),
    )
    const outcomes = new Map((await org.client().writeOwners(writes(10))).map((item) => [item.key, item.outcome]))
    assert.equal(outcomes.size, 10)
    assert.deepEqual(
      [...outcomes].filter(([, outcome]) => outcome !== 'done'),
      [['w7', 'refused']],
    )
  })

  for (const code of [408, 420]) {
    it(`${code} of the edge says nothing about a write: its rows are unknown`, async () => {
      org.on('PATCH', '/composite/sobjects', { status: code, html: '<html></html>' })
      assert.equal((await onlyOutcome()).outcome, 'unknown')
      assert.equal(to('/composite').length, 1)
    })
  }

  it('Sforce-Auto-Assign: FALSE stands on every write, of tasks too, and on no read', async () => {
    const field = (name: string) => ({ name, type: 'string', updateable: true, createable: true })
    org.on('GET', '/sobjects/Task/describe', { json: { fields: ['Id', 'Subject'].map(field) } })
    org.on('GET', '/query', (request, response) => {
      const words = [
        { ApiName: 'Open', IsClosed: false, IsHighPriority: false },
        { ApiName: 'Done', IsClosed: true, IsHighPriority: true },
      ]
      const records = request.soql?.includes('FROM Task') ? words : []
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ totalSize: records.length, done: true, records }))
    })
    org.on('GET', '/queryAll', rows({ Id: '00T5f000001aaaaEAA', IsClosed: false }))
    org.on(
      'POST',
      '/composite/sobjects',
      answering(() => null),
    )
    org.on(
      'PATCH',
      '/composite/sobjects',
      answering(() => null),
    )
    const task: TaskWrite = {
      key: 'k',
      taskId: null,
      ownerId: USER_ID,
      subject: 's',
      body: 'b',
      dueAtMs: 0,
      timeZone: null,
      priority: 'normal',
      status: 'open',
      about: { objectType: 'Lead', recordId: LEAD },
      rehang: false,
    }
    const client = org.client()
    await client.writeTasks([task, { ...task, key: 'k2', taskId: '00T5f000001aaaaEAA' }])
    await client.writeOwners([write(1)])
    const sent = org.requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/composite'))
    assert.equal(sent.length, 3)
    assert.ok(sent.every(({ headers }) => headers['sforce-auto-assign'] === 'FALSE'))
    assert.ok(
      org.requests.filter(({ method }) => method === 'GET').every(({ headers }) => !headers['sforce-auto-assign']),
    )
  })

  it('General: a gap storm of 450 records costs three reads, never one for each', async () => {
    const field = (name: string, type: string) => ({ name, type, updateable: false, createable: false })
    org.on('GET', '/sobjects/Lead/describe', {
      json: {
        fields: [
          field('Id', 'id'),
          field('OwnerId', 'reference'),
          field('SystemModstamp', 'datetime'),
          field('Email', 'email'),
        ],
      },
    })
    org.on('GET', '/queryAll', rows())
    const ids = writes(450).map(({ recordId }) => recordId)
    const { missing } = await org
      .client()
      .readRecords({ objectType: 'Lead', ids, fields: ['Email'], historyFields: [] })
    assert.equal(missing.length, 450)
    assert.equal(to('/queryAll').length, 3)
  })

  it('General: the nightly look at all ids costs one call per 2,000 records, in the order of the key', async () => {
    const field = (name: string, type: string) => ({ name, type, updateable: false, createable: false })
    org.on('GET', '/sobjects/Lead/describe', {
      json: { fields: [field('Id', 'id'), field('OwnerId', 'reference'), field('SystemModstamp', 'datetime')] },
    })
    const lead = (n: number) => ({ Id: write(n).recordId, SystemModstamp: '2026-11-22T10:00:00.000+0000' })
    const page = Array.from({ length: 2_000 }, (_, at) => lead(at))
    org.on('GET', '/query', rows(...page), { json: { totalSize: 2_001, done: true, records: [] } }, rows(lead(2_000)))
    const client = org.client()
    const sweep = { objectType: 'Lead', sinceMs: 0, fields: [], historyFields: [], source: 'poll' } as const
    const first = await client.changedSince({ ...sweep, cursor: null })
    const second = await client.changedSince({ ...sweep, cursor: first.cursor })
    assert.deepEqual([first.events.length, first.total, second.events.length, second.cursor], [2_000, 2_001, 1, null])
    const asked = to('/query').map(({ soql }) => soql)
    assert.deepEqual(asked, [
      'SELECT Id, SystemModstamp FROM Lead ORDER BY Id LIMIT 2000',
      'SELECT COUNT() FROM Lead',
      `SELECT Id, SystemModstamp FROM Lead WHERE Id > '${write(1_999).recordId}' ORDER BY Id LIMIT 2000`,
    ])
  })
})
