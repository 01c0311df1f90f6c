import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BEN, type Harness, MAYA, refusal, startHarness, startReceiver } from './hubspot-sandbox.ts'

const schema = (hubspot: Harness, body: object) => hubspot.control('POST', '/schema', body)
const propertyNames = async (hubspot: Harness, archived = false) =>
  (await hubspot.client.crm.properties.coreApi.getAll('contacts', archived)).results.map(({ name }) => name)

describe('HubSpot sandbox: what an admin does to properties', () => {
  const remove = { op: 'remove', objectType: 'contacts', name: 'territory' }

  it('reads omit a removed property without an error; filters, sorts and writes that name it are refused', async () => {
    await using hubspot = await startHarness()
    const { basicApi, batchApi, searchApi } = hubspot.client.crm.contacts
    await schema(hubspot, remove)
    assert.equal((await propertyNames(hubspot)).includes('territory'), false)
    assert.ok((await propertyNames(hubspot, true)).includes('territory'))
    assert.equal((await refusal(hubspot.client.crm.properties.coreApi.getByName('contacts', 'territory'))).code, 404)
    const one = await basicApi.getById('103', ['territory', 'country'], ['territory'])
    assert.equal(one.properties.country, 'Brazil')
    assert.equal('territory' in one.properties, false)
    assert.equal('territory' in (one.propertiesWithHistory ?? {}), false)
    const read = await batchApi.read({
      inputs: [{ id: '103' }],
      properties: ['territory', 'country'],
      propertiesWithHistory: [],
    })
    assert.equal('territory' in read.results[0]!.properties, false)
    const search = (more: object) =>
      searchApi.doSearch({
        properties: ['territory', 'country'],
        limit: 10,
        after: '0',
        sorts: [],
        filterGroups: [],
        ...more,
      })
    const found = await search({})
    assert.ok(found.results.every(({ properties }) => !('territory' in properties)))
    const filters = [{ propertyName: 'territory', operator: 'HAS_PROPERTY' as never }]
    assert.equal((await refusal(search({ filterGroups: [{ filters }] }))).code, 400)
    assert.equal((await refusal(search({ sorts: ['territory'] }))).code, 400)
    const written = await refusal(basicApi.update('103', { properties: { territory: 'latam' } }))
    assert.equal(written.code, 400)
    assert.match(JSON.stringify(written.body), /PROPERTY_DOESNT_EXIST/)
  })

  it('restoring a property brings back its values', async () => {
    await using hubspot = await startHarness()
    const before = await propertyNames(hubspot)
    await schema(hubspot, remove)
    await schema(hubspot, { ...remove, op: 'restore' })
    assert.deepEqual(await propertyNames(hubspot), before)
    const { properties } = await hubspot.client.crm.contacts.basicApi.getById('103', ['territory'])
    assert.equal(properties.territory, 'latam')
    await assert.rejects(schema(hubspot, { ...remove, op: 'restore', name: 'country' }), /never changed/)
  })

  it('values and history follow a renamed property, which has no webhook subscription', async () => {
    await using receiver = await startReceiver(() => '')
    await using hubspot = await startHarness({ webhookUrl: receiver.url })
    const { basicApi } = hubspot.client.crm.contacts
    await basicApi.update('103', { properties: { territory: 'iberia-italy' } })
    await receiver.until('the change arrived', () => receiver.events.length === 1)
    await schema(hubspot, { ...remove, op: 'rename', to: 'sales_region' })
    const one = await basicApi.getById('103', ['territory', 'sales_region'], ['sales_region'])
    assert.equal('territory' in one.properties, false)
    assert.equal(one.properties.sales_region, 'iberia-italy')
    assert.equal(one.propertiesWithHistory?.sales_region?.length, 2)
    await basicApi.update('103', { properties: { sales_region: 'latam' } })
    await basicApi.update('103', { properties: { city: 'Natal' } })
    await receiver.until('the city arrived', () => receiver.events.some((event) => event.propertyName === 'city'))
    assert.deepEqual(
      receiver.events.map((event) => event.propertyName),
      ['territory', 'city'],
    )
    await schema(hubspot, { ...remove, op: 'restore' })
    assert.equal((await basicApi.getById('103', ['territory'])).properties.territory, 'latam')
    await assert.rejects(schema(hubspot, { ...remove, op: 'rename', to: 'email' }), /cannot be called/)
  })

  it('a changed type shows in the definition and checks new writes; old values stay as text', async () => {
    await using hubspot = await startHarness()
    const { coreApi } = hubspot.client.crm.properties
    const { basicApi } = hubspot.client.crm.contacts
    await schema(hubspot, { ...remove, op: 'retype', type: 'number' })
    const described = await coreApi.getByName('contacts', 'territory')
    assert.deepEqual([described.type, described.fieldType], ['number', 'number'])
    assert.equal((await basicApi.getById('103', ['territory'])).properties.territory, 'latam')
    assert.equal((await refusal(basicApi.update('103', { properties: { territory: 'emea' } }))).code, 400)
    assert.equal((await basicApi.update('103', { properties: { territory: '7' } })).properties.territory, '7')
    await schema(hubspot, { ...remove, op: 'retype', type: 'enumeration', options: ['north', 'south'] })
    assert.deepEqual(
      (await coreApi.getByName('contacts', 'territory')).options?.map(({ value }) => value),
      ['north', 'south'],
    )
  })

  it('writes refuse a removed option; records that have it keep it', async () => {
    await using hubspot = await startHarness()
    const { basicApi } = hubspot.client.crm.deals
    const change = { objectType: 'deals', name: 'dealstage', option: 'contractsent' }
    await schema(hubspot, { op: 'remove-option', ...change })
    const { options } = await hubspot.client.crm.properties.coreApi.getByName('deals', 'dealstage')
    assert.equal(
      options?.some(({ value }) => value === 'contractsent'),
      false,
    )
    assert.equal((await basicApi.getById('301', ['dealstage'])).properties.dealstage, 'contractsent')
    await basicApi.update('301', { properties: { dealstage: 'closedlost' } })
    assert.equal((await refusal(basicApi.update('301', { properties: { dealstage: 'contractsent' } }))).code, 400)
    await schema(hubspot, { op: 'restore', ...change })
    await basicApi.update('301', { properties: { dealstage: 'contractsent' } })
    await assert.rejects(schema(hubspot, { op: 'remove-option', ...change, option: 'nonsense' }), /no option/)
  })
})

