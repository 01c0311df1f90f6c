import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { CrmBusyError, CrmReconnectError, type OwnerFieldWrite, type TaskWrite } from '../../../src/crm/crm-client.ts'
import { subjectTag } from '../../../src/crm/salesforce/write/task-text.ts'
import {
  type Answer,
  field,
  rows,
  type ScriptedOrg,
  type SeenRequest,
  SYSTEM_FIELDS,
  startScriptedOrg,
  truncated,
  USER_ID,
} from './scripted-org.ts'

const LEAD = '00Q5f000005bwLFEAY'
const ACCOUNT = '0015f00002J9YYEAA3'
const TASK = '00T5f000001aaaaEAA'
const KEY_FIELD = field('Lanekeeper_Key__c', 'string', { externalId: true, unique: true })

function ownerWrites(n: number): OwnerFieldWrite[] {
  return Array.from({ length: n }, (_, at) => ({
    key: `w${at}`,
    objectType: 'Lead',
    recordId: `00Q5f00000${String(at).padStart(5, '0')}AAA`,
    field: 'OwnerId',
    to: USER_ID,
  }))
}

const bodyRows = (request: SeenRequest) => (request.body as { records: Record<string, unknown>[] }).records

/** Answers each row with success, except where `fault` says otherwise. */
function collection(
  fault: (row: Record<string, unknown>) => { code: string; message: string; fields?: string[] } | null = () => null,
): Answer {
  return (request, response) => {
    const results = bodyRows(request).map((row, at) => {
      const wrong = fault(row)
      if (!wrong) return { id: row.id ?? `00T5f00000${String(at).padStart(5, '0')}AAA`, success: true, errors: [] }
      return {
        success: false,
        errors: [{ statusCode: wrong.code, message: wrong.message, fields: wrong.fields ?? [] }],
      }
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(results))
  }
}

const task: TaskWrite = {
  key: 'exception-1',
  taskId: null,
  ownerId: USER_ID,
  subject: 'Risky: two owners for Ada Byron',
  body: 'What happened, and why it is yours.',
  dueAtMs: Date.parse('2026-11-22T23:30:00Z'),
  timeZone: 'Asia/Tokyo',
  priority: 'high',
  status: 'open',
  about: { objectType: 'Lead', recordId: LEAD },
  rehang: false,
}

let org: ScriptedOrg
beforeEach(async () => {
  org = await startScriptedOrg()
})
afterEach(() => org.close())
const to = (path: string) => org.requests.filter((request) => request.path.startsWith(path))

describe('writing owners to Salesforce', () => {
  it('never lets an assignment rule re-route our own correction', async () => {
    org.on('PATCH', '/composite/sobjects', collection())
    await org.client().writeOwners(ownerWrites(1))
    assert.equal(to('/composite')[0]?.headers['sforce-auto-assign'], 'FALSE')
  })

  it('reads back what Salesforce has, because its answer to a write does not say it', async () => {
    org.on('PATCH', '/composite/sobjects', collection())
    const [one, other] = ownerWrites(2)
    const records = [{ Id: one!.recordId, OwnerId: '0055f000007xxxxAAA' }]
    org.on('GET', '/query', { json: { totalSize: 1, done: true, records } })
    const outcomes = await org.client().writeOwners([one!, other!])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.outcome === 'done' && outcome.after),
      ['0055f000007xxxxAAA', undefined],
    )
    org.on('GET', '/query', { status: 500, json: [] })
    const unsaid = await org.client().writeOwners([one!])
    assert.deepEqual(unsaid[0]?.outcome, 'done')
  })

  it('sends at most 200 rows at a time and names every outcome by its key', async () => {
    org.on('PATCH', '/composite/sobjects', collection())
    const outcomes = await org.client().writeOwners(ownerWrites(450))
    assert.deepEqual(
      to('/composite').map((request) => bodyRows(request).length),
      [200, 200, 50],
    )
    assert.equal(new Set(outcomes.map(({ key }) => key)).size, 450)
    assert.ok(outcomes.every(({ outcome }) => outcome === 'done'))
  })

  it('gives each row its own outcome in the words of the CRM', async () => {
    const faults: Record<string, { code: string; message: string; fields?: string[] }> = {
      '00Q5f0000000001AAA': { code: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access' },
      '00Q5f0000000002AAA': {
        code: 'INACTIVE_OWNER_OR_USER',
        message: 'operation performed with inactive user',
        fields: ['OwnerId'],
      },
      '00Q5f0000000003AAA': { code: 'ENTITY_IS_DELETED', message: 'entity is deleted' },
      '00Q5f0000000004AAA': {
        code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
        message: 'Leads in France need a rep in France',
      },
      '00Q5f0000000005AAA': {
        code: 'INVALID_CROSS_REFERENCE_KEY',
        message: 'Owner ID: owner cannot be blank',
        fields: ['OwnerId'],
      },
    }
    org.on(
      'PATCH',
      '/composite/sobjects',
      collection((row) => faults[String(row.id)] ?? null),
    )
    const outcomes = new Map((await org.client().writeOwners(ownerWrites(6))).map((item) => [item.key, item]))
    assert.deepEqual(
      [...outcomes.values()].map(({ key, outcome }) => `${key} ${outcome}`),
      ['w0 done', 'w1 retry', 'w2 refused', 'w3 gone', 'w4 refused', 'w5 refused'],
    )
    assert.deepEqual(outcomes.get('w4'), {
      key: 'w4',
      outcome: 'refused',
      code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      why: 'Leads in France need a rep in France',
    })
  })

  it('calls rows unknown when the answer is about other records or too short', async () => {
    org.on('PATCH', '/composite/sobjects', { json: [{ id: ACCOUNT, success: true, errors: [] }] })
    assert.equal((await org.client().writeOwners(ownerWrites(1)))[0]?.outcome, 'unknown')
    assert.deepEqual(
      (await org.client().writeOwners(ownerWrites(2))).map(({ outcome }) => outcome),
      ['unknown', 'unknown'],
    )
  })

  it('keeps what the first chunk did when a later one is lost', async () => {
    org.on('PATCH', '/composite/sobjects', collection(), truncated)
    const outcomes = await org.client().writeOwners(ownerWrites(250))
    assert.deepEqual(
      [
        outcomes.filter(({ outcome }) => outcome === 'done').length,
        outcomes.filter(({ outcome }) => outcome === 'unknown').length,
      ],
      [200, 50],
    )
  })

  it('keeps what each chunk did when our own database fails between two of them', async () => {
    org.on('PATCH', '/composite/sobjects', collection())
    let calls = 0
    const take = async (kind: string) => {
      if (kind !== 'write') return
      calls += 1
      if (calls === 2) throw new Error('Connection terminated unexpectedly')
    }
    const budget = { take, observe: async () => undefined, pauseUntil: async () => undefined }
    const outcomes = await org.client({ budget }).writeOwners(ownerWrites(450))
    const n = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length
    assert.deepEqual([n('done'), n('retry'), n('unknown')], [200, 250, 0])
    assert.equal(to('/composite').length, 1)
  })

  it('leaves the rest for later, unsent, when the daily limit ends between two chunks', async () => {
    const limit: Answer = {
      status: 403,
      json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
    }
    org.on('PATCH', '/composite/sobjects', collection(), limit)
    const outcomes = await org.client().writeOwners(ownerWrites(450))
    assert.deepEqual(
      [
        outcomes.filter(({ outcome }) => outcome === 'done').length,
        outcomes.filter(({ outcome }) => outcome === 'retry').length,
      ],
      [200, 250],
    )
    assert.equal(to('/composite').length, 2)
  })

  it('throws when nothing was written at all, so that the connection can be marked', async () => {
    org.on('POST', '/services/oauth2/token', {
      status: 400,
      json: { error: 'invalid_client', error_description: 'no' },
    })
    await assert.rejects(org.client().writeOwners(ownerWrites(1)), CrmReconnectError)
    org.on('POST', '/services/oauth2/token', { status: 500, json: {} })
    await assert.rejects(org.client().writeOwners(ownerWrites(1)), CrmBusyError)
  })

  it('halves a chunk that is refused as a whole until the guilty row stands alone', async () => {
    const guilty = '00Q5f0000000005AAA'
    org.on('PATCH', '/composite/sobjects', (request, response) => {
      if (!bodyRows(request).some((row) => row.id === guilty))
        return (collection() as Extract<Answer, (...args: never) => void>)(request, response)
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify([{ errorCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message: 'LeadTrigger: limit' }]))
    })
    const outcomes = await org.client().writeOwners(ownerWrites(16))
    assert.deepEqual(
      outcomes.filter(({ outcome }) => outcome !== 'done').map(({ key, outcome }) => [key, outcome]),
      [['w5', 'refused']],
    )
  })

  it('puts two writes to one record into two calls, in their order', async () => {
    org.on('PATCH', '/composite/sobjects', collection())
    const [first] = ownerWrites(1)
    const outcomes = await org.client().writeOwners([first!, { ...first!, key: 'again', to: '0055f000005mc77AAA' }])
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['w0', 'done'],
        ['again', 'done'],
      ],
    )
    assert.equal(to('/composite').length, 2)
  })

  it('keeps the first of two writes to one record when the second meets the daily limit', async () => {
    const limit: Answer = {
      status: 403,
      json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
    }
    org.on('PATCH', '/composite/sobjects', collection(), limit)
    const [first] = ownerWrites(1)
    const outcomes = await org.client().writeOwners([first!, { ...first!, key: 'again' }])
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['w0', 'done'],
        ['again', 'retry'],
      ],
    )
  })

  it('leaves a whole chunk for later when Salesforce could not lock its rows', async () => {
    const locked: Answer = { status: 400, json: [{ errorCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain' }] }
    org.on('PATCH', '/composite/sobjects', locked)
    const outcomes = await org.client().writeOwners(ownerWrites(8))
    assert.ok(outcomes.every(({ outcome }) => outcome === 'retry'))
    assert.equal(to('/composite').length, 1)
  })

  it('refuses what is no id before anything is sent', async () => {
    const outcomes = await org.client().writeOwners([{ ...ownerWrites(1)[0]!, to: 'somebody' }])
    assert.equal(outcomes[0]?.outcome, 'refused')
    assert.equal(org.requests.length, 0)
  })
})

describe('tasks in Salesforce', () => {
  const picklists: Answer = (request, response) => {
    const status = [
      { ApiName: 'Neu', IsDefault: false, IsClosed: false },
      { ApiName: 'Offen', IsDefault: true, IsClosed: false },
      { ApiName: 'Erledigt', IsDefault: false, IsClosed: true },
    ]
    const priority = [
      { ApiName: 'Hoch', IsHighPriority: true },
      { ApiName: 'Mittel', IsDefault: true, IsHighPriority: false },
    ]
    const records = request.soql!.includes('TaskStatus') ? status : priority
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ totalSize: records.length, done: true, records }))
  }
  const describeTask = (...more: Record<string, unknown>[]) =>
    org.on('GET', '/sobjects/Task/describe', {
      json: {
        fields: [...SYSTEM_FIELDS, field('Subject', 'combobox'), field('CompletedDateTime', 'datetime'), ...more],
      },
    })
  beforeEach(() => org.on('GET', '/query', picklists))

  it('are kept apart by the CRM itself where the admin made the key field', async () => {
    describeTask(KEY_FIELD)
    assert.deepEqual((await org.open().setup.probeTaskKey()).enforced, true)
  })

  it('say what the admin has to make where the key field is missing or not unique', async () => {
    describeTask(field('Lanekeeper_Key__c', 'string', { externalId: true, unique: false }))
    const support = await org.open().setup.probeTaskKey()
    assert.equal(support.enforced, false)
    assert.match(support.why, /Object Manager > Activity > Fields.*Unique and External ID/)
  })

  it('are upserted by their key in the words of the org, due on the day of their owner', async () => {
    describeTask(KEY_FIELD)
    org.on('PATCH', '/composite/sobjects/Task/Lanekeeper_Key__c', collection())
    const [outcome] = await org.client().writeTasks([task])
    assert.equal(outcome?.outcome, 'done')
    assert.deepEqual(bodyRows(to('/composite')[0]!)[0], {
      attributes: { type: 'Task' },
      Subject: 'Risky: two owners for Ada Byron',
      Description: 'What happened, and why it is yours.',
      OwnerId: USER_ID,
      ActivityDate: '2026-11-23',
      Priority: 'Hoch',
      Status: 'Offen',
      Lanekeeper_Key__c: 'exception-1',
      WhoId: LEAD,
    })
  })

  it('of one record go in one call, since each locks its record', async () => {
    describeTask()
    org.on('POST', '/composite/sobjects', collection())
    const records = [LEAD, '00Q5f000005bwLGEAY']
    const many = Array.from({ length: 300 }, (_, at) => ({
      ...task,
      key: `k${at}`,
      about: { objectType: 'Lead', recordId: records[at < 150 ? at % 2 : 1]! },
    }))
    const outcomes = await org.client().writeTasks(many)
    assert.equal(new Set(outcomes.map(({ key }) => key)).size, 300)
    const calls = to('/composite').map((request) => bodyRows(request).map(({ WhoId }) => WhoId))
    assert.equal(calls.length, 2)
    const changes = calls.flat().filter((id, at, all) => at > 0 && id !== all[at - 1])
    assert.equal(changes.length, 1, 'the records are mixed')
  })

  it('that were archived are still found, and are not written a second time', async () => {
    describeTask()
    // `query` leaves archived tasks out.
    org.on('GET', '/queryAll', rows({ Id: TASK, IsClosed: true }))
    org.on('PATCH', '/composite/sobjects', collection())
    const [outcome] = await org.client().writeTasks([{ ...task, taskId: TASK, status: 'done' }])
    assert.deepEqual(outcome, { key: task.key, outcome: 'done', id: TASK })
    assert.match(to('/queryAll')[0]?.soql ?? '', /FROM Task WHERE Id IN/)
    assert.equal(to('/query').filter(({ path, soql }) => path === '/query' && / FROM Task /.test(soql ?? '')).length, 0)
  })

  it('are looked for, not given up, when another worker was faster with the same key', async () => {
    describeTask(KEY_FIELD)
    const duplicate = { code: 'DUPLICATE_VALUE', message: `duplicate value found on record with id: ${TASK}` }
    org.on(
      'PATCH',
      '/composite/sobjects/Task/Lanekeeper_Key__c',
      collection(() => duplicate),
    )
    assert.equal((await org.client().writeTasks([task]))[0]?.outcome, 'unknown')
  })

  it('are written without the key field, at the next attempt, when an admin took it away', async () => {
    describeTask(KEY_FIELD)
    org.on('PATCH', '/composite/sobjects/Task/Lanekeeper_Key__c', {
      status: 404,
      json: [
        {
          errorCode: 'NOT_FOUND',
          message: 'Provided external ID field does not exist or is not accessible: Lanekeeper_Key__c',
        },
      ],
    })
    org.on('POST', '/composite/sobjects', collection())
    const client = org.client()
    assert.equal((await client.writeTasks([task]))[0]?.outcome, 'retry')
    describeTask()
    assert.equal((await client.writeTasks([task]))[0]?.outcome, 'done')
  })

  it('are not gone because the path is not there: nobody said so of the task', async () => {
    describeTask(KEY_FIELD)
    org.on('GET', '/queryAll', rows({ Id: TASK, IsClosed: false }))
    org.on('PATCH', '/composite/sobjects', {
      status: 404,
      json: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
    })
    assert.equal((await org.client().writeTasks([{ ...task, taskId: TASK }]))[0]?.outcome, 'refused')
  })

  it('are created with a findable subject where the CRM cannot enforce a key', async () => {
    describeTask()
    org.on('POST', '/composite/sobjects', collection())
    await org.client().writeTasks([{ ...task, about: { objectType: 'Account', recordId: ACCOUNT } }])
    const [row] = bodyRows(to('/composite')[0]!)
    assert.equal(row?.Subject, `Risky: two owners for Ada Byron ${subjectTag('exception-1')}`)
    assert.deepEqual([row?.WhatId, row?.WhoId, row?.Lanekeeper_Key__c], [ACCOUNT, undefined, undefined])
  })

  it('keep the status that a person chose as long as open stays open, and say when one is gone', async () => {
    describeTask(KEY_FIELD)
    const other = '00T5f000001bbbbEAA'
    const deleted = '00T5f000001ccccEAA'
    org.on(
      'GET',
      '/queryAll',
      rows({ Id: TASK, IsClosed: false }, { Id: other, IsClosed: false }, { Id: deleted, IsDeleted: true }),
    )
    org.on('PATCH', '/composite/sobjects', collection())
    const outcomes = await org.client().writeTasks([
      { ...task, key: 'stays', taskId: TASK },
      { ...task, key: 'closes', taskId: other, status: 'done' },
      { ...task, key: 'gone', taskId: deleted },
    ])
    const [stays, closes] = bodyRows(to('/composite')[0]!)
    assert.deepEqual([stays?.Status, closes?.Status], [undefined, 'Erledigt'])
    assert.deepEqual(
      new Map(outcomes.map(({ key, outcome }) => [key, outcome])),
      new Map([
        ['gone', 'gone'],
        ['stays', 'done'],
        ['closes', 'done'],
      ]),
    )
  })

  it('that were created keep their outcome when our own database fails before the next chunk', async () => {
    describeTask()
    org.on('POST', '/composite/sobjects', collection())
    let calls = 0
    const down = async () => {
      throw new Error('Connection terminated unexpectedly')
    }
    const take = async (kind: string) => {
      if (kind === 'write' && ++calls === 2) await down()
    }
    const budget = { take, observe: down, pauseUntil: down }
    const tasks = Array.from({ length: 201 }, (_, at) => ({ ...task, key: `k${at}` }))
    const outcomes = await org.client({ budget }).writeTasks(tasks)
    const n = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length
    assert.deepEqual([n('done'), n('retry'), n('unknown')], [200, 1, 0])
  })

  it('are unknown after a lost answer, and found again by key', async () => {
    describeTask(KEY_FIELD)
    org.on('PATCH', '/composite/sobjects/Task/Lanekeeper_Key__c', truncated)
    org.on(
      'GET',
      '/queryAll',
      rows({
        Id: TASK,
        Subject: 'x',
        IsClosed: true,
        OwnerId: USER_ID,
        CompletedDateTime: '2026-11-22T10:00:00.000+0000',
        Lanekeeper_Key__c: 'exception-1',
      }),
    )
    const client = org.client()
    assert.equal((await client.writeTasks([task]))[0]?.outcome, 'unknown')
    assert.deepEqual(
      await client.findTasks([{ key: 'exception-1', about: task.about, taskId: null }]),
      new Map([
        [
          'exception-1',
          {
            taskId: TASK,
            key: 'exception-1',
            status: 'done',
            ownerId: USER_ID,
            completedAtMs: Date.UTC(2026, 10, 22, 10),
          },
        ],
      ]),
    )
  })

  it('are found by record and subject where there is no key field, and surely absent otherwise', async () => {
    describeTask()
    org.on(
      'GET',
      '/queryAll',
      rows({ Id: TASK, Subject: `Risky ${subjectTag('exception-1')}`, IsClosed: false, OwnerId: USER_ID }),
    )
    const found = await org.client().findTasks([
      { key: 'exception-1', about: task.about, taskId: null },
      { key: "it's-another", about: task.about, taskId: null },
    ])
    assert.deepEqual([...found.keys()], ['exception-1'])
    const [query] = to('/queryAll')
    assert.match(query!.soql!, /\(WhoId IN \('00Q5f000005bwLFEAY'\) OR WhatId IN/)
    assert.ok(query!.soql!.includes(`Subject LIKE '%${subjectTag('exception-1')}%'`))
  })
})
