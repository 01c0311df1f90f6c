import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BEN, GREG_WHO_LEFT, type Harness, MAYA, refusal, startHarness } from './hubspot-sandbox.ts'

const DEFINED = 'HUBSPOT_DEFINED' as never

describe('HubSpot sandbox: associations', () => {
  let hubspot: Harness
  before(async () => {
    hubspot = await startHarness()
  })
  after(() => hubspot[Symbol.asyncDispose]())

  it('links a task to a contact from both sides and moves the modification date of the contact', async () => {
    const { crm } = hubspot.client
    const task = await crm.objects.tasks.basicApi.create({
      properties: { hs_timestamp: '1790000000000' },
      associations: [],
    })
    const before = await crm.contacts.basicApi.getById('101')
    const { httpStatusCode, data } = await crm.associations.v4.basicApi.createWithHttpInfo(
      'tasks',
      task.id,
      'contacts',
      '101',
      [{ associationCategory: DEFINED, associationTypeId: 204 }],
    )
    assert.equal(httpStatusCode, 201)
    assert.equal(String(data.toObjectId), '101')
    const back = await crm.associations.v4.basicApi.getPage('contacts', '101', 'tasks')
    assert.deepEqual(
      back.results.map((link) => [String(link.toObjectId), link.associationTypes[0]?.typeId]),
      [[task.id, 203]],
    )
    const contact = await crm.contacts.basicApi.getById('101')
    assert.ok(contact.updatedAt > before.updatedAt)
    await crm.associations.v4.basicApi.archive('tasks', task.id, 'contacts', '101')
    assert.deepEqual((await crm.associations.v4.basicApi.getPage('contacts', '101', 'tasks')).results, [])
  })

  it('makes the first company of a contact its primary one and fills associatedcompanyid', async () => {
    const { crm } = hubspot.client
    const reply = await crm.associations.v4.basicApi.createDefault('contacts', '102', 'companies', '202')
    assert.equal(reply.results[0]?.associationSpec.associationTypeId, 279)
    const contact = await crm.contacts.basicApi.getById('102', ['associatedcompanyid'])
    assert.equal(contact.properties.associatedcompanyid, '202')
    await crm.associations.v4.basicApi.create('contacts', '102', 'companies', '201', [
      { associationCategory: DEFINED, associationTypeId: 1 },
    ])
    const links = await crm.associations.v4.basicApi.getPage('contacts', '102', 'companies')
    const primary = links.results.filter((link) => link.associationTypes.some((type) => type.label === 'Primary'))
    assert.deepEqual(
      primary.map((link) => String(link.toObjectId)),
      ['201'],
    )
    assert.equal(
      (await crm.contacts.basicApi.getById('102', ['associatedcompanyid'])).properties.associatedcompanyid,
      '201',
    )
  })

  it('reads, makes and removes links in batches; a record without links is an error of a 207', async () => {
    const { batchApi } = hubspot.client.crm.associations.v4
    const { httpStatusCode, data } = await batchApi.getPageWithHttpInfo('contacts', 'companies', {
      inputs: [{ id: '101' }, { id: '104' }],
    })
    assert.equal(httpStatusCode, 207)
    assert.deepEqual(
      data.results.map((row) => [row._from.id, row.to.map((to) => String(to.toObjectId))]),
      [['101', ['201']]],
    )
    const made = await batchApi.createWithHttpInfo('deals', 'contacts', {
      inputs: [
        { _from: { id: '301' }, to: { id: '104' }, types: [{ associationCategory: DEFINED, associationTypeId: 3 }] },
      ],
    })
    assert.equal(made.httpStatusCode, 201)
    const removed = await batchApi.archiveWithHttpInfo('deals', 'contacts', {
      inputs: [{ _from: { id: '301' }, to: [{ id: '104' }] }],
    })
    assert.equal(removed.httpStatusCode, 204)
    assert.deepEqual(
      (await hubspot.client.crm.associations.v4.basicApi.getPage('deals', '301', 'contacts')).results,
      [],
    )
  })

  it('answers the batch archive with 204 on v4 and 200 on the date-based path', async () => {
    const body = { inputs: [{ from: { id: '301' }, to: [{ id: '104' }] }] }
    const status = async (path: string) => (await hubspot.fetch(path, { method: 'POST', body })).status
    assert.equal(await status('/crm/v4/associations/deals/contacts/batch/archive'), 204)
    assert.equal(await status('/crm/associations/2026-03/deals/contacts/batch/archive'), 200)
  })

  it('lists the types between two objects', async () => {
    const response = await hubspot.fetch('/crm/associations/2026-03/tasks/deals/labels')
    assert.deepEqual(await response.json(), { results: [{ category: 'HUBSPOT_DEFINED', typeId: 216, label: null }] })
  })
})