describe('HubSpot sandbox: people and merges', () => {
  it('a deleted owner is in neither list, and records keep the id', async () => {
    await using hubspot = await startHarness()
    const { ownersApi } = hubspot.client.crm.owners
    const listed = async (archived: boolean) =>
      (await ownersApi.getPage(undefined, undefined, undefined, archived)).results.map(({ id }) => id)
    assert.ok((await listed(false)).includes(BEN.id))
    await hubspot.control('POST', '/changes', { changes: [{ op: 'delete-owner', email: BEN.email }] })
    assert.equal((await listed(false)).includes(BEN.id), false)
    assert.equal((await listed(true)).includes(BEN.id), false)
    assert.equal((await refusal(ownersApi.getById(Number(BEN.id)))).code, 404)
    const { basicApi } = hubspot.client.crm.contacts
    assert.equal((await basicApi.getById('101', ['hubspot_owner_id'])).properties.hubspot_owner_id, BEN.id)
    assert.equal((await refusal(basicApi.update('103', { properties: { hubspot_owner_id: BEN.id } }))).code, 400)
  })

  it('an owner whom the lists leave out is there by id, until the lists have them again', async () => {
    await using hubspot = await startHarness()
    const { ownersApi } = hubspot.client.crm.owners
    const isListed = async () => (await ownersApi.getPage()).results.some(({ id }) => id === BEN.id)
    await hubspot.control('POST', '/changes', { changes: [{ op: 'hide-owner', email: BEN.email }] })
    assert.equal(await isListed(), false)
    assert.equal((await ownersApi.getById(Number(BEN.id))).email, BEN.email)
    await hubspot.control('POST', '/changes', { changes: [{ op: 'show-owner', email: BEN.email }] })
    assert.equal(await isListed(), true)
  })

  for (const mergeKeepsId of [false, true]) {
    it(`chained merges are all in hs_merged_object_ids and partly in hs_calculated_merged_vids (${mergeKeepsId ? 'kept' : 'new'} ids)`, async () => {
      await using hubspot = await startHarness({ mergeKeepsId })
      const { basicApi } = hubspot.client.crm.contacts
      const merge = (primaryObjectId: string, objectIdToMerge: string) =>
        basicApi.merge({ primaryObjectId, objectIdToMerge })
      const addressOf = async (id: string) => (await basicApi.getById(id, ['email'])).properties.email
      const written = [await addressOf('102'), await addressOf('103'), await addressOf('104')]
      const middle = (await merge('103', '104')).id
      const last = (await merge('102', middle)).id
      const asked = ['hs_merged_object_ids', 'hs_calculated_merged_vids', 'email', 'hs_additional_emails']
      const { properties } = await basicApi.getById(last, asked)
      const more = String(properties.hs_additional_emails).split(';')
      assert.deepEqual(
        [properties.email, ...more],
        written.filter(Boolean),
        'whoever was written to at any address is found',
      )
      const ids = String(properties.hs_merged_object_ids).split(';')
      const gone = (mergeKeepsId ? ['103', '104'] : ['102', '103', '104', middle]).toSorted()
      assert.deepEqual(ids.toSorted(), gone)
      const vids = String(properties.hs_calculated_merged_vids)
        .split(';')
        .map((vid) => vid.split(':')[0])
      assert.equal(vids.includes('104'), false, 'the chain is missing')
      assert.ok(vids.includes(middle))
    })
  }

  it('a merged-away id is not found, or returns the survivor under its own id if the portal resolves it', async () => {
    await using hubspot = await startHarness()
    const { basicApi, batchApi } = hubspot.client.crm.contacts
    const middle = (await basicApi.merge({ primaryObjectId: '103', objectIdToMerge: '104' })).id
    const last = (await basicApi.merge({ primaryObjectId: '102', objectIdToMerge: middle })).id
    const read = () => batchApi.read({ inputs: [{ id: '104' }], properties: [], propertiesWithHistory: [] })
    assert.equal((await refusal(basicApi.getById('104'))).code, 404)
    assert.deepEqual((await read()).results, [])
    await hubspot.control('POST', '/settings', { mergedIdResolves: true })
    assert.equal((await basicApi.getById('104')).id, last)
    assert.deepEqual(
      (await read()).results.map(({ id }) => id),
      [last],
    )
    assert.equal((await refusal(basicApi.getById('999999'))).code, 404)
    assert.equal((await refusal(basicApi.update('104', { properties: { city: 'x' } }))).code, 404)
    assert.equal(
      (await basicApi.getPage(100)).results.some(({ id }) => id === '104'),
      false,
    )
  })

  it('a restored record is listed, read and found again with its values', async () => {
    await using hubspot = await startHarness()
    const { basicApi, searchApi } = hubspot.client.crm.contacts
    await basicApi.archive('103')
    assert.equal((await refusal(basicApi.getById('103'))).code, 404)
    await hubspot.control('POST', '/changes', { changes: [{ op: 'restore', objectType: 'contacts', id: '103' }] })
    const back = await basicApi.getById('103', ['territory'])
    assert.deepEqual([back.archived, back.properties.territory], [false, 'latam'])
    assert.ok((await basicApi.getPage(100)).results.some(({ id }) => id === '103'))
    const filters = [{ propertyName: 'email', operator: 'EQ' as never, value: 'ana@souza.example' }]
    const found = await searchApi.doSearch({
      filterGroups: [{ filters }],
      sorts: [],
      properties: [],
      limit: 1,
      after: '0',
    })
    assert.equal(found.total, 1)
  })

  it('423 says that a record is locked', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', { kind: '423', method: 'PATCH' })
    const { basicApi } = hubspot.client.crm.contacts
    assert.equal((await refusal(basicApi.update('103', { properties: { city: 'x' } }))).code, 423)
    await basicApi.update('103', { properties: { city: 'x' } })
  })
})

