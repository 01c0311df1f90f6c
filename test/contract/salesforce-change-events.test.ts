import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { encodeBitmap } from '../../sandbox/salesforce/stream/bitmap.ts'
import {
  connect,
  control,
  type Decoded,
  fieldNames,
  firstRow,
  PubSubClient,
  startSandbox,
} from './salesforce-clients.ts'

const NO_RULES = { headers: { 'Sforce-Auto-Assign': 'FALSE' } }

describe('change events of the Salesforce sandbox', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let client: PubSubClient
  let leadId: string
  let accountId: string
  before(async () => {
    sandbox = await startSandbox({ settings: { keepaliveMs: 100 } })
    connection = await connect(sandbox, { client: 'lanekeeper' })
    client = new PubSubClient(sandbox, connection.accessToken!)
    leadId = (await firstRow(connection, 'SELECT Id FROM Lead WHERE IsConverted = false')).Id
    accountId = (await firstRow(connection, 'SELECT Id FROM Account WHERE ParentId = null')).Id
  })
  after(async () => {
    client.close()
    await sandbox.close()
  })

  /** The events that some work raises. */
  const during = async (count: number, work: () => Promise<unknown>): Promise<Decoded[]> => {
    const stream = client.subscribe({})
    await stream.until('a keepalive', () => stream.batches.length > 0)
    try {
      await work()
      return await stream.events(count)
    } finally {
      stream.cancel()
    }
  }
  const update = (object: string, body: Record<string, unknown> & { Id: string }) =>
    connection.sobject(object).update(body as never, NO_RULES)
  const filled = (body: Decoded['body']) =>
    Object.entries(body)
      .filter(([, value]) => value !== null)
      .map(([name]) => name)
      .sort()

  it('UPDATE carries changed values and LastModifiedDate only, and names them by bitmap', async () => {
    await update('Lead', { Id: leadId, Title: 'Buyer' })
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 2_000 })
    const [event] = await during(1, () => update('Lead', { Id: leadId, Title: 'Head of Purchasing' }))
    assert.ok(event)
    const { header } = event
    assert.deepEqual([header.entityName, header.recordIds, header.changeType], ['Lead', [leadId], 'UPDATE'])
    assert.deepEqual(filled(event.body), ['LastModifiedDate', 'Title'])
    assert.deepEqual(fieldNames(header.changedFields, event.schema).sort(), ['LastModifiedDate', 'Title'])
    assert.deepEqual([header.nulledFields, header.diffFields], [[], []])
    assert.equal(event.body.LastModifiedDate, sandbox.org.store.get('Lead', leadId)?.LastModifiedDate)
    assert.equal(header.commitUser, String(sandbox.org.store.get('Lead', leadId)?.LastModifiedById))
    assert.equal(header.commitTimestamp, event.body.LastModifiedDate)
  })

  it('CREATE carries full values and no changedFields, DELETE none at all, UNDELETE full values again', async () => {
    let id = ''
    const [created] = await during(1, async () => {
      id = (
        await connection
          .sobject('Lead')
          .create({ LastName: 'Życie', FirstName: 'Ola', Company: 'Woda', City: 'Kraków' }, NO_RULES)
      ).id!
    })
    assert.equal(created?.header.changeType, 'CREATE')
    assert.deepEqual(created?.header.changedFields, [])
    assert.deepEqual(created?.body.Name, { Salutation: null, FirstName: 'Ola', LastName: 'Życie' })
    assert.equal((created!.body.Address as { City: string }).City, 'Kraków')
    assert.equal(created?.body.Status, 'Open')
    assert.equal('IsDeleted' in created!.body || 'SystemModstamp' in created!.body, false)
    const [deleted] = await during(1, () => connection.sobject('Lead').destroy(id))
    assert.deepEqual([deleted?.header.changeType, filled(deleted!.body)], ['DELETE', []])
    const [restored] = await during(1, () => control(sandbox, 'POST', 'actions', { action: 'undelete', recordId: id }))
    assert.equal(restored?.header.changeType, 'UNDELETE')
    assert.equal(restored?.body.Company, 'Woda')
  })

  it('compound fields: a changed city arrives as BillingAddress.City with the other parts null', async () => {
    await update('Account', { Id: accountId, BillingCity: 'Bergen', BillingState: null, BillingCountry: 'NO' })
    const [event] = await during(1, () =>
      update('Account', { Id: accountId, BillingCity: 'San Francisco', BillingState: 'CA' }),
    )
    assert.deepEqual(
      fieldNames(event!.header.changedFields, event!.schema).filter((name) => name.startsWith('Billing')),
      ['BillingAddress.City', 'BillingAddress.State'],
    )
    const address = event?.body.BillingAddress as Record<string, unknown>
    assert.deepEqual(
      [address.City, address.State, address.Country, address.Street],
      ['San Francisco', 'CA', null, null],
    )
  })

  it('compound fields: a changed last name arrives as Name.LastName', async () => {
    const [event] = await during(1, () => update('Lead', { Id: leadId, LastName: 'Newname' }))
    assert.ok(fieldNames(event!.header.changedFields, event!.schema).includes('Name.LastName'))
    assert.equal((event!.body.Name as { LastName: string }).LastName, 'Newname')
  })

  it('PS-7: a city that was cleared is named by a nested bitmap alone', async () => {
    await update('Lead', { Id: leadId, City: 'Graz' })
    const [event] = await during(1, () => update('Lead', { Id: leadId, City: null }))
    assert.equal(event?.header.nulledFields.length, 1)
    assert.match(event!.header.nulledFields[0]!, /^\d+-0x[0-9A-F]+$/)
    assert.deepEqual(fieldNames(event!.header.nulledFields, event!.schema), ['Address.City'])
    assert.ok(fieldNames(event!.header.changedFields, event!.schema).includes('Address.City'))
  })

  it('null means nothing unless the field is in nulledFields', async () => {
    await update('Lead', { Id: leadId, Rating: 'Hot', Phone: '+43 316 1234' })
    const [event] = await during(1, () => update('Lead', { Id: leadId, Rating: null }))
    assert.deepEqual(fieldNames(event!.header.nulledFields, event!.schema), ['Rating'])
    assert.deepEqual([event?.body.Rating, event?.body.Phone], [null, null])
  })

  it('long text arrives as a difference whose hash is that of the old value, named in diffFields', async () => {
    const long = Array.from({ length: 60 }, (_, i) => `line ${i} of a long description`).join('\n')
    await update('Account', { Id: accountId, Description: long })
    const [event] = await during(1, () =>
      update('Account', { Id: accountId, Description: long.replace('line 30', 'LINE 30') }),
    )
    assert.deepEqual(fieldNames(event!.header.diffFields, event!.schema), ['Description'])
    assert.match(
      String(event?.body.Description),
      /^--- \n\+\+\+ [0-9a-f]{64}\n\n@@ -31,1 \+31,1 @@\n-line 30 of a long description\n\+LINE 30/,
    )
  })

  it('the same change to several records of one transaction is one event with several ids', async () => {
    const two = (await connection.query('SELECT Id FROM Lead WHERE IsConverted = false LIMIT 2')).records.map(
      (row) => row.Id!,
    )
    await connection.sobject('Lead').update(
      two.map((Id) => ({ Id, Industry: 'Retail' })),
      NO_RULES,
    )
    const [event] = await during(1, () =>
      connection.sobject('Lead').update(
        two.map((Id) => ({ Id, Industry: 'Energy' })),
        NO_RULES,
      ),
    )
    assert.deepEqual([...event!.header.recordIds].sort(), [...two].sort())
    assert.equal(event?.body.Industry, 'Energy')
  })

  it('different changes of one transaction share its key, and objects that are not selected leave holes in the sequence', async () => {
    const records = [
      { attributes: { type: 'Lead' }, LastName: 'A', Company: 'A' },
      { attributes: { type: 'Task' }, Subject: 'not selected' },
      { attributes: { type: 'Lead' }, LastName: 'B', Company: 'B' },
    ]
    const [first, second] = await during(2, () => connection.requestPost('/composite/sobjects', { records }))
    assert.equal(first?.header.transactionKey, second?.header.transactionKey)
    assert.deepEqual([first?.header.sequenceNumber, second?.header.sequenceNumber], [1, 3])
  })

  it('an assignment rule in the same transaction shows in the one event, with the final owner', async () => {
    const anna = (await firstRow(connection, "SELECT Id FROM User WHERE Email LIKE 'anna.schneider%'")).Id
    await update('Lead', { Id: leadId, OwnerId: anna })
    const events = await during(1, () => connection.sobject('Lead').update({ Id: leadId, Title: 'Rerouted' }))
    assert.equal(events.length, 1)
    assert.match(String(events[0]?.body.OwnerId), /^00G/)
  })

  it('changeOrigin names the client of Sforce-Call-Options; for Collections that can be switched off', async () => {
    const [single] = await during(1, () => update('Account', { Id: accountId, Site: 'a' }))
    assert.equal(single?.header.changeOrigin, 'com/salesforce/api/rest/67.0;client=lanekeeper')
    const bundle = () => connection.sobject('Account').update([{ Id: accountId, Site: `b${Math.random()}` }])
    const [shown] = await during(1, bundle)
    assert.match(shown!.header.changeOrigin, /;client=lanekeeper$/)
    await control(sandbox, 'POST', 'settings', { clientInOriginForCollections: false })
    const [hidden] = await during(1, bundle)
    assert.equal(hidden?.header.changeOrigin, 'com/salesforce/api/rest/67.0')
    await control(sandbox, 'POST', 'settings', { clientInOriginForCollections: true })
    const person = await connect(sandbox, { asUser: true })
    const [theirs] = await during(1, () => person.sobject('Account').update({ Id: accountId, Site: 'c' }))
    assert.notEqual(theirs?.header.commitUser, single?.header.commitUser)
    assert.equal(theirs?.header.changeOrigin, 'com/salesforce/api/rest/67.0')
  })

  it('lead conversion is one transaction: account, contact, opportunity, then the lead', async () => {
    const made = await connection
      .sobject('Lead')
      .create({ LastName: 'Mcclure', FirstName: 'Brenda', Company: 'Cadinal Inc.' }, NO_RULES)
    const events = await during(4, () =>
      control(sandbox, 'POST', 'actions', { action: 'convert-lead', recordId: made.id }),
    )
    const seen = events.map(({ header }) => [header.entityName, header.changeType, header.sequenceNumber])
    assert.deepEqual(seen, [
      ['Account', 'CREATE', 1],
      ['Contact', 'CREATE', 2],
      ['Opportunity', 'CREATE', 3],
      ['Lead', 'UPDATE', 4],
    ])
    assert.equal(new Set(events.map(({ header }) => header.transactionKey)).size, 1)
    const lead = events[3]!
    assert.deepEqual([lead.body.IsConverted, lead.body.ConvertedAccountId], [true, events[0]!.header.recordIds[0]])
    await assert.rejects(() => update('Lead', { Id: made.id!, Title: 'x' }), { name: 'CANNOT_UPDATE_CONVERTED_LEAD' })
  })

  it('a merge deletes the losers with MasterRecordId, moves the children and updates the master', async () => {
    const loser = (await connection.sobject('Account').create({ Name: 'Loser Ltd' })).id!
    const contact = (await connection.sobject('Contact').create({ LastName: 'Child', AccountId: loser })).id!
    const events = await during(3, () =>
      control(sandbox, 'POST', 'actions', { action: 'merge', recordId: accountId, mergedIds: [loser] }),
    )
    assert.deepEqual(
      events.map(({ header }) => [header.recordIds[0], header.changeType]),
      [
        [loser, 'DELETE'],
        [contact, 'UPDATE'],
        [accountId, 'UPDATE'],
      ],
    )
    const gone = await connection.query(`SELECT Id, MasterRecordId FROM Account WHERE Id = '${loser}'`, {
      scanAll: true,
    })
    assert.equal(gone.records[0]?.MasterRecordId, accountId)
    assert.equal(
      (await firstRow(connection, `SELECT Id, AccountId FROM Contact WHERE Id = '${contact}'`)).AccountId,
      accountId,
    )
  })

  it('emptying the recycle bin raises no event', async () => {
    const id = (await connection.sobject('Contact').create({ LastName: 'Erased' })).id!
    await connection.sobject('Contact').destroy(id)
    const events = await during(1, async () => {
      await control(sandbox, 'POST', 'actions', { action: 'purge', recordId: id })
      await update('Account', { Id: accountId, Site: 'after the purge' })
    })
    assert.deepEqual(
      events.map(({ header }) => header.recordIds[0]),
      [accountId],
    )
    assert.equal((await connection.query(`SELECT Id FROM Contact WHERE Id = '${id}'`, { scanAll: true })).totalSize, 0)
  })

  it('gap and overflow events carry a header and nothing else', async () => {
    const [gap] = await during(1, () =>
      control(sandbox, 'POST', 'stream', { kind: 'gap', objectType: 'Lead', recordIds: [leadId] }),
    )
    assert.deepEqual(
      [gap?.header.changeType, gap?.header.recordIds, gap?.header.changeOrigin],
      ['GAP_UPDATE', [leadId], ''],
    )
    assert.deepEqual(filled(gap!.body), [])
    const [overflow] = await during(1, () =>
      control(sandbox, 'POST', 'stream', { kind: 'overflow', objectType: 'Account' }),
    )
    assert.deepEqual(
      [overflow?.header.changeType, overflow?.header.recordIds],
      ['GAP_OVERFLOW', ['000000000000000AAA']],
    )
  })

  it('PS-12: after a schema change events name a new schema with other positions, and old events keep theirs', async () => {
    const stream = client.subscribe({})
    await stream.until('a keepalive', () => stream.batches.length > 0)
    await update('Account', { Id: accountId, Phone: '+1 1' })
    await control(sandbox, 'POST', 'stream', { kind: 'schema', objectType: 'Account' })
    await update('Account', { Id: accountId, Phone: '+1 2' })
    const [old, fresh] = await stream.events(2)
    stream.cancel()
    assert.notDeepEqual(old!.header.changedFields, fresh!.header.changedFields)
    for (const event of [old!, fresh!])
      assert.ok(fieldNames(event.header.changedFields, event.schema).includes('Phone'))
    assert.deepEqual([old!.body.Phone, fresh!.body.Phone], ['+1 1', '+1 2'])
  })

  it('a person who is deactivated shows as a User event', async () => {
    const user = await firstRow(connection, "SELECT Id FROM User WHERE IsActive = true AND Title = 'Account Executive'")
    const [event] = await during(1, () => update('User', { Id: user.Id, IsActive: false }))
    assert.deepEqual([event?.header.entityName, event?.body.IsActive], ['User', false])
    await update('User', { Id: user.Id, IsActive: true })
  })
})