describe('HubSpot sandbox: owners, properties and the account', () => {
  let hubspot: Harness
  before(async () => {
    hubspot = await startHarness()
  })
  after(() => hubspot[Symbol.asyncDispose]())

  it('trap 18: archived owners have a list of their own, without userId', async () => {
    const { ownersApi } = hubspot.client.crm.owners
    assert.deepEqual(
      (await ownersApi.getPage()).results.map((owner) => owner.id),
      [MAYA.id, BEN.id],
    )
    const [left, ...others] = (await ownersApi.getPage(undefined, undefined, 100, true)).results
    assert.deepEqual(others, [])
    assert.equal(left?.id, GREG_WHO_LEFT.id)
    assert.equal(left?.archived, true)
    assert.equal(left?.userId, null)
    assert.equal(left?.userIdIncludingInactive, GREG_WHO_LEFT.userId)
  })

  it('gets one owner by id or by user id, pages, and filters by e-mail', async () => {
    const { ownersApi } = hubspot.client.crm.owners
    assert.equal((await ownersApi.getById(Number(MAYA.id))).email, MAYA.email)
    assert.equal((await ownersApi.getById(BEN.userId, 'userId')).id, BEN.id)
    assert.equal((await refusal(ownersApi.getById(Number(GREG_WHO_LEFT.id)))).code, 404)
    assert.deepEqual(
      (await ownersApi.getPage(BEN.email)).results.map((owner) => owner.id),
      [BEN.id],
    )
    const first = await ownersApi.getPage(undefined, undefined, 1)
    const second = await ownersApi.getPage(undefined, first.paging?.next?.after, 1)
    assert.deepEqual(
      [...first.results, ...second.results].map((owner) => owner.id),
      [MAYA.id, BEN.id],
    )
  })

  it('lists properties with their options; the owner property has none of its own', async () => {
    const all = await hubspot.client.crm.properties.coreApi.getAll('tasks')
    const status = all.results.find((property) => property.name === 'hs_task_status')
    assert.deepEqual(
      status?.options.map((option) => option.value),
      ['NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'DEFERRED'],
    )
    const owner = await hubspot.client.crm.properties.coreApi.getByName('contacts', 'hubspot_owner_id')
    assert.equal(owner.externalOptions, true)
    const modified = await hubspot.client.crm.properties.coreApi.getByName('contacts', 'lastmodifieddate')
    assert.equal(modified.modificationMetadata?.readOnlyValue, true)
    assert.equal((await hubspot.client.crm.properties.coreApi.getByName('contacts', 'territory')).hubspotDefined, false)
  })

  it('creates a property once: 201, then 409; archived and created again: 201', async () => {
    const { coreApi, groupsApi } = hubspot.client.crm.properties
    const [group] = (await groupsApi.getAll('companies')).results
    const property = {
      name: 'tier',
      label: 'Tier',
      type: 'enumeration' as never,
      fieldType: 'select' as never,
      groupName: group!.name,
      options: [{ label: 'Gold', value: 'gold', displayOrder: 0, hidden: false }],
    }
    assert.equal((await coreApi.createWithHttpInfo('companies', property)).httpStatusCode, 201)
    const again = await refusal(coreApi.create('companies', property))
    assert.equal(again.code, 409)
    assert.equal(again.body.category, 'OBJECT_ALREADY_EXISTS')
    assert.equal(again.body.subCategory, 'Properties.PROPERTY_WITH_NAME_EXISTS')
    await hubspot.client.crm.companies.basicApi.update('201', { properties: { tier: 'gold' } })
    await coreApi.archive('companies', 'tier')
    const missing = await refusal(coreApi.getByName('companies', 'tier'))
    assert.equal(missing.body.category, 'OBJECT_NOT_FOUND')
    assert.equal((await coreApi.createWithHttpInfo('companies', property)).httpStatusCode, 201)
  })

  it('returns the account details on both kinds of paths', async () => {
    for (const path of ['/account-info/v3/details', '/account-info/2026-03/details']) {
      const details = (await (await hubspot.fetch(path)).json()) as Record<string, unknown>
      assert.equal(details.portalId, 4471001)
      assert.equal(details.timeZone, 'Europe/Berlin')
    }
  })
})
