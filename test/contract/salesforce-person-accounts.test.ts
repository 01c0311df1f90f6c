import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox } from './salesforce-clients.ts'

describe('person accounts of the Salesforce sandbox', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  before(async () => {
    sandbox = await startSandbox({ settings: { personAccounts: true } })
    connection = await connect(sandbox)
  })
  after(() => sandbox.close())

  const namesOf = async (object: string, of = connection) => (await of.describe(object)).fields.map(({ name }) => name)
  const create = async (fields: object) =>
    (await connection.sobject('Account').create(fields as never)) as unknown as { id: string }
  const contactOf = (id: string) =>
    firstRow(connection, `SELECT Id, Email, OwnerId, IsPersonAccount, Name FROM Contact WHERE AccountId = '${id}'`)

  it('an org without them has none of their fields, and an admin turns them on for good', async () => {
    const plain = await startSandbox()
    try {
      const of = await connect(plain)
      for (const object of ['Account', 'Contact']) {
        assert.ok(!(await namesOf(object, of)).some((name) => /^Person|IsPersonAccount/.test(name)), object)
      }
      await assert.rejects(
        of.query('SELECT IsPersonAccount FROM Account LIMIT 1').then(String),
        /INVALID_FIELD|No such column/,
      )
      assert.equal((await control(plain, 'POST', 'settings', { personAccounts: true })).status, 200)
      assert.ok((await namesOf('Account', of)).includes('IsPersonAccount'))
      assert.equal((await control(plain, 'POST', 'settings', { personAccounts: false })).status, 400)
      const { records } = await of.query('SELECT Id FROM Account WHERE IsPersonAccount = true')
      assert.equal(records.length, 0)
    } finally {
      await plain.close()
    }
  })

  it('a few accounts are persons, each with the contact of the same person', async () => {
    const soql =
      'SELECT Id, Name, FirstName, LastName, PersonEmail, PersonContactId FROM Account WHERE IsPersonAccount = true'
    const { records } = await connection.query(soql)
    assert.ok(records.length >= 2 && records.length <= 10, `${records.length}`)
    for (const record of records) {
      const contact = await contactOf(record.Id!)
      assert.equal(record.Name, `${record.FirstName} ${record.LastName}`)
      assert.deepEqual(
        [contact.Id, contact.Email, contact.IsPersonAccount, contact.Name],
        [record.PersonContactId, record.PersonEmail, true, record.Name],
      )
    }
    const business = await firstRow(connection, 'SELECT Id, PersonEmail FROM Account WHERE IsPersonAccount = false')
    assert.equal(business.PersonEmail, null)
  })

  it('an account with a last name is a person, and what is written to it is written to the contact', async () => {
    const { id } = await create({ FirstName: 'Ada', LastName: 'Byron', PersonEmail: 'ada@byron.example' })
    assert.equal((await contactOf(id)).Email, 'ada@byron.example')
    await connection
      .sobject('Account')
      .update({ Id: id, PersonEmail: 'ada@lovelace.example', LastName: 'Lovelace' } as never)
    const contact = await contactOf(id)
    assert.deepEqual([contact.Email, contact.Name], ['ada@lovelace.example', 'Ada Lovelace'])
    await connection.sobject('Account').destroy(id)
    assert.equal((await connection.query(`SELECT Id FROM Contact WHERE AccountId = '${id}'`)).records.length, 0)
  })

  it('refuses the name of a person, the e-mail of a business, and writes to the contact alone', async () => {
    const { id } = await create({ LastName: 'Solo' })
    const refused = (write: Promise<unknown>, what: RegExp) => assert.rejects(write, what)
    const accounts = connection.sobject('Account')
    await refused(accounts.update({ Id: id, Name: 'Solo Inc' } as never), /bad field names.*Name/)
    await refused(create({ Name: 'Acme', PersonEmail: 'a@b.example' }), /bad field names.*PersonEmail/)
    const contact = await contactOf(id)
    await refused(connection.sobject('Contact').update({ Id: contact.Id, Email: 'x@y.example' } as never), /read-only/)
    await refused(connection.sobject('Contact').destroy(contact.Id), /insufficient access/)
  })
})