const VECTORS = new URL('../../../shared/contracts/salesforce/derived/bitmap-vectors.json', import.meta.url)
type Vector = {
  readonly entity: string
  readonly fieldOrder?: readonly string[] | 'same'
  readonly bitmap: readonly string[]
  readonly expect?: readonly string[]
  readonly expect_by_official_python_sample?: readonly string[]
}

describe('bitmaps against the vendor samples', () => {
  const there = existsSync(VECTORS)
  const skip = there ? false : 'the contract data is not beside this checkout'
  it('encode exactly as in the recorded vectors', { skip }, () => {
    const { vectors } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { vectors: Vector[] }
    const orders = new Map<string, readonly string[]>()
    const parts = ['Street', 'City', 'State', 'PostalCode', 'Country']
    for (const vector of vectors) {
      if (Array.isArray(vector.fieldOrder)) orders.set(vector.entity, vector.fieldOrder)
      const order = orders.get(vector.entity)!
      const touched = (vector.expect ?? vector.expect_by_official_python_sample ?? []).map((name) => {
        const [field, part] = name.split('.') as [string, string?]
        return { index: order.indexOf(field), part: part === undefined ? null : parts.indexOf(part) }
      })
      assert.deepEqual(encodeBitmap(touched), vector.bitmap)
    }
    assert.ok(vectors.length >= 5)
  })
})