describe('HubSpot sandbox: the portal', () => {
  it('returns its account type and data hosting location', async () => {
    await using hubspot = await startHarness({ timeZone: 'America/New_York' })
    const details = async () =>
      (await (await hubspot.fetch('/account-info/2026-03/details')).json()) as Record<string, unknown>
    const first = await details()
    assert.deepEqual(
      [first.accountType, first.uiDomain, first.dataHostingLocation],
      ['STANDARD', 'app.hubspot.com', 'na1'],
    )
    assert.ok([-18_000_000, -14_400_000].includes(Number(first.utcOffsetMilliseconds)))
    assert.match(String(first.utcOffset), /^-0[45]:00$/)
    const elsewhere = { accountType: 'SANDBOX', uiDomain: 'app-eu1.hubspot.com', dataHostingLocation: 'eu1' }
    await hubspot.control('POST', '/settings', elsewhere)
    const { accountType, uiDomain, dataHostingLocation } = await details()
    assert.deepEqual({ accountType, uiDomain, dataHostingLocation }, elsewhere)
  })

  for (const clockOffsetMs of [3_600_000, -3_600_000]) {
    it(`a clock ${clockOffsetMs} ms off shows in every date that it states`, async () => {
      await using receiver = await startReceiver(() => '')
      await using hubspot = await startHarness({ webhookUrl: receiver.url })
      const { basicApi, searchApi } = hubspot.client.crm.contacts
      const near = (text: unknown, what: string) => {
        const off = new Date(text as string | number).getTime() - Date.now() - clockOffsetMs
        // The header has whole seconds.
        assert.ok(Math.abs(off) < 5_000, `${what} is ${off} ms from the portal's clock`)
      }
      await basicApi.update('103', { properties: { city: 'Recife' } })
      await receiver.until('the change by the right clock arrived', () => receiver.events.length === 1)
      await hubspot.control('POST', '/settings', { clockOffsetMs })
      const sinceMs = Date.now() + clockOffsetMs
      const changed = await basicApi.update('103', { properties: { city: 'Natal', hubspot_owner_id: MAYA.id } })
      near(changed.updatedAt, 'updatedAt')
      near(changed.properties.lastmodifieddate, 'lastmodifieddate')
      const { propertiesWithHistory } = await basicApi.getById('103', [], ['city'])
      near(propertiesWithHistory?.city?.[0]?.timestamp, 'the history')
      const response = await hubspot.fetch('/crm/v3/owners')
      near(response.headers.get('date'), 'the Date header')
      await response.text()
      await receiver.until('the changes arrived', () => receiver.events.length >= 3)
      near(receiver.events.at(-1)?.occurredAt, 'occurredAt')
      near(Number(receiver.deliveries.at(-1)?.headers['x-hubspot-request-timestamp']), 'the signed timestamp')
      const filters = [{ propertyName: 'lastmodifieddate', operator: 'GTE' as never, value: String(sinceMs - 1_000) }]
      const found = await searchApi.doSearch({
        filterGroups: [{ filters }],
        sorts: ['lastmodifieddate'],
        properties: [],
        limit: 10,
        after: '0',
      })
      assert.ok(
        found.results.some(({ id }) => id === '103'),
        'search goes by the same clock',
      )
    })
  }

  it('a clock set back hides no record from search or reads', async () => {
    await using hubspot = await startHarness({ searchDelayMs: 50, createdHiddenMs: 50 })
    const { basicApi, searchApi } = hubspot.client.crm.contacts
    const made = await basicApi.create({ properties: { email: 'later@example.com' }, associations: [] })
    await hubspot.control('POST', '/settings', { clockOffsetMs: -86_400_000 })
    const filters = [{ propertyName: 'email', operator: 'EQ' as never, value: 'later@example.com' }]
    const find = () =>
      searchApi.doSearch({ filterGroups: [{ filters }], sorts: [], properties: [], limit: 1, after: '0' })
    const deadline = performance.now() + 5_000
    // Five searches a second are allowed.
    while ((await find()).total === 0) {
      assert.ok(performance.now() < deadline, 'search never showed the record')
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    assert.equal((await basicApi.getById(made.id)).id, made.id)
  })
})
