import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox } from './salesforce-clients.ts'

const NO_RULES = { headers: { 'Sforce-Auto-Assign': 'FALSE' } }

describe('tasks of the Salesforce sandbox on records that move on', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let userId: string
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
    userId = (await firstRow(connection, "SELECT Id FROM User WHERE Email LIKE 'anna.schneider%'")).Id
  })
  after(() => sandbox.close())

  const make = async (object: string, fields: Record<string, unknown>) =>
    ((await connection.sobject(object).create(fields as never, NO_RULES)) as unknown as { id: string }).id
  const lead = () => make('Lead', { LastName: 'Byron', Company: 'Engines', OwnerId: userId })
  const contact = () => make('Contact', { LastName: 'Byron' })
  const account = () => make('Account', { Name: 'Engines' })
  const task = (fields: Record<string, unknown>) => make('Task', { Subject: 'Look', OwnerId: userId, ...fields })
  const read = (id: string) => sandbox.org.store.get('Task', id)!
  const act = async (body: Record<string, unknown>) => {
    const { status, body: answer } = await control(sandbox, 'POST', 'actions', body)
    assert.equal(status, 200, JSON.stringify(answer))
    return answer as { accountId: string; contactId: string; opportunityId: string | null }
  }
  const refusal = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => assert.fail('nothing was refused'),
      (reason: Error & { errorCode?: string; data?: { fields?: string[] } }) => reason,
    )
    return [error.errorCode, error.data?.fields]
  }
  const update = (id: string, fields: Record<string, unknown>) =>
    connection.sobject('Task').update({ Id: id, ...fields } as never)

  let leadId: string
  let taskId: string
  beforeEach(async () => {
    leadId = await lead()
    taskId = await task({ WhoId: leadId })
  })

  it('a conversion hangs the task on the contact and the opportunity, or the account where there is none', async () => {
    const { contactId, opportunityId } = await act({ action: 'convert-lead', recordId: leadId })
    assert.deepEqual([read(taskId).WhoId, read(taskId).WhatId], [contactId, opportunityId])
    const other = await lead()
    const second = await task({ WhoId: other })
    const made = await act({ action: 'convert-lead', recordId: other, withOpportunity: false })
    assert.deepEqual([read(second).WhoId, read(second).WhatId], [made.contactId, made.accountId])
    assert.equal(read(second).AccountId, made.accountId)
  })

  it('a conversion gives open tasks of the user who converts to the new owner, and no others', async () => {
    const someone = (await firstRow(connection, `SELECT Id FROM User WHERE IsActive = true AND Id != '${userId}'`)).Id
    const theirs = await task({ WhoId: leadId, OwnerId: someone })
    const closed = await task({ WhoId: leadId, OwnerId: someone, Status: 'Completed' })
    await act({ action: 'convert-lead', recordId: leadId, userId: someone })
    assert.deepEqual(
      [read(taskId), read(theirs), read(closed)].map((row) => row.OwnerId),
      [userId, userId, someone],
    )
  })

  it('refuses a task that names a converted lead, new or as it was', async () => {
    await act({ action: 'convert-lead', recordId: leadId })
    const refused = ['CANNOT_UPDATE_CONVERTED_LEAD', ['WhoId']]
    assert.deepEqual(await refusal(task({ WhoId: leadId })), refused)
    assert.deepEqual(await refusal(update(taskId, { WhoId: leadId })), refused)
    sandbox.org.store.seed('Task', { ...read(taskId), WhoId: leadId, WhatId: null })
    assert.deepEqual(await refusal(update(taskId, { Subject: 'Again', WhoId: leadId })), refused)
    await update(taskId, { Subject: 'Without the lead' })
    assert.equal(read(taskId).Subject, 'Without the lead')
  })

  it('a merge moves tasks to the survivor, across a chain of merges, and then refuses the merged-away record', async () => {
    for (const [create, field] of [
      [lead, 'WhoId'],
      [contact, 'WhoId'],
      [account, 'WhatId'],
    ] as const) {
      const [first, second, third] = [await create(), await create(), await create()]
      const id = await task({ [field]: first })
      await act({ action: 'merge', recordId: second, mergedIds: [first] })
      await act({ action: 'merge', recordId: third, mergedIds: [second] })
      assert.equal(read(id)[field], third)
      assert.deepEqual(await refusal(update(id, { [field]: first })), ['ENTITY_IS_DELETED', [field]])
      assert.deepEqual(await refusal(task({ [field]: second })), ['ENTITY_IS_DELETED', [field]])
    }
  })

  it('a deleted record takes its tasks along, refuses new ones, and brings them back when it is undeleted', async () => {
    await act({ action: 'delete', recordId: leadId })
    assert.equal(read(taskId).IsDeleted, true)
    assert.deepEqual(await refusal(task({ WhoId: leadId })), ['ENTITY_IS_DELETED', ['WhoId']])
    assert.deepEqual(await refusal(update(taskId, { Subject: 'x' })), ['ENTITY_IS_DELETED', []])
    await act({ action: 'undelete', recordId: leadId })
    assert.equal(read(taskId).IsDeleted, false)
  })
})
