import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import {
  connect,
  control,
  type Decoded,
  fieldNames,
  firstRow,
  PubSubClient,
  type Stream,
  startSandbox,
} from './salesforce-clients.ts'

const NO_RULES = { headers: { 'Sforce-Auto-Assign': 'FALSE' } }

describe('what an admin of the Salesforce sandbox does meanwhile', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let client: PubSubClient
  let leadId: string
  const open: Stream[] = []
  before(async () => {
    sandbox = await startSandbox({ settings: { keepaliveMs: 100 } })
    connection = await connect(sandbox)
    client = new PubSubClient(sandbox, connection.accessToken!)
    leadId = (await firstRow(connection, 'SELECT Id FROM Lead WHERE IsConverted = false')).Id
  })
  afterEach(() => {
    for (const stream of open.splice(0)) stream.cancel()
  })
  after(async () => {
    client.close()
    await sandbox.close()
  })

  const ok = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await control(sandbox, 'POST', path, body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const during = async (count: number, work: () => Promise<unknown>): Promise<Decoded[]> => {
    const stream = client.subscribe({})
    open.push(stream)
    await stream.until('a keepalive', () => stream.batches.length > 0)
    await work()
    return stream.events(count)
  }
  const query = async (soql: string) => (await connection.query(soql)).records as Record<string, unknown>[]
  const field = async (object: string, name: string) =>
    (await connection.sobject(object).describe()).fields.find((one) => one.name === name)
  const selected = async () =>
    (await connection.tooling.query('SELECT SelectedEntity FROM PlatformEventChannelMember')).records
      .map((row) => String(row.SelectedEntity))
      .sort()

  it('an entity that is not selected sends nothing and leaves a hole in the sequence', async () => {
    await ok('settings', { selectedEntities: ['Lead', 'Account', 'Opportunity', 'User', 'Order__c'] })
    assert.deepEqual(await selected(), [
      'AccountChangeEvent',
      'LeadChangeEvent',
      'OpportunityChangeEvent',
      'Order__ChangeEvent',
      'UserChangeEvent',
    ])
    await assert.rejects(client.topic('/data/ContactChangeEvent'), { code: 7 })
    const { id } = await connection
      .sobject('Lead')
      .create({ LastName: 'Novák', Company: 'Voda', Status: 'Working' }, NO_RULES)
    const events = await during(3, () => ok('actions', { action: 'convert-lead', recordId: id }))
    assert.deepEqual(
      events.map(({ header }) => [header.entityName, header.sequenceNumber]),
      [
        ['Account', 1],
        ['Opportunity', 3],
        ['Lead', 4],
      ],
    )
  })

  it('what another integration selected counts among the five and sends nothing on ours', async () => {
    await ok('settings', {
      selectedEntities: ['Lead', 'User'],
      selectedElsewhere: ['Lead', 'Account', 'Case', 'Order'],
    })
    const rows = (await connection.tooling.query('SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember'))
      .records
    const ours = rows.filter((row) => row.EventChannel === 'ChangeEvents')
    assert.deepEqual([rows.length, ours.length], [6, 2])
    const tooMany = { selectedEntities: ['Lead', 'User', 'Contact'] }
    assert.equal((await control(sandbox, 'POST', 'settings', tooMany)).status, 400)
    const [event] = await during(1, async () => {
      const { Id } = await firstRow(connection, 'SELECT Id FROM Account')
      await connection.sobject('Account').update({ Id, Site: `s ${Math.random()}` })
      await connection.sobject('Lead').update({ Id: leadId, Title: `t ${Math.random()}` }, NO_RULES)
    })
    assert.equal(event?.header.entityName, 'Lead')
    await ok('settings', { selectedElsewhere: [] })
  })

  it('tasks can be selected in place of another entity, and six entities cannot', async () => {
    await ok('settings', { selectedEntities: ['Lead', 'Account', 'Contact', 'Opportunity', 'Task'] })
    const [event] = await during(1, () => connection.sobject('Task').create({ Subject: 'Call back' }))
    assert.deepEqual([event?.header.entityName, event?.body.Subject], ['Task', 'Call back'])
    const six = ['Lead', 'Account', 'Contact', 'Opportunity', 'User', 'Task']
    assert.equal((await control(sandbox, 'POST', 'settings', { selectedEntities: six })).status, 400)
    assert.equal((await selected()).length, 5)
    await ok('settings', { selectedEntities: six.slice(0, 5) })
  })

  it('a removed field is unknown to SOQL, describe and writes, the next event has another schema; restore brings it back with its values', async () => {
    await connection.sobject('Lead').update({ Id: leadId, Territory__c: 'nordics' } as never, NO_RULES)
    const before = (await client.topic('/data/LeadChangeEvent')).schemaId
    const { schemaId } = await ok('schema', { op: 'remove', objectType: 'Lead', name: 'Territory__c' })
    assert.notEqual(schemaId, before)
    assert.equal((await client.topic('/data/LeadChangeEvent')).schemaId, schemaId)
    await assert.rejects(query('SELECT Territory__c FROM Lead'), { name: 'INVALID_FIELD' })
    assert.equal(await field('Lead', 'Territory__c'), undefined)
    await assert.rejects(connection.sobject('Lead').update({ Id: leadId, Territory__c: 'x' } as never), {
      name: 'INVALID_FIELD',
    })
    const [event] = await during(1, () =>
      connection.sobject('Lead').update({ Id: leadId, Title: `t ${Math.random()}` }, NO_RULES),
    )
    assert.ok(event)
    assert.equal(
      event.schema.fields.some(({ name }) => name === 'Territory__c'),
      false,
    )
    assert.deepEqual(fieldNames(event.header.changedFields, event.schema).sort(), ['LastModifiedDate', 'Title'])
    const restored = await ok('schema', { op: 'restore', objectType: 'Lead', name: 'Territory__c' })
    assert.equal(restored.schemaId, before)
    assert.deepEqual(
      (await query(`SELECT Territory__c FROM Lead WHERE Id = '${leadId}'`)).map((row) => row.Territory__c),
      ['nordics'],
    )
  })

  it('a renamed field has its values under the new name', async () => {
    await connection.sobject('Lead').update({ Id: leadId, SICCode__c: '4941' } as never, NO_RULES)
    const before = (await client.topic('/data/LeadChangeEvent')).schemaId
    const { schemaId } = await ok('schema', { op: 'rename', objectType: 'Lead', name: 'SICCode__c', to: 'Nace__c' })
    assert.notEqual(schemaId, before)
    await assert.rejects(query('SELECT SICCode__c FROM Lead'), { name: 'INVALID_FIELD' })
    const [row] = await query(`SELECT Nace__c FROM Lead WHERE Id = '${leadId}'`)
    assert.equal(row?.Nace__c, '4941')
    const [event] = await during(1, () =>
      connection.sobject('Lead').update({ Id: leadId, Nace__c: '3600' } as never, NO_RULES),
    )
    assert.equal(event?.body.Nace__c, '3600')
    await ok('schema', { op: 'restore', objectType: 'Lead', name: 'SICCode__c' })
    const [back] = await query(`SELECT SICCode__c FROM Lead WHERE Id = '${leadId}'`)
    assert.equal(back?.SICCode__c, '3600')
  })

  it('a changed type converts what fits; when values are lost one gap event names every record', async () => {
    await connection.sobject('Lead').update({ Id: leadId, CurrentGenerators__c: '12' } as never, NO_RULES)
    const other = (await firstRow(connection, `SELECT Id FROM Lead WHERE IsConverted = false AND Id != '${leadId}'`)).Id
    await connection.sobject('Lead').update({ Id: other, CurrentGenerators__c: 'a dozen' } as never, NO_RULES)
    const [gap] = await during(1, async () => {
      const done = await ok('schema', {
        op: 'retype',
        objectType: 'Lead',
        name: 'CurrentGenerators__c',
        type: 'double',
      })
      assert.equal(done.lossy, true)
    })
    assert.deepEqual([gap?.header.changeType, gap?.header.recordIds], ['GAP_UPDATE', ['00Q*']])
    assert.equal((await field('Lead', 'CurrentGenerators__c'))?.type, 'double')
    const [fits] = await query(`SELECT CurrentGenerators__c FROM Lead WHERE Id = '${leadId}'`)
    const [lost] = await query(`SELECT CurrentGenerators__c FROM Lead WHERE Id = '${other}'`)
    assert.deepEqual([fits?.CurrentGenerators__c, lost?.CurrentGenerators__c], [12, null])
    const [event] = await during(1, () =>
      connection.sobject('Lead').update({ Id: leadId, CurrentGenerators__c: 13 } as never, NO_RULES),
    )
    assert.equal(event?.body.CurrentGenerators__c, 13)
    await ok('schema', { op: 'restore', objectType: 'Lead', name: 'CurrentGenerators__c' })
    const [back] = await query(`SELECT CurrentGenerators__c FROM Lead WHERE Id = '${leadId}'`)
    assert.equal(back?.CurrentGenerators__c, '13')
  })

  it('a removed picklist value is not described any more; for a task status its row is gone too', async () => {
    const values = async () => (await field('Task', 'Status'))?.picklistValues?.map((one) => one.value) ?? []
    assert.ok((await values()).includes('Completed'))
    await ok('schema', { op: 'remove-picklist-value', objectType: 'Task', name: 'Status', value: 'Completed' })
    assert.equal((await values()).includes('Completed'), false)
    assert.deepEqual(await query('SELECT ApiName FROM TaskStatus WHERE IsClosed = true'), [])
    await ok('schema', { op: 'restore', objectType: 'Task', name: 'Status', value: 'Completed' })
    assert.ok((await values()).includes('Completed'))
    assert.equal((await query('SELECT ApiName FROM TaskStatus WHERE IsClosed = true')).length, 1)
  })

  it('a schema change that an admin cannot make is refused', async () => {
    for (const body of [
      { op: 'remove', objectType: 'Lead', name: 'Id' },
      { op: 'remove', objectType: 'Lead', name: 'Company' },
      { op: 'rename', objectType: 'Lead', name: 'Territory__c', to: 'Title' },
      { op: 'retype', objectType: 'Lead', name: 'Territory__c', type: 'hologram' },
      { op: 'remove-picklist-value', objectType: 'Lead', name: 'Status', value: 'Nonsense' },
      { op: 'restore', objectType: 'Account', name: 'Site' },
    ]) {
      assert.equal((await control(sandbox, 'POST', 'schema', body)).status, 400, JSON.stringify(body))
    }
  })

  it('a clock that is set wrong shows in every time that the org states, and nothing expires by it', async () => {
    const days = 400 * 86_400_000
    const stated = async () => {
      const [event] = await during(1, () =>
        connection.sobject('Lead').update({ Id: leadId, Title: `t ${Math.random()}` }, NO_RULES),
      )
      const [row] = await query(`SELECT SystemModstamp FROM Lead WHERE Id = '${leadId}'`)
      const response = await fetch(`${sandbox.url}/services/data`)
      const { replay, now } = { replay: event!.replayId, now: Date.parse(response.headers.get('date')!) }
      await response.text()
      return { replay, now, commit: event!.header.commitTimestamp, modified: Date.parse(String(row!.SystemModstamp)) }
    }
    const right = await stated()
    assert.ok(Math.abs(right.now - right.commit) < 10_000)
    await ok('settings', { clockOffsetMs: days })
    const ahead = await stated()
    for (const name of ['now', 'commit', 'modified'] as const) {
      assert.ok(Math.abs(ahead[name] - right[name] - days) < 30_000, `${name} is ${ahead[name] - right[name]} ms later`)
    }
    assert.equal(
      (await query(`SELECT Id FROM Lead WHERE Id = '${leadId}' AND SystemModstamp = TODAY`)).length,
      1,
      'searches by date go by the same clock',
    )
    // The session, 400 days "old", still works, and so does the replay id: nothing has really passed.
    const stream = client.subscribe({ replayPreset: 'CUSTOM', replayId: right.replay })
    open.push(stream)
    assert.equal((await stream.events(1)).length, 1)
    await ok('settings', { clockOffsetMs: -days })
    const behind = await stated()
    assert.ok(Math.abs(right.commit - behind.commit - days) < 30_000)
    await ok('settings', { clockOffsetMs: 0 })
  })

  it('the organisation can be another edition, a sandbox or elsewhere', async () => {
    const soql = 'SELECT OrganizationType, IsSandbox, InstanceName, TimeZoneSidKey FROM Organization'
    const read = async () => {
      const [row] = await query(soql)
      return [row?.OrganizationType, row?.IsSandbox, row?.InstanceName, row?.TimeZoneSidKey]
    }
    assert.deepEqual(await read(), ['Enterprise Edition', false, 'SBX1', 'Europe/London'])
    await ok('settings', { organization: { OrganizationType: 'Developer Edition', IsSandbox: true } })
    assert.deepEqual(await read(), ['Developer Edition', true, 'SBX1', 'Europe/London'])
    assert.equal((await control(sandbox, 'POST', 'settings', { organization: { Colour: 'red' } })).status, 400)
  })
})
