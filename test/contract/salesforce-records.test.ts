import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox } from './salesforce-clients.ts'

type Row = {
  id?: string
  success: boolean
  created?: boolean
  errors: { statusCode: string; message: string; fields: string[] }[]
}
type Part = {
  httpStatusCode: number
  referenceId: string
  body: Record<string, unknown> & { [i: number]: { errorCode: string } }
}

const NO_RULES = { headers: { 'Sforce-Auto-Assign': 'FALSE' } }

describe('records of the Salesforce sandbox, through jsforce', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let anna: string
  let left: string
  let queue: string
  let leadId: string
  let accountId: string
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
    anna = (await firstRow(connection, "SELECT Id FROM User WHERE Email LIKE 'anna.schneider%'")).Id
    left = (await firstRow(connection, 'SELECT Id FROM User WHERE IsActive = false')).Id
    queue = (await firstRow(connection, "SELECT Id FROM Group WHERE Type = 'Queue'")).Id
    leadId = (await firstRow(connection, 'SELECT Id FROM Lead WHERE IsConverted = false')).Id
    accountId = (await firstRow(connection, 'SELECT Id FROM Account')).Id
  })
  after(() => sandbox.close())

  const post = async (path: string, body: unknown) => (await connection.requestPost(path, body as object)) as unknown
  const rows = async (method: 'POST' | 'PATCH', path: string, body: object): Promise<Row[]> =>
    (await connection.request({
      method,
      url: path,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })) as Row[]
  const stored = (object: string, id: string) => sandbox.org.store.get(object, id)!
  const refusedWith = (work: () => Promise<unknown>, errorCode: string) =>
    assert.rejects(
      work,
      (error: Error & { errorCode?: string }) =>
        error.errorCode === errorCode || assert.fail(`${error.errorCode}: ${error.message}`),
    )

  it('creates, reads, changes and deletes one record', async () => {
    const made = await connection.sobject('Account').create({ Name: 'Kvarn AB', BillingCity: 'Örebro' })
    assert.ok(made.success)
    const read = await connection.sobject('Account').retrieve(made.id)
    assert.equal(read.Name, 'Kvarn AB')
    assert.equal((read.BillingAddress as { city: string }).city, 'Örebro')
    assert.match(String(read.CreatedDate), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/)
    await connection.sobject('Account').update({ Id: made.id, Name: 'Kvarn Aktiebolag' })
    assert.equal(stored('Account', made.id).Name, 'Kvarn Aktiebolag')
    await connection.sobject('Account').destroy(made.id)
    await refusedWith(() => connection.sobject('Account').update({ Id: made.id, Name: 'x' }), 'ENTITY_IS_DELETED')
    await refusedWith(() => connection.sobject('Account').retrieve('001000000000000AAA'), 'NOT_FOUND')
  })

  it('J-9: error objects carry errorCode and the first element, no HTTP status', async () => {
    await assert.rejects(
      () => connection.sobject('Lead').create({ LastName: 'No company' }),
      (error: Error & { errorCode?: string; data?: { fields: string[] } }) => {
        assert.equal(error.errorCode, 'REQUIRED_FIELD_MISSING')
        assert.equal(error.message, 'Required fields are missing: [Company]')
        assert.deepEqual(error.data?.fields, ['Company'])
        assert.equal('statusCode' in error, false)
        return true
      },
    )
  })

  it('refuses what the vendor refuses: unknown, read-only, too long, restricted, malformed', async () => {
    const create = (object: string, body: Record<string, unknown>) => () =>
      connection.sobject(object).create(body as never)
    const lead = { LastName: 'X', Company: 'Y' }
    await refusedWith(create('Lead', { ...lead, Nonsense: 1 }), 'INVALID_FIELD')
    await refusedWith(
      create('Lead', { ...lead, CreatedDate: '2026-01-01T00:00:00Z' }),
      'INVALID_FIELD_FOR_INSERT_UPDATE',
    )
    await refusedWith(create('Lead', { ...lead, LastName: 'x'.repeat(81) }), 'STRING_TOO_LONG')
    await refusedWith(create('Lead', { ...lead, CleanStatus: 'Spotless' }), 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST')
    await refusedWith(create('Lead', { ...lead, Email: 'nobody' }), 'INVALID_EMAIL_ADDRESS')
    await refusedWith(create('Task', { WhoId: 'nonsense' }), 'MALFORMED_ID')
    await refusedWith(create('Task', { WhoId: accountId }), 'MALFORMED_ID')
    await refusedWith(create('Task', { ActivityDate: '22.11.2026' }), 'JSON_PARSER_ERROR')
    await refusedWith(create('TaskStatus', { ApiName: 'x' }), 'INVALID_TYPE_FOR_OPERATION')
  })

  it('an inactive user cannot be assigned records, but keeps their own', async () => {
    const owner = { Id: leadId, OwnerId: left }
    await refusedWith(() => connection.sobject('Lead').update(owner, NO_RULES), 'INACTIVE_OWNER_OR_USER')
    await refusedWith(
      () => connection.sobject('Lead').update({ ...owner, OwnerId: '005000000000000AAA' }, NO_RULES),
      'INVALID_CROSS_REFERENCE_KEY',
    )
    const orphan = await firstRow(connection, `SELECT Id FROM Account WHERE OwnerId = '${left}'`)
    await connection.sobject('Account').update({ Id: orphan.Id, Site: 'still theirs' })
    assert.equal(stored('Account', orphan.Id).OwnerId, left)
  })

  it('a queue can own leads, but not accounts', async () => {
    await connection.sobject('Lead').update({ Id: leadId, OwnerId: queue }, NO_RULES)
    assert.equal(stored('Lead', leadId).OwnerId, queue)
    await refusedWith(
      () => connection.sobject('Account').update({ Id: accountId, OwnerId: queue }),
      'OP_WITH_INVALID_USER_TYPE_EXCEPTION',
    )
  })

  it('assignment rules run on every lead update without Sforce-Auto-Assign: FALSE', async () => {
    await connection.sobject('Lead').update({ Id: leadId, OwnerId: anna }, NO_RULES)
    assert.equal(stored('Lead', leadId).OwnerId, anna)
    await connection.sobject('Lead').update({ Id: leadId, OwnerId: anna })
    assert.notEqual(stored('Lead', leadId).OwnerId, anna)
  })

  it('a task on a lead takes no WhatId, and its status alone closes it', async () => {
    await refusedWith(
      () => connection.sobject('Task').create({ Subject: 'x', WhoId: leadId, WhatId: accountId }),
      'FIELD_INTEGRITY_EXCEPTION',
    )
    const made = await connection
      .sobject('Task')
      .create({ Subject: 'x', WhoId: leadId, OwnerId: anna, ActivityDate: '2026-11-30' })
    assert.ok(made.success)
    assert.deepEqual([stored('Task', made.id).Status, stored('Task', made.id).IsClosed], ['Not Started', false])
    await connection.sobject('Task').update({ Id: made.id, Status: 'Completed' })
    assert.equal(stored('Task', made.id).IsClosed, true)
    assert.ok(stored('Task', made.id).CompletedDateTime)
    await connection.sobject('Task').update({ Id: made.id, Status: 'In Progress' })
    assert.deepEqual([stored('Task', made.id).IsClosed, stored('Task', made.id).CompletedDateTime], [false, null])
    assert.equal((await connection.sobject('Task').retrieve(made.id)).ActivityDate, '2026-11-30')
    const onAccount = await connection.sobject('Task').create({ Subject: 'x', WhatId: accountId, OwnerId: anna })
    assert.equal(stored('Task', onAccount.id!).AccountId, accountId)
  })

  it('Collections answer 200 with one row per record, in order, with statusCode where single records have errorCode', async () => {
    const answer = await rows('POST', '/composite/sobjects', {
      allOrNone: false,
      records: [
        { attributes: { type: 'Task' }, Subject: 'first', WhoId: leadId, OwnerId: anna },
        { attributes: { type: 'Task' }, Subject: 'second', OwnerId: left },
        { attributes: { type: 'Lead' }, LastName: 'Third', Company: 'Third' },
      ],
    })
    assert.deepEqual(
      answer.map((row) => row.success),
      [true, false, true],
    )
    assert.equal(answer[1]?.errors[0]?.statusCode, 'INACTIVE_OWNER_OR_USER')
    assert.equal('errorCode' in answer[1]!.errors[0]!, false)
    assert.match(answer[0]?.id ?? '', /^00T/)
    assert.match(answer[2]?.id ?? '', /^00Q/)
  })

  it('allOrNone rolls back the good rows, still with HTTP 200', async () => {
    const before = sandbox.org.store.table('Lead').size
    const records = [{ LastName: 'Good', Company: 'Good' }, { LastName: 'No company' }].map((row) => ({
      attributes: { type: 'Lead' },
      ...row,
    }))
    const answer = await rows('POST', '/composite/sobjects', { allOrNone: true, records })
    assert.deepEqual(
      answer.map((row) => row.errors[0]?.statusCode),
      ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING'],
    )
    assert.equal(sandbox.org.store.table('Lead').size, before)
  })

  it('J-6: more than 200 records in one call are refused, so clients must split their writes', async () => {
    const records = Array.from({ length: 201 }, (_, i) => ({ LastName: `L${i}`, Company: 'Many' }))
    await refusedWith(() => connection.sobject('Lead').create(records), 'EXCEEDED_ID_LIMIT')
    const made = await connection.sobject('Lead').create(records, { allowRecursive: true })
    assert.equal(made.filter((row) => row.success).length, 201)
    const deleted = await connection.sobject('Lead').destroy(made.slice(0, 200).map((row) => row.id!))
    assert.equal(deleted.filter((row) => row.success).length, 200)
  })

  it('retrieves many by id, null for the missing, and updates many', async () => {
    const other = (await firstRow(connection, `SELECT Id FROM Lead WHERE IsConverted = false AND Id != '${leadId}'`)).Id
    const read = (await post('/composite/sobjects/Lead', {
      ids: [leadId, '00Q000000000000EAA', other],
      fields: ['Id', 'Company'],
    })) as ({ Id: string } | null)[]
    assert.deepEqual(
      read.map((row) => row?.Id ?? null),
      [leadId, null, other],
    )
    const changed = await connection.sobject('Lead').update(
      [
        { Id: leadId, City: 'Graz' },
        { Id: '00Q000000000000EAA', City: 'Graz' },
      ],
      NO_RULES,
    )
    assert.deepEqual(
      changed.map((row) => row.success),
      [true, false],
    )
    assert.equal((changed[1]!.errors[0] as unknown as { statusCode: string }).statusCode, 'INVALID_CROSS_REFERENCE_KEY')
  })

  it('upserts by external id: created once, changed afterwards, and a second insert is a duplicate', async () => {
    const path = '/composite/sobjects/Task/Lanekeeper_Key__c'
    const task = { attributes: { type: 'Task' }, Lanekeeper_Key__c: 'case-1', Subject: 'One', WhoId: leadId }
    const [first] = await rows('PATCH', path, { records: [task] })
    const [second] = await rows('PATCH', path, { records: [{ ...task, Subject: 'Two' }] })
    assert.deepEqual([first?.created, second?.created, second?.id], [true, false, first?.id])
    const [third] = await rows('POST', '/composite/sobjects', { records: [task] })
    assert.equal(third?.errors[0]?.statusCode, 'DUPLICATE_VALUE')
    assert.match(third?.errors[0]?.message ?? '', new RegExp(String(first?.id)))
    const single = await connection
      .sobject('Task')
      .upsert({ Lanekeeper_Key__c: 'case-1', Subject: 'Three' } as never, 'Lanekeeper_Key__c')
    assert.equal((single as unknown as { id: string }).id, first?.id)
    assert.equal(stored('Task', first!.id!).Subject, 'Three')
  })

  it('without the custom field there is no external id, as describe and writes show', async () => {
    await control(sandbox, 'POST', 'settings', { taskExternalId: false })
    const names = (await connection.sobject('Task').describe()).fields.map((field) => field.name)
    assert.equal(names.includes('Lanekeeper_Key__c'), false)
    await refusedWith(
      () => connection.sobject('Task').create({ Subject: 'x', Lanekeeper_Key__c: 'y' } as never),
      'INVALID_FIELD',
    )
    await control(sandbox, 'POST', 'settings', { taskExternalId: true })
    const field = (await connection.sobject('Task').describe()).fields.find(
      (candidate) => candidate.name === 'Lanekeeper_Key__c',
    )
    assert.deepEqual([field?.externalId, field?.unique], [true, true])
  })

  it('Composite answers 200 with a status per part, and passes references on', async () => {
    const answer = (await post('/composite', {
      compositeRequest: [
        {
          method: 'POST',
          url: '/services/data/v67.0/sobjects/Account',
          referenceId: 'a',
          body: { Name: 'Composite Ltd' },
        },
        {
          method: 'POST',
          url: '/services/data/v67.0/sobjects/Contact',
          referenceId: 'c',
          body: { LastName: 'Part', AccountId: '@{a.id}' },
        },
        { method: 'GET', url: '/services/data/v67.0/sobjects/Account/@{a.id}?fields=Name', referenceId: 'g' },
        { method: 'GET', url: '/services/data/v67.0/nonsense', referenceId: 'n' },
      ],
    })) as { compositeResponse: Part[] }
    assert.deepEqual(
      answer.compositeResponse.map((part) => part.httpStatusCode),
      [201, 201, 200, 404],
    )
    assert.equal(answer.compositeResponse[2]?.body.Name, 'Composite Ltd')
    assert.equal(answer.compositeResponse[3]?.body[0]?.errorCode, 'NOT_FOUND')
    assert.equal(
      stored('Contact', String(answer.compositeResponse[1]?.body.id)).AccountId,
      answer.compositeResponse[0]?.body.id,
    )
  })

  it('Composite with allOrNone rolls back the earlier parts', async () => {
    const before = sandbox.org.store.table('Account').size
    const answer = (await post('/composite', {
      allOrNone: true,
      compositeRequest: [
        {
          method: 'POST',
          url: '/services/data/v67.0/sobjects/Account',
          referenceId: 'a',
          body: { Name: 'Undone Ltd' },
        },
        {
          method: 'POST',
          url: '/services/data/v67.0/sobjects/Contact',
          referenceId: 'c',
          body: { FirstName: 'No last name' },
        },
      ],
    })) as { compositeResponse: Part[] }
    assert.deepEqual(
      answer.compositeResponse.map((part) => part.body[0]?.errorCode),
      ['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING'],
    )
    assert.equal(sandbox.org.store.table('Account').size, before)
  })

  it('batch answers its parts independently', async () => {
    const answer = (await post('/composite/batch', {
      batchRequests: [
        { method: 'GET', url: 'v67.0/limits' },
        { method: 'GET', url: 'v67.0/sobjects/Lead/nonsense' },
      ],
    })) as { hasErrors: boolean; results: { statusCode: number }[] }
    assert.deepEqual([answer.hasErrors, ...answer.results.map((part) => part.statusCode)], [true, 200, 404])
  })

  it('describes the org and its objects as the vendor does', async () => {
    const global = await connection.describeGlobal()
    const lead = global.sobjects.find((object) => object.name === 'Lead')
    assert.deepEqual([lead?.keyPrefix, lead?.queryable, lead?.updateable], ['00Q', true, true])
    const described = await connection.sobject('Lead').describe()
    const field = (name: string) => described.fields.find((candidate) => candidate.name === name)
    assert.deepEqual(field('OwnerId')?.referenceTo, ['Group', 'User'])
    assert.equal(field('Territory__c')?.custom, true)
    assert.equal(field('Description')?.filterable, false)
    assert.ok(field('Status')?.picklistValues?.some((value) => value.defaultValue))
    assert.equal(field('Name')?.updateable, false)
    await refusedWith(() => connection.sobject('Nonsense').describe(), 'NOT_FOUND')
  })

  it('reports API usage in every answer and in /limits', async () => {
    const limits = await connection.limits()
    const used = connection.limitInfo.apiUsage!
    assert.equal(used.limit, 140_000)
    assert.equal(limits.DailyApiRequests?.Remaining, used.limit - used.used)
    assert.ok(limits.DailyDeliveredPlatformEvents)
  })

  it('getUpdated and getDeleted return ids and the time they cover', async () => {
    const made = await connection.sobject('Contact').create({ LastName: 'Fleeting' })
    await connection.sobject('Contact').destroy(made.id!)
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 120_000 })
    const now = sandbox.org.clock.now()
    const [start, end] = [new Date(now - 600_000).toISOString(), new Date(now).toISOString()]
    const updated = await connection.sobject('Lead').updated(start, end)
    assert.ok(updated.ids.includes(leadId))
    assert.ok(Date.parse(updated.latestDateCovered) <= now)
    const deleted = await connection.sobject('Contact').deleted(start, end)
    assert.ok(deleted.deletedRecords.some((row) => row.id === made.id))
    await refusedWith(() => connection.sobject('User_Nonsense').updated(start, end), 'NOT_FOUND')
  })

  it('serves the versions 60.0 to 68.0 only', async () => {
    const versions = (await (await fetch(`${sandbox.url}/services/data`)).json()) as { version: string }[]
    assert.deepEqual([versions[0]?.version, versions.at(-1)?.version], ['60.0', '68.0'])
    const old = await fetch(`${sandbox.url}/services/data/v50.0/limits`, {
      headers: { authorization: `Bearer ${connection.accessToken}` },
    })
    assert.equal(old.status, 404)
  })

  it('If-Unmodified-Since is an optimistic lock on a record', async () => {
    const body = {
      method: 'PATCH' as const,
      url: `/sobjects/Account/${accountId}`,
      body: JSON.stringify({ Site: 'x' }),
    }
    const headers = (atMs: number) => ({
      'content-type': 'application/json',
      'If-Unmodified-Since': new Date(atMs).toUTCString(),
    })
    await connection.request({ ...body, headers: headers(sandbox.org.clock.now() + 60_000) })
    await refusedWith(() => connection.request({ ...body, headers: headers(0) }), 'PRECONDITION_FAILED')
  })
})
