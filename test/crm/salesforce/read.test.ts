import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type ChangedSince, CrmUnknownError } from '../../../src/crm/crm-client.ts'
import { field, rows, type ScriptedOrg, SYSTEM_FIELDS, startScriptedOrg, USER_ID } from './scripted-org.ts'

const LEAD_FIELDS = [
  ...SYSTEM_FIELDS,
  field('IsDeleted', 'boolean'),
  field('MasterRecordId', 'reference'),
  field('Email', 'email'),
  field('AnnualRevenue', 'currency'),
  field('OwnerId', 'reference'),
  field('ConvertedDate', 'date'),
  field('Address', 'address'),
  field('Status', 'picklist', {
    picklistValues: [
      { value: 'Open', active: true },
      { value: 'Old', active: false },
    ],
  }),
]
const A = '00Q5f000005bwLFEAY'
const B = '00Q5f000005bwLGEAY'

function lead(id: string, at: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const stamp = `${at}.000+0000`
  return {
    attributes: { type: 'Lead' },
    Id: id,
    SystemModstamp: stamp,
    LastModifiedDate: stamp,
    LastModifiedById: '0055f00000other',
    ...more,
  }
}

const wanted: ChangedSince = {
  objectType: 'Lead',
  sinceMs: 0,
  cursor: null,
  fields: ['Email', 'AnnualRevenue', 'ConvertedDate', 'Secret__c'],
  historyFields: ['Email'],
  source: 'baseline',
}

