import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, PubSubClient, type Stream, startSandbox, withoutRefresh } from './salesforce-clients.ts'

describe('a record that is not shared with the run-as user of the Salesforce sandbox', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let client: PubSubClient
  let one: string
  let other: string
  const open: Stream[] = []
  before(async () => {
    sandbox = await startSandbox({ settings: { keepaliveMs: 100 } })
    connection = withoutRefresh(await connect(sandbox))
    client = new PubSubClient(sandbox, connection.accessToken!)
    const { records } = await connection.query<{ Id: string }>('SELECT Id FROM Account ORDER BY Id LIMIT 2')
    one = records[0]!.Id
    other = records[1]!.Id
  })
  afterEach(async () => {
    for (const stream of open.splice(0)) stream.cancel()
    await control(sandbox, 'DELETE', 'permissions')
  })
  after(async () => {
    client.close()
    await sandbox.close()
  })

  const share = async (patch: object) => {
    const { status, body } = await control(sandbox, 'POST', 'sharing', patch)
    assert.equal(status, 200, JSON.stringify(body))
  }
  const act = async (action: object) => {
    const { status, body } = await control(sandbox, 'POST', 'actions', action)
    assert.equal(status, 200, JSON.stringify(body))
  }
  const idsOf = async (soql: string, scanAll = false) =>
    (await connection.query<{ Id: string }>(soql, { scanAll })).records.map(({ Id }) => Id)
  const count = async () => (await connection.query('SELECT COUNT() FROM Account')).totalSize

  it('is in no query, count, retrieve or Collections read, for this user only', async () => {
    const all = await count()
    await share({ hide: [one] })
    assert.deepEqual(await idsOf(`SELECT Id FROM Account WHERE Id IN ('${one}', '${other}')`), [other])
    assert.deepEqual(await idsOf(`SELECT Id FROM Account WHERE Id = '${one}'`, true), [])
    assert.equal((await idsOf('SELECT Id FROM Account ORDER BY SystemModstamp, Id LIMIT 2000')).includes(one), false)
    assert.equal(await count(), all - 1)
    await assert.rejects(connection.sobject('Account').retrieve(one), { name: 'NOT_FOUND' })
    const rows = await connection.request<unknown[]>(
      `/services/data/v66.0/composite/sobjects/Account?ids=${one},${other}&fields=Id`,
    )
    assert.deepEqual(
      rows.map((row) => (row as { Id: string } | null)?.Id ?? null),
      [null, other],
    )
    const admin = await connect(sandbox, { asUser: true })
    assert.equal((await admin.query(`SELECT Id FROM Account WHERE Id = '${one}'`)).totalSize, 1)
    await share({ show: [one] })
    assert.equal(await count(), all)
  })

  it('stays named by what refers to it, and is not in the recycle bin or among the deleted', async () => {
    const { id: contact } = await connection.sobject('Contact').create({ LastName: 'Lone', AccountId: one })
    await share({ hide: [one] })
    const { records } = await connection.query<{ AccountId: string; Account: unknown }>(
      `SELECT AccountId, Account.Name FROM Contact WHERE Id = '${contact}'`,
    )
    assert.deepEqual([records[0]!.AccountId, records[0]!.Account], [one, null])
    await share({ hide: [contact!], show: [one] })
    await act({ action: 'delete', recordId: contact })
    assert.deepEqual(await idsOf(`SELECT Id FROM Contact WHERE Id = '${contact}'`, true), [])
    const nowMs = sandbox.org.clock.now()
    const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString().replace(/\.\d+Z/, '+00:00'))
    const span = `start=${at(nowMs - 3_600_000)}&end=${at(nowMs + 120_000)}`
    const deleted = await connection.request<{ deletedRecords: { id: string }[] }>(
      `/services/data/v66.0/sobjects/Contact/deleted/?${span}`,
    )
    assert.equal(deleted.deletedRecords.map(({ id }) => id).includes(contact!), false)
  })

  it('can be neither written nor named by a new record, and keeps the references that it has', async () => {
    const { id: contact } = await connection.sobject('Contact').create({ LastName: 'Kept', AccountId: other })
    await share({ hide: [other] })
    await assert.rejects(connection.sobject('Account').update({ Id: other, Name: 'Mine' }))
    const body = JSON.stringify({ records: [{ attributes: { type: 'Account' }, id: other, Name: 'Mine' }] })
    const [row] = await connection.request<{ errors: { statusCode: string }[] }[]>({
      method: 'PATCH',
      url: '/services/data/v66.0/composite/sobjects',
      body,
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(row!.errors[0]!.statusCode, 'INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY')
    await assert.rejects(connection.sobject('Contact').create({ LastName: 'New', AccountId: other }), {
      name: 'INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY',
    })
    await connection.sobject('Contact').update({ Id: contact!, LastName: 'Still', AccountId: other })
  })

  it('sends no change events, and one event of several records names the others only', async () => {
    const [first, second, third] = await Promise.all(
      ['A', 'B', 'C'].map(async (LastName) => (await connection.sobject('Contact').create({ LastName })).id!),
    )
    await share({ hide: [first!] })
    const stream = client.subscribe({ topicName: '/data/ContactChangeEvent' })
    open.push(stream)
    await stream.until('a keepalive', () => stream.batches.length > 0)
    await act({ action: 'delete', recordId: first })
    const admin = await connect(sandbox, { asUser: true })
    const together = {
      method: 'DELETE',
      url: `/services/data/v66.0/composite/sobjects?ids=${third},${second}`,
    } as const
    await share({ hide: [third!] })
    await admin.request(together)
    const events = await stream.events(1)
    assert.deepEqual(
      events.map(({ header }) => [header.changeType, header.recordIds]),
      [['DELETE', [second]]],
    )
  })
})
