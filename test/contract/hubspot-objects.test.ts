import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BEN, GREG_WHO_LEFT, type Harness, MAYA, refusal, startHarness } from './hubspot-sandbox.ts'

describe('HubSpot sandbox: records, one at a time', () => {
  let hubspot: Harness
  before(async () => {
    hubspot = await startHarness()
  })
  after(() => hubspot[Symbol.asyncDispose]())

  it('gives asked-for properties as text, null where one has no value, and leaves out unknown names', async () => {
    const contact = await hubspot.client.crm.contacts.basicApi.getById('101', ['email', 'phone', 'no_such_thing'])
    assert.equal(contact.id, '101')
    assert.equal(contact.properties.email, 'zoe@unal.example')
    assert.equal(contact.properties.phone, null)
    assert.equal('no_such_thing' in contact.properties, false)
    assert.equal(contact.properties.hs_object_id, '101')
    assert.equal(contact.updatedAt.toISOString(), contact.properties.lastmodifieddate)
  })

  it('tells who changed the owner and when, the newest change first', async () => {
    const contact = await hubspot.client.crm.contacts.basicApi.getById('101', [], ['hubspot_owner_id'])
    const history = contact.propertiesWithHistory?.hubspot_owner_id ?? []
    assert.deepEqual(
      history.map(({ value, sourceType, sourceId, updatedByUserId }) => [value, sourceType, sourceId, updatedByUserId]),
      [
        [BEN.id, 'CRM_UI', 'userId:901', 901],
        [MAYA.id, 'IMPORT', 'ImportId:1', undefined],
      ],
    )
  })

  it('gives the linked companies along with a contact, the primary one marked', async () => {
    const contact = await hubspot.client.crm.contacts.basicApi.getById(
      '101',
      ['associatedcompanyid'],
      [],
      ['companies'],
    )
    assert.equal(contact.properties.associatedcompanyid, '201')
    assert.deepEqual(contact.associations?.companies?.results.map(({ id, type }) => `${id} ${type}`).toSorted(), [
      '201 contact_to_company',
      '201 contact_to_company_unlabeled',
    ])
  })

  it('finds a contact by e-mail as idProperty, and refuses an idProperty that is not unique', async () => {
    const api = hubspot.client.crm.contacts.basicApi
    const found = await api.getById('Kenji@Mori.example', [], [], [], false, 'email')
    assert.equal(found.id, '102')
    assert.equal((await refusal(api.getById('Ana', [], [], [], false, 'firstname'))).code, 400)
  })

  it('answers 404 OBJECT_NOT_FOUND for an id that does not exist', async () => {
    const error = await refusal(hubspot.client.crm.contacts.basicApi.getById('999999'))
    assert.equal(error.code, 404)
    assert.equal(error.body.category, 'OBJECT_NOT_FOUND')
    assert.equal(error.body.status, 'error')
    assert.equal(typeof error.body.correlationId, 'string')
  })

  it('pages through a list without a gap or a repeat, and caps the page', async () => {
    const api = hubspot.client.crm.contacts.basicApi
    const first = await api.getPage(3)
    assert.deepEqual(
      first.results.map((contact) => contact.id),
      ['101', '102', '103'],
    )
    const second = await api.getPage(3, first.paging?.next?.after)
    assert.deepEqual(
      second.results.map((contact) => contact.id),
      ['104'],
    )
    assert.equal(second.paging, undefined)
    assert.equal((await refusal(api.getPage(101))).code, 400)
    assert.equal((await refusal(api.getPage(51, undefined, [], ['email']))).code, 400)
  })

  it('makes a task with its links, 201, and a link to a record that does not exist refuses all of it', async () => {
    const api = hubspot.client.crm.objects.tasks.basicApi
    const properties = {
      hs_timestamp: String(Date.parse('2026-11-25T16:00:00Z')),
      hs_task_subject: 'Check the owner',
      hs_task_status: 'NOT_STARTED',
      hs_task_priority: 'HIGH',
      hubspot_owner_id: MAYA.id,
    }
    const types = [{ associationCategory: 'HUBSPOT_DEFINED' as never, associationTypeId: 204 }]
    const { httpStatusCode, data: task } = await api.createWithHttpInfo({
      properties,
      associations: [{ to: { id: '103' }, types }],
    })
    assert.equal(httpStatusCode, 201)
    assert.equal(task.properties.hs_timestamp, '2026-11-25T16:00:00.000Z')
    const read = await api.getById(task.id, [], [], ['contacts'])
    assert.deepEqual(
      read.associations?.contacts?.results.map(({ id, type }) => [id, type]),
      [['103', 'task_to_contact']],
    )
    const refused = await refusal(api.create({ properties, associations: [{ to: { id: '424242' }, types }] }))
    assert.equal(refused.code, 400)
    assert.equal((await api.getPage()).results.length, 1)
  })

  it('refuses a task without hs_timestamp, a contact without a name and a company without name or domain', async () => {
    const { crm } = hubspot.client
    for (const call of [
      crm.objects.tasks.basicApi.create({ properties: { hs_task_subject: 'No due date' }, associations: [] }),
      crm.contacts.basicApi.create({ properties: { country: 'Japan' }, associations: [] }),
      crm.companies.basicApi.create({ properties: { country: 'Japan' }, associations: [] }),
      crm.deals.basicApi.create({ properties: { dealname: 'No stage' }, associations: [] }),
    ]) {
      const error = await refusal(call)
      assert.equal(error.code, 400)
      assert.equal(error.body.category, 'VALIDATION_ERROR')
    }
  })

  it('names the property that does not exist, and the option that is not allowed', async () => {
    const api = hubspot.client.crm.contacts.basicApi
    const unknown = await refusal(api.update('103', { properties: { favourite_color: 'red' } }))
    assert.equal(unknown.code, 400)
    const [detail] = unknown.body.errors as { code: string; context: unknown }[]
    assert.equal(detail?.code, 'PROPERTY_DOESNT_EXIST')
    assert.deepEqual(detail?.context, { propertyName: ['favourite_color'] })
    const option = await refusal(api.update('103', { properties: { lifecyclestage: 'friend' } }))
    assert.equal((option.body.errors as { code: string }[])[0]?.code, 'INVALID_OPTION')
  })

  it('takes an owner id, and refuses a user id or an owner who left', async () => {
    const api = hubspot.client.crm.contacts.basicApi
    for (const value of [String(MAYA.userId), GREG_WHO_LEFT.id, '1']) {
      assert.equal((await refusal(api.update('103', { properties: { hubspot_owner_id: value } }))).code, 400)
    }
    const updated = await api.update('103', { properties: { hubspot_owner_id: MAYA.id } })
    assert.equal(updated.properties.hubspot_owner_id, MAYA.id)
  })

  it('clears a value with an empty text and moves the modification date with every write', async () => {
    const api = hubspot.client.crm.contacts.basicApi
    const before = await api.getById('103')
    const cleared = await api.update('103', { properties: { territory: '' } })
    assert.equal((await api.getById('103', ['territory'])).properties.territory, null)
    assert.ok(cleared.updatedAt > before.updatedAt)
  })

  it('takes an archived company out of its contacts and puts it back when it is restored', async () => {
    const { companies, contacts } = hubspot.client.crm
    const shown = async () =>
      (await contacts.basicApi.getById('101', ['associatedcompanyid'])).properties.associatedcompanyid
    await companies.basicApi.archive('201')
    assert.equal(await shown(), null)
    await hubspot.control('POST', '/changes', { changes: [{ op: 'restore', objectType: 'companies', id: '201' }] })
    assert.equal(await shown(), '201')
  })

  it('says 409 with the id in the text when the e-mail belongs to another contact', async () => {
    const error = await refusal(
      hubspot.client.crm.contacts.basicApi.create({ properties: { email: 'zoe@unal.example' }, associations: [] }),
    )
    assert.equal(error.code, 409)
    assert.equal(error.body.message, 'Contact already exists. Existing ID: 101')
  })

  it('puts an archived record into the recycle bin: not found, not searchable, listed as archived', async () => {
    const { basicApi, searchApi } = hubspot.client.crm.contacts
    const made = await basicApi.create({ properties: { email: 'short@life.example' }, associations: [] })
    await basicApi.archive(made.id)
    assert.equal((await refusal(basicApi.getById(made.id))).code, 404)
    const archived = await basicApi.getPage(10, undefined, [], [], [], true)
    assert.deepEqual(
      archived.results.map((contact) => [contact.id, contact.archived]),
      [[made.id, true]],
    )
    assert.ok(archived.results[0]?.archivedAt instanceof Date)
    const found = await searchApi.doSearch({
      query: 'short@life',
      filterGroups: [],
      sorts: [],
      properties: [],
      limit: 10,
      after: '0',
    })
    assert.equal(found.total, 0)
    await basicApi.archive(made.id)
  })

  it('erases a contact for good: it is not even among the archived', async () => {
    const { basicApi } = hubspot.client.crm.contacts
    const made = await basicApi.create({ properties: { email: 'forget@me.example' }, associations: [] })
    await basicApi.purge({ objectId: 'forget@me.example', idProperty: 'email' })
    assert.equal((await refusal(basicApi.getById(made.id))).code, 404)
    assert.equal((await refusal(basicApi.getById(made.id, [], [], [], true))).code, 404)
  })

  it('serves the same records at the numbered and the date-based paths', async () => {
    for (const path of [
      '/crm/v3/objects/contacts/101',
      '/crm/objects/2026-03/contacts/101',
      '/crm/objects/2026-09/0-1/101',
    ]) {
      const response = await hubspot.fetch(path)
      assert.equal(response.status, 200, path)
      assert.equal(((await response.json()) as { id: string }).id, '101')
    }
    assert.equal((await hubspot.fetch('/crm/objects/2019-01/contacts/101')).status, 404)
  })

  it('trap 10: a base path with a slash at its end leads to //crm, which is not found', async () => {
    const answer = await hubspot.fetch('//crm/v3/objects/contacts/101')
    assert.equal(answer.status, 404)
    assert.match(answer.headers.get('content-type') ?? '', /json/)
  })

  it('answers 400, and stays up, for bodies that nobody should send', async () => {
    const nonsense: [string, unknown][] = [
      ['/crm/v3/objects/contacts', null],
      ['/crm/v3/objects/contacts', { properties: [] }],
      ['/crm/v3/objects/contacts', { properties: { email: {} } }],
      ['/crm/v3/objects/tasks', { properties: { hs_timestamp: '1' }, associations: [null] }],
      ['/crm/v3/objects/contacts/batch/create', { inputs: [null] }],
      ['/crm/v3/objects/contacts/batch/upsert', { inputs: [{}] }],
      ['/crm/v3/objects/contacts/search', { filterGroups: [{ filters: [null] }] }],
      ['/crm/v3/objects/contacts/search', { sorts: [null] }],
      ['/crm/v4/associations/contacts/companies/batch/create', { inputs: [{ types: [null] }] }],
      ['/crm/v3/properties/contacts', { name: 'UPPER' }],
    ]
    for (const [path, body] of nonsense) {
      const answer = await hubspot.fetch(path, { method: 'POST', body })
      assert.equal(answer.status, 400, `${path} ${JSON.stringify(body)}`)
      assert.equal(((await answer.json()) as { category: string }).category, 'VALIDATION_ERROR')
    }
  })

  it('trap 19: a read-only property is forgotten on a task and refused on a contact', async () => {
    const { crm } = hubspot.client
    const task = await crm.objects.tasks.basicApi.create({
      properties: { hs_timestamp: '1790000000000' },
      associations: [],
    })
    const kept = await crm.objects.tasks.basicApi.update(task.id, { properties: { hs_createdate: '1' } })
    assert.equal(kept.properties.hs_createdate, task.properties.hs_createdate)
    const refused = await refusal(crm.contacts.basicApi.update('101', { properties: { createdate: '1' } }))
    assert.equal((refused.body.errors as { code: string }[])[0]?.code, 'READ_ONLY_VALUE')
  })

  it('stamps a task as completed when its status becomes COMPLETED, and takes the stamp away again', async () => {
    const api = hubspot.client.crm.objects.tasks.basicApi
    const task = await api.create({ properties: { hs_timestamp: '1790000000000' }, associations: [] })
    const done = await api.update(task.id, { properties: { hs_task_status: 'COMPLETED' } })
    assert.ok(Date.parse(done.properties.hs_task_completion_date!) >= task.createdAt.getTime())
    await api.update(task.id, { properties: { hs_task_status: 'NOT_STARTED' } })
    assert.equal((await api.getById(task.id, ['hs_task_completion_date'])).properties.hs_task_completion_date, null)
  })
})

