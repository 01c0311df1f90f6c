import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import {
  connect,
  control,
  fieldNames,
  firstRow,
  PubSubClient,
  type Stream,
  startSandbox,
  withoutRefresh,
} from './salesforce-clients.ts'

const NO_RULES = { headers: { 'Sforce-Auto-Assign': 'FALSE' } }

describe('permissions of the run-as user in the Salesforce sandbox', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let client: PubSubClient
  let leadId: string
  let accountId: string
  const open: Stream[] = []
  before(async () => {
    sandbox = await startSandbox({ settings: { keepaliveMs: 100 } })
    connection = withoutRefresh(await connect(sandbox))
    client = new PubSubClient(sandbox, connection.accessToken!)
    leadId = (await firstRow(connection, 'SELECT Id FROM Lead WHERE IsConverted = false')).Id
    accountId = (await firstRow(connection, 'SELECT Id FROM Account')).Id
  })
  afterEach(async () => {
    for (const stream of open.splice(0)) stream.cancel()
    await control(sandbox, 'DELETE', 'permissions')
  })
  after(async () => {
    client.close()
    await sandbox.close()
  })

  const permit = async (patch: object) => {
    const { status, body } = await control(sandbox, 'POST', 'permissions', patch)
    assert.equal(status, 200, JSON.stringify(body))
  }
  const subscribed = async (topicName: string): Promise<Stream> => {
    const stream = client.subscribe({ topicName })
    open.push(stream)
    await stream.until('a keepalive', () => stream.batches.length > 0)
    return stream
  }
  const fieldOf = async (object: string, name: string) =>
    (await connection.sobject(object).describe()).fields.find((field) => field.name === name)

  it('a hidden field is unknown to SOQL, describe, reads and writes, for this user only', async () => {
    await permit({ objects: { Lead: { fields: { Title: 'hidden' } } } })
    for (const soql of [
      'SELECT Title FROM Lead',
      "SELECT Id FROM Lead WHERE Title = 'x'",
      'SELECT Id FROM Lead ORDER BY Title',
      'SELECT Title, COUNT(Id) FROM Lead GROUP BY Title',
      "SELECT Id FROM Account WHERE Id IN (SELECT ConvertedAccountId FROM Lead WHERE Title = 'x')",
    ]) {
      await assert.rejects(async () => await connection.query(soql), { name: 'INVALID_FIELD' }, soql)
    }
    assert.equal(await fieldOf('Lead', 'Title'), undefined)
    assert.equal('Title' in (await connection.sobject('Lead').retrieve(leadId)), false)
    await assert.rejects(connection.sobject('Lead').update({ Id: leadId, Title: 'Buyer' }), { name: 'INVALID_FIELD' })
    const other = await connect(sandbox, { asUser: true })
    assert.ok((await other.query('SELECT Title FROM Lead LIMIT 1')).totalSize === 1)
    await permit({ objects: { Lead: { fields: { Title: null } } } })
    assert.ok(await fieldOf('Lead', 'Title'))
  })

  it('describe shows a read-only field, reads return it, and a write that names it is refused', async () => {
    await permit({ objects: { Lead: { fields: { OwnerId: 'read-only' } } } })
    const owner = await fieldOf('Lead', 'OwnerId')
    assert.deepEqual([owner?.createable, owner?.updateable], [false, false])
    const { OwnerId } = await firstRow(connection, `SELECT Id, OwnerId FROM Lead WHERE Id = '${leadId}'`)
    await assert.rejects(connection.sobject('Lead').update({ Id: leadId, OwnerId: String(OwnerId) }), {
      name: 'INVALID_FIELD_FOR_INSERT_UPDATE',
    })
    const [row] = (await connection.request({
      method: 'PATCH',
      url: '/composite/sobjects',
      body: JSON.stringify({ records: [{ attributes: { type: 'Lead' }, id: leadId, OwnerId }] }),
      headers: { 'content-type': 'application/json' },
    })) as { errors: { statusCode: string; fields: string[] }[] }[]
    assert.deepEqual(
      [row?.errors[0]?.statusCode, row?.errors[0]?.fields],
      ['INVALID_FIELD_FOR_INSERT_UPDATE', ['OwnerId']],
    )
    // A record that the user makes still gets an owner: the rule is about what the caller may say.
    const made = await connection.sobject('Lead').create({ LastName: 'Rossi', Company: 'Acqua' }, NO_RULES)
    const { OwnerId: own } = await firstRow(connection, `SELECT Id, OwnerId FROM Lead WHERE Id = '${made.id}'`)
    assert.match(String(own), /^005/)
  })

  it('a hidden object is INVALID_TYPE in SOQL, not found by path and not in the list of objects', async () => {
    await permit({ objects: { Opportunity: { read: false } } })
    await assert.rejects(async () => await connection.query('SELECT Id FROM Opportunity'), { name: 'INVALID_TYPE' })
    await assert.rejects(connection.sobject('Opportunity').describe(), { name: 'NOT_FOUND' })
    const { sobjects } = await connection.describeGlobal()
    assert.equal(
      sobjects.some((object) => object.name === 'Opportunity'),
      false,
    )
    assert.ok(sobjects.some((object) => object.name === 'Account'))
  })

  it('without create or edit, writes are refused and describe shows it', async () => {
    await permit({ objects: { Task: { create: false }, Account: { edit: false } } })
    assert.equal((await connection.sobject('Task').describe()).createable, false)
    assert.equal((await connection.sobject('Account').describe()).updateable, false)
    await assert.rejects(connection.sobject('Task').create({ Subject: 'Call' }), {
      name: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    })
    await assert.rejects(connection.sobject('Account').update({ Id: accountId, Site: 'x' }), {
      name: 'INSUFFICIENT_ACCESS_OR_READONLY',
    })
    assert.ok((await connection.query('SELECT Id FROM Task')).done)
  })

  it('without View Setup limits are 403 and the selected entities cannot be read', async () => {
    await permit({ viewSetup: false })
    await assert.rejects(connection.limits(), { name: 'INSUFFICIENT_ACCESS' })
    await assert.rejects(
      async () => await connection.tooling.query('SELECT SelectedEntity FROM PlatformEventChannelMember'),
      { name: 'INVALID_TYPE' },
    )
  })

  it('the selected entities belong to the Tooling API alone', async () => {
    await assert.rejects(async () => await connection.query('SELECT Id FROM PlatformEventChannelMember'), {
      name: 'INVALID_TYPE',
    })
    await assert.rejects(async () => await connection.tooling.query('SELECT Id FROM Lead'), { name: 'INVALID_TYPE' })
  })

  it('without API Enabled every call is 403 API_DISABLED_FOR_ORG, and the bus refuses', async () => {
    await permit({ apiEnabled: false })
    await assert.rejects(async () => await connection.query('SELECT Id FROM Lead'), { name: 'API_DISABLED_FOR_ORG' })
    assert.equal((await client.topic('/data/ChangeEvents')).canSubscribe, false)
  })

  it('without View All a single-entity channel is refused; the common one silently leaves events out', async () => {
    await permit({ objects: { Lead: { viewAll: false } } })
    assert.equal((await client.topic('/data/LeadChangeEvent')).canSubscribe, false)
    assert.equal((await client.topic('/data/AccountChangeEvent')).canSubscribe, true)
    assert.equal((await client.topic('/data/ChangeEvents')).canSubscribe, true)
    const refused = client.subscribe({ topicName: '/data/LeadChangeEvent' })
    open.push(refused)
    const error = await refused.failure()
    assert.equal(error.code, 7)
    assert.match(String(error.metadata.get('error-code')[0]), /^sfdc\.platform\.eventbus\.grpc\./)
    const all = await subscribed('/data/ChangeEvents')
    await connection.sobject('Lead').update({ Id: leadId, Title: `t ${Math.random()}` }, NO_RULES)
    await connection.sobject('Account').update({ Id: accountId, Site: `s ${Math.random()}` })
    const [event] = await all.events(1)
    assert.equal(event?.header.entityName, 'Account')
    assert.equal(all.received.length, 1)
  })

  it('viewAll and viewAllUsers stand for View All Data and View All Users', async () => {
    await permit({ viewAll: false, viewAllUsers: true })
    assert.equal((await client.topic('/data/LeadChangeEvent')).canSubscribe, false)
    assert.equal((await client.topic('/data/UserChangeEvent')).canSubscribe, true)
    await permit({ viewAll: true, viewAllUsers: false })
    assert.equal((await client.topic('/data/LeadChangeEvent')).canSubscribe, true)
    assert.equal((await client.topic('/data/UserChangeEvent')).canSubscribe, false)
  })

  it('events of tasks need View All Data: tasks have no View All Records', async () => {
    const { status } = await control(sandbox, 'POST', 'settings', { selectedEntities: ['Lead', 'Account', 'Task'] })
    assert.equal(status, 200)
    await permit({ viewAll: false, objects: { Task: { viewAll: true }, Account: { viewAll: true } } })
    assert.equal((await client.topic('/data/AccountChangeEvent')).canSubscribe, true)
    assert.equal((await client.topic('/data/TaskChangeEvent')).canSubscribe, false)
  })

  it('events carry neither value nor bit of a hidden field or a hidden part of a compound', async () => {
    await permit({ objects: { Lead: { fields: { Title: 'hidden', City: 'hidden' } } } })
    const stream = await subscribed('/data/LeadChangeEvent')
    const whole = await connect(sandbox, { asUser: true })
    const title = `t ${Math.random()}`
    await whole
      .sobject('Lead')
      .update({ Id: leadId, Title: title, City: `c ${Math.random()}`, Street: `s ${Math.random()}` } as never, NO_RULES)
    const [event] = await stream.events(1)
    assert.ok(event)
    assert.equal(event.body.Title, null)
    assert.equal((event.body.Address as Record<string, unknown>).City, null)
    const names = fieldNames(event.header.changedFields, event.schema)
    assert.ok(names.includes('Address.Street'), names.join())
    assert.equal(names.includes('Title') || names.includes('Address.City'), false)
  })

  it('an invalid permission is refused and changes nothing', async () => {
    for (const patch of [
      { objects: { Unicorn: { read: false } } },
      { objects: { Lead: { fields: { Nonsense: 'hidden' } } } },
      { objects: { Lead: { fields: { Title: 'gone' } } } },
      { godMode: true },
      { clientId: 'nobody', viewAll: false },
    ]) {
      assert.equal((await control(sandbox, 'POST', 'permissions', patch)).status, 400, JSON.stringify(patch))
    }
    assert.ok(await fieldOf('Lead', 'Title'))
  })
})
