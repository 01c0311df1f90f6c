import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox } from './salesforce-clients.ts'

const HOUR_MS = 3_600_000

/** `ObjectTerritory2Association`: which records are assigned to which territory. */
describe('territory assignments of the Salesforce sandbox, through jsforce', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let accountId: string
  let territoryId: string
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
    territoryId = (await firstRow(connection, "SELECT Id FROM Territory2 WHERE DeveloperName = 'nordics'")).Id
    accountId = (await connection.sobject('Account').create({ Name: 'Kvarn AB' })).id!
  })
  after(() => sandbox.close())

  const assignments = () => connection.sobject('ObjectTerritory2Association')
  const assign = async (objectId: string) => {
    const cause = { AssociationCause: 'Territory2Manual' }
    return (await assignments().create({ ObjectId: objectId, Territory2Id: territoryId, ...cause })).id!
  }
  const ofAccount = async (options = {}) => {
    const soql = `SELECT Id, SobjectType FROM ObjectTerritory2Association WHERE ObjectId = '${accountId}'`
    return (await connection.query(soql, options)).records.map(({ Id, SobjectType }) => [Id, SobjectType])
  }
  const deletedSince = async (ms: number) => {
    const now = sandbox.org.clock.now()
    return assignments().deleted(new Date(now - ms).toISOString(), new Date(now).toISOString())
  }
  const pass = (ms: number) => control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms })

  it('can be created and deleted for accounts and leads, but not changed', async () => {
    const id = await assign(accountId)
    assert.deepEqual(await ofAccount(), [[id, 'Account']])
    await assert.rejects(assignments().update({ Id: id, Territory2Id: territoryId } as never), {
      errorCode: 'INVALID_TYPE_FOR_OPERATION',
    })
    const lead = await connection.sobject('Lead').create({ LastName: 'Berg', Company: 'Kvarn AB' })
    const ofLead = await assignments().retrieve(await assign(lead.id!))
    assert.equal(ofLead.SobjectType, 'Lead')
    await assignments().destroy(id)
    assert.deepEqual(await ofAccount(), [])
  })

  it('are found by the model of their territory, and by their own time and id', async () => {
    const id = await assign(accountId)
    const { Id: modelId } = await firstRow(connection, "SELECT Id FROM Territory2Model WHERE State = 'Active'")
    const since = new Date(sandbox.org.clock.now() - HOUR_MS).toISOString()
    const { records } = await connection.query(
      `SELECT Id FROM ObjectTerritory2Association WHERE Territory2.Territory2ModelId = '${modelId}'
       AND SobjectType IN ('Account','Lead') AND SystemModstamp >= ${since} ORDER BY SystemModstamp, Id LIMIT 2000`,
    )
    assert.ok(records.some((row) => row.Id === id))
    await assignments().destroy(id)
  })

  it('bypass the recycle bin when deleted, and getDeleted lists them for 12 hours', async () => {
    const id = await assign(accountId)
    await assignments().destroy(id)
    const undeleted = await control(sandbox, 'POST', 'actions', { action: 'undelete', recordId: id })
    assert.notEqual(undeleted.status, 200)
    await pass(120_000)
    const deleted = await deletedSince(HOUR_MS)
    assert.ok(deleted.deletedRecords.some((row) => row.id === id))
    assert.ok(Date.parse(deleted.earliestDateAvailable) >= sandbox.org.clock.now() - 12 * HOUR_MS - 60_000)
    await pass(12 * HOUR_MS)
    // The session did not last that long.
    connection = await connect(sandbox)
    assert.equal((await deletedSince(24 * HOUR_MS)).deletedRecords.length, 0)
    assert.deepEqual(await ofAccount({ scanAll: true }), [])
  })

  it('are deleted with their record, and not restored with it', async () => {
    const id = await assign(accountId)
    await connection.sobject('Account').destroy(accountId)
    await pass(120_000)
    assert.ok((await deletedSince(HOUR_MS)).deletedRecords.some((row) => row.id === id))
    await control(sandbox, 'POST', 'actions', { action: 'undelete', recordId: accountId })
    assert.equal((await connection.sobject('Account').retrieve(accountId)).Name, 'Kvarn AB')
    assert.deepEqual(await ofAccount(), [])
  })
})