describe('HubSpot sandbox: merging two contacts', () => {
  const merge = { primaryObjectId: '103', objectIdToMerge: '104' }

  it('trap 21: makes a new id by default, under which neither old id is found any more', async () => {
    await using hubspot = await startHarness()
    const api = hubspot.client.crm.contacts.basicApi
    const survivor = await api.merge(merge)
    assert.equal(['103', '104'].includes(survivor.id), false)
    assert.equal(survivor.properties.firstname, 'Ana')
    assert.equal(survivor.properties.phone, '+49 30 1234567')
    assert.equal(survivor.properties.hs_merged_object_ids, '103;104')
    assert.equal((await refusal(api.getById('103'))).code, 404)
    assert.equal((await refusal(api.getById('104'))).code, 404)
    assert.deepEqual((await api.getPage(10, undefined, [], [], [], true)).results, [])
  })

  it('keeps the winner under its id where the account is in that beta', async () => {
    await using hubspot = await startHarness({ mergeKeepsId: true })
    const api = hubspot.client.crm.contacts.basicApi
    const survivor = await api.merge(merge)
    assert.equal(survivor.id, '103')
    assert.equal((await api.getById('103', ['hs_merged_object_ids'])).properties.hs_merged_object_ids, '104')
  })

  it('moves the links of merged companies along, and their contacts follow to the new primary company', async () => {
    await using hubspot = await startHarness()
    const { companies, contacts, deals } = hubspot.client.crm
    const survivor = await companies.basicApi.merge({ primaryObjectId: '202', objectIdToMerge: '201' })
    const contact = await contacts.basicApi.getById('101', ['associatedcompanyid'], [], ['companies'])
    assert.equal(contact.properties.associatedcompanyid, survivor.id)
    assert.deepEqual([...new Set(contact.associations?.companies?.results.map(({ id }) => id))], [survivor.id])
    const deal = await deals.basicApi.getById('301', ['hs_primary_associated_company'])
    assert.equal(deal.properties.hs_primary_associated_company, survivor.id)
  })

  it('keeps one primary company when both contacts had one', async () => {
    await using hubspot = await startHarness()
    const { contacts, associations } = hubspot.client.crm
    await associations.v4.basicApi.createDefault('contacts', '102', 'companies', '202')
    const survivor = await contacts.basicApi.merge({ primaryObjectId: '101', objectIdToMerge: '102' })
    const { results } = await associations.v4.basicApi.getPage('contacts', survivor.id, 'companies')
    const primary = results.filter((link) => link.associationTypes.some((type) => type.label === 'Primary'))
    assert.equal(results.length, 2)
    assert.deepEqual(
      primary.map((link) => String(link.toObjectId)),
      ['201'],
    )
  })
})