describe('reading from Salesforce', () => {
  let org: ScriptedOrg
  beforeEach(async () => {
    org = await startScriptedOrg()
    org.on('GET', '/sobjects/Lead/describe', { json: { name: 'Lead', fields: LEAD_FIELDS } })
  })
  afterEach(() => org.close())
  const soql = (path: string) => org.requests.filter((request) => request.path === path).map((request) => request.soql)

  it('describes fields in our words and leaves compounds out', async () => {
    const { fields } = await org.client().describe('Lead')
    assert.equal(
      fields.find(({ name }) => name === 'Address'),
      undefined,
    )
    assert.deepEqual(
      fields.find(({ name }) => name === 'Status'),
      {
        name: 'Status',
        label: 'Status',
        type: 'picklist',
        options: ['Open'],
        writable: true,
      },
    )
    assert.equal(fields.find(({ name }) => name === 'Id')?.type, 'text')
  })

  it('takes a second for over by the clock of the org, not by ours, and by ours where an answer says no time', async () => {
    const at = Date.parse('2026-11-24T09:00:00Z')
    const page = { totalSize: 1, done: true, records: [lead(A, '2026-11-24T09:00:00', { Email: 'a@x.example' })] }
    const answersUntil = async (date: string, nowMs: number) => {
      org.on('GET', '/query', (_request, response) => {
        response.sendDate = false
        response.writeHead(200, { 'content-type': 'application/json', ...(date === '' ? {} : { date }) })
        response.end(JSON.stringify(page))
      })
      const client = org.client({ nowMs: () => nowMs })
      const { events } = await client.changedSince({ ...wanted, sinceMs: 1, source: 'poll' })
      return events[0]!.answersUntilMs ?? null
    }
    const utc = (ms: number) => new Date(ms).toUTCString()
    // The org's clock is ten minutes behind ours: within that second another change may still come.
    assert.equal(await answersUntil(utc(at), at + 600_000), null)
    assert.equal(await answersUntil(utc(at + 5_000), at + 605_000), at + 999)
    // Ten minutes ahead: over, although ours has not reached it.
    assert.equal(await answersUntil(utc(at + 5_000), at - 595_000), at + 999)
    assert.equal(await answersUntil('', at + 1_000), null)
    assert.equal(await answersUntil('', at + 5_000), at + 999)
  })

  it('believes no list that is missing where one is due, and no description without owner and time', async () => {
    org.on('GET', '/query', { json: { totalSize: 0, done: true } })
    const client = org.client()
    await assert.rejects(client.changedSince(wanted), CrmUnknownError)
    await assert.rejects(client.users(), CrmUnknownError)
    for (const gone of ['OwnerId', 'Email', '']) {
      const fields = LEAD_FIELDS.filter(({ name }) => gone !== '' && name !== gone)
      org.on('GET', '/sobjects/Lead/describe', { json: { fields } })
      if (gone === 'Email') assert.equal((await client.describe('Lead')).fields.length, LEAD_FIELDS.length - 2)
      else await assert.rejects(client.describe('Lead'), CrmUnknownError)
    }
  })

  it('turns a row into one complete event, spelled as the stream spells it', async () => {
    org.on(
      'GET',
      '/query',
      rows(
        lead(A, '2026-11-22T10:00:00', { Email: 'a@b.example', AnnualRevenue: 300000.5, ConvertedDate: '2026-11-20' }),
      ),
    )
    const page = await org.client().changedSince(wanted)
    assert.equal(page.events.length, 1)
    const { dedupeKey, ...event } = page.events[0]!
    assert.deepEqual(event, {
      connectionId: 'sf',
      objectType: 'Lead',
      recordId: A,
      kind: 'changed',
      occurredAtMs: Date.UTC(2026, 10, 22, 10),
      order: 0,
      fields: { Email: 'a@b.example', AnnualRevenue: '300000.5', ConvertedDate: '2026-11-20' },
      complete: true,
      source: 'baseline',
      actor: { kind: 'unknown', id: '0055f00000otherAAA', ours: false },
    })
    assert.match(dedupeKey, new RegExp(`^rest/Lead/${A}/${Date.UTC(2026, 10, 22, 10)}/`))
    assert.deepEqual([page.unreadable, page.total, page.cursor], [['Secret__c'], 1, null])
    assert.ok(!soql('/query')[0]!.includes('Secret__c'), 'a field that is not described would fail the whole query')
  })

  it('pages by time and id, also when Salesforce sends smaller pages than asked for, and counts once', async () => {
    org.on(
      'GET',
      '/query',
      { json: { totalSize: 2000, done: false, nextRecordsUrl: '/x', records: [lead(A, '2026-11-22T10:00:00')] } },
      { json: { totalSize: 4321, done: true, records: [] } },
      rows(lead(B, '2026-11-22T10:00:00')),
    )
    const client = org.client()
    const first = await client.changedSince(wanted)
    const second = await client.changedSince({ ...wanted, cursor: first.cursor })
    assert.deepEqual([first.total, second.total, second.cursor], [4321, null, null])
    assert.equal(second.events[0]?.recordId, B)
    const [one, count, two] = soql('/query')
    assert.match(one!, /FROM Lead ORDER BY SystemModstamp, Id LIMIT 2000$/)
    assert.equal(count, 'SELECT COUNT() FROM Lead')
    assert.match(
      two!,
      /WHERE \(SystemModstamp > 2026-11-22T10:00:00\.000Z OR \(SystemModstamp = 2026-11-22T10:00:00\.000Z AND Id > '00Q5f000005bwLFEAY'\)\)/,
    )
  })

  it('reads on where Salesforce cannot count in time', async () => {
    org.on(
      'GET',
      '/query',
      { json: { totalSize: 2000, done: false, nextRecordsUrl: '/x', records: [lead(A, '2026-11-22T10:00:00')] } },
      { status: 400, json: [{ errorCode: 'QUERY_TIMEOUT', message: 'Your query request was running for too long.' }] },
      rows(lead(B, '2026-11-22T10:00:00')),
    )
    const client = org.client()
    const first = await client.changedSince(wanted)
    assert.deepEqual([first.events.length, first.total], [1, null])
    const second = await client.changedSince({ ...wanted, cursor: first.cursor })
    assert.equal(second.events[0]?.recordId, B)
  })

  it('lists deleted records after the changed ones, and a merge by its survivor', async () => {
    org.on('GET', '/query', rows())
    org.on(
      'GET',
      '/queryAll',
      rows(lead(A, '2026-11-22T10:00:01'), lead(B, '2026-11-22T10:00:02', { MasterRecordId: A })),
    )
    const client = org.client()
    const live = await client.changedSince({ ...wanted, sinceMs: Date.UTC(2026, 10, 22), source: 'poll' })
    const gone = await client.changedSince({
      ...wanted,
      sinceMs: Date.UTC(2026, 10, 22),
      source: 'poll',
      cursor: live.cursor,
    })
    assert.deepEqual(
      gone.events.map(({ kind, recordId, mergedIds }) => [kind, recordId, mergedIds]),
      [
        ['deleted', A, undefined],
        ['merged', A, [B]],
      ],
    )
    assert.equal(gone.cursor, null)
    assert.match(soql('/queryAll')[0]!, /WHERE IsDeleted = true AND SystemModstamp >= 2026-11-22T00:00:00\.000Z/)
  })

  it('gives the same version of a record the same key twice, and another key when more fields are asked for', async () => {
    org.on('GET', '/query', rows(lead(A, '2026-11-22T10:00:00')))
    const client = org.client()
    const key = async (fields: string[]) => (await client.changedSince({ ...wanted, fields })).events[0]!.dedupeKey
    assert.equal(await key(['Email', 'Status']), await key(['Status', 'Email']))
    assert.notEqual(await key(['Email']), await key(['Email', 'Status']))
  })

  it('lets a poll after the second is over speak for all of that second, and tells it from an earlier poll', async () => {
    const at = Date.UTC(2026, 10, 22, 10)
    const read = async (orgNowMs: number, source: 'poll' | 'baseline') => {
      org.on('GET', '/query', {
        json: { totalSize: 1, done: true, records: [lead(A, '2026-11-22T10:00:00')] },
        headers: { date: new Date(orgNowMs).toUTCString() },
      })
      return (await org.client().changedSince({ ...wanted, source })).events[0]!
    }
    const early = await read(at + 400, 'poll')
    const late = await read(at + 5_000, 'poll')
    assert.deepEqual([early.answersUntilMs, late.answersUntilMs], [undefined, at + 999])
    assert.notEqual(early.dedupeKey, late.dedupeKey)
    assert.equal((await read(at + 60_000, 'poll')).dedupeKey, late.dedupeKey)
    assert.equal((await read(at + 5_000, 'baseline')).answersUntilMs, undefined)
  })

  it('reads by id, says which are deleted and which are missing, and follows a merge', async () => {
    const merged = '00Q5f000005bwLHEAY'
    org.on(
      'GET',
      '/queryAll',
      rows(
        lead(A, '2026-11-22T10:00:00', { IsDeleted: false }),
        lead(B, '2026-11-22T10:00:00', { IsDeleted: true, MasterRecordId: null }),
        lead(merged, '2026-11-22T10:00:00', { IsDeleted: true, MasterRecordId: A }),
      ),
    )
    const { events, missing } = await org.client().readRecords({
      objectType: 'Lead',
      ids: [A.slice(0, 15), B, merged, "x' OR Id != '"],
      fields: ['Email'],
      historyFields: [],
    })
    assert.deepEqual(
      events.map(({ kind, recordId }) => [kind, recordId]),
      [
        ['changed', A],
        ['deleted', B],
        ['merged', A],
      ],
    )
    assert.deepEqual(missing, [merged, "x' OR Id != '"])
  })

  it('keeps a long id list below the length of URL that Salesforce reads', async () => {
    org.on('GET', '/queryAll', rows())
    const ids = Array.from({ length: 450 }, (_, at) => `00Q5f00000${String(at).padStart(5, '0')}AAA`)
    await org.client().readRecords({ objectType: 'Lead', ids, fields: ['Email'], historyFields: [] })
    const queries = soql('/queryAll')
    assert.equal(queries.length, 3)
    for (const query of queries) assert.ok(encodeURIComponent(query!).length < 14_000)
  })

  it('pages by values and never by OFFSET, with every statement far below what Salesforce takes', async () => {
    const wide = Array.from({ length: 200 }, (_, n) => `Far_too_long_a_name_for_a_custom_field_${n}__c`)
    org.on('GET', '/sobjects/Lead/describe', {
      json: { name: 'Lead', fields: [...LEAD_FIELDS, ...wide.map((name) => field(name, 'string'))] },
    })
    org.on('GET', '/sobjects/Task/describe', {
      json: {
        name: 'Task',
        fields: [...SYSTEM_FIELDS, field('Subject', 'string'), field('Lanekeeper_Key__c', 'string')],
      },
    })
    const ids = Array.from({ length: 450 }, (_, at) => `00Q5f00000${String(at).padStart(5, '0')}AAA`)
    const page = rows(...ids.map((id) => lead(id, '2026-11-22T10:00:00')))
    const full = { json: { totalSize: 9_000, done: false, records: (page as { json: { records: [] } }).json.records } }
    org.on('GET', '/query', full, full, rows())
    org.on('GET', '/queryAll', rows())
    const client = org.client()
    const more = { ...wanted, fields: wide, source: 'poll', sinceMs: 1 } as const
    const first = await client.changedSince(more)
    const second = await client.changedSince({ ...more, cursor: first.cursor })
    await client.changedSince({ ...more, cursor: second.cursor })
    await client.readRecords({ objectType: 'Lead', ids, fields: wide, historyFields: [] })
    await client.users()
    const lookups = ids.map((recordId, n) => ({
      key: `lk-${String(n).padStart(32, 'f')}`,
      about: { objectType: 'Lead', recordId },
      taskId: `00T5f00000${String(n).padStart(5, '0')}AAA`,
    }))
    await client.findTasks(lookups)
    const statements = [...soql('/query'), ...soql('/queryAll')].filter((one) => one !== null)
    assert.ok(statements.length > 30, String(statements.length))
    for (const statement of statements) {
      assert.doesNotMatch(statement, /\bOFFSET\b/i)
      assert.ok(statement.length < 100_000 && encodeURIComponent(statement).length < 14_000, statement.slice(0, 80))
    }
  })

  it('asks nothing when there is nothing to read', async () => {
    assert.deepEqual(await org.client().readRecords({ objectType: 'Lead', ids: [], fields: [], historyFields: [] }), {
      events: [],
      missing: [],
    })
    assert.deepEqual(soql('/queryAll'), [])
  })

  it('lists people and queues, and counts who works a queue, through one nested group', async () => {
    const left = '0055f000005mc77AAA'
    org.on('GET', '/query', (request, response) => {
      const answer = (records: unknown[]) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ totalSize: records.length, done: true, records }))
      if (request.soql!.includes('FROM User ')) {
        return answer([
          {
            Id: USER_ID,
            Email: 'Maya.Torres@Brightwater.Example',
            Name: 'Maya Torres',
            IsActive: true,
            TimeZoneSidKey: 'America/Los_Angeles',
          },
          { Id: left, Email: 'greg@brightwater.example', Name: 'Greg', IsActive: false, TimeZoneSidKey: 'UTC' },
        ])
      }
      if (request.soql!.includes('FROM Group ')) {
        return answer([
          { Id: '00G5f000000aaaaEAA', Name: 'Worked' },
          { Id: '00G5f000000bbbbEAA', Name: 'Abandoned' },
        ])
      }
      if (request.soql!.includes("'00G5f000000nestEAA'")) {
        return answer([{ Id: '011000000000003AAA', GroupId: '00G5f000000nestEAA', UserOrGroupId: USER_ID }])
      }
      return answer([
        { Id: '011000000000001AAA', GroupId: '00G5f000000aaaaEAA', UserOrGroupId: '00G5f000000nestEAA' },
        { Id: '011000000000002AAA', GroupId: '00G5f000000bbbbEAA', UserOrGroupId: left },
      ])
    })
    const users = await org.client().users()
    assert.deepEqual(
      users.map(({ kind, email, name, active, activeMembers, timeZone }) => [
        kind,
        email,
        name,
        active,
        activeMembers,
        timeZone,
      ]),
      [
        ['person', 'maya.torres@brightwater.example', 'Maya Torres', true, 0, 'America/Los_Angeles'],
        ['person', 'greg@brightwater.example', 'Greg', false, 0, 'UTC'],
        ['queue', null, 'Worked', true, 1, null],
        ['queue', null, 'Abandoned', true, 0, null],
      ],
    )
  })

  it('takes an org without territory management for one that has none', async () => {
    org.on('GET', '/query', {
      status: 400,
      json: [{ errorCode: 'INVALID_TYPE', message: "sObject type 'Territory2Model' is not supported." }],
    })
    assert.equal(await org.client().territories(), null)
  })
})
