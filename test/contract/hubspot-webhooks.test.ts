import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Signature } from '@hubspot/api-client'
import type { SandboxSettings } from '../../sandbox/hubspot/portal/settings.ts'
import { BEN, type Harness, MAYA, type Receiver, refusal, startHarness, startReceiver } from './hubspot-sandbox.ts'

async function startBoth(
  settings: Partial<SandboxSettings> = {},
): Promise<{ hubspot: Harness; receiver: Receiver; [Symbol.asyncDispose](): Promise<void> }> {
  let secret = ''
  const receiver = await startReceiver(() => secret)
  const hubspot = await startHarness({ webhookUrl: receiver.url, ...settings })
  secret = hubspot.sandbox.credentials.clientSecret
  return {
    hubspot,
    receiver,
    async [Symbol.asyncDispose]() {
      await hubspot[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
    },
  }
}

const of = (receiver: Receiver, subscriptionType: string) =>
  receiver.events.filter((event) => event.subscriptionType === subscriptionType)

const reassign = (count: number) => ({
  changes: Array.from({ length: count }, (_, at) => ({
    objectType: 'contacts',
    id: '103',
    properties: { city: `City ${at}` },
  })),
})

describe('HubSpot sandbox: webhooks', () => {
  it('tells of a change by the app as INTEGRATION with its own id, signed with v3 and v1', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.client.crm.contacts.basicApi.update('103', { properties: { hubspot_owner_id: MAYA.id } })
    await receiver.until('the owner change arrived', () => of(receiver, 'contact.propertyChange').length >= 1)
    const event = of(receiver, 'contact.propertyChange').find(({ propertyName }) => propertyName === 'hubspot_owner_id')
    assert.ok(event !== undefined)
    const { eventId, subscriptionId, occurredAt, ...rest } = event
    assert.deepEqual(rest, {
      portalId: 4471001,
      appId: 9180042,
      subscriptionType: 'contact.propertyChange',
      attemptNumber: 0,
      objectId: 103,
      propertyName: 'hubspot_owner_id',
      propertyValue: MAYA.id,
      changeSource: 'INTEGRATION',
      sourceId: '9180042',
    })
    assert.equal(typeof eventId, 'number')
    assert.equal(typeof subscriptionId, 'number')
    assert.ok(Math.abs(Number(occurredAt) - Date.now()) < 10_000)
    const [delivery] = receiver.deliveries
    assert.equal(delivery?.signed, true)
    const given = {
      clientSecret: hubspot.sandbox.credentials.clientSecret,
      requestBody: delivery!.raw.toString('utf8'),
    }
    const v1 = String(delivery!.headers['x-hubspot-signature'])
    assert.equal(Signature.isValid({ ...given, signature: v1, signatureVersion: 'v1' } as never), true)
    assert.equal(delivery!.headers['x-hubspot-signature-version'], 'v1')
  })

  it('tells of a change by a person as CRM_UI, by token and by the control path, and by a foreign app with its id', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.personClient.crm.contacts.basicApi.update('103', { properties: { city: 'Recife' } })
    await hubspot.control('POST', '/changes', {
      changes: [
        { objectType: 'contacts', id: '103', properties: { city: 'Olinda' }, by: BEN.email },
        { objectType: 'contacts', id: '103', properties: { city: 'Natal' }, appId: 2931120 },
      ],
    })
    await receiver.until('three changes arrived', () => of(receiver, 'contact.propertyChange').length === 3)
    assert.deepEqual(
      receiver.events.map(({ propertyValue, changeSource, sourceId }) => [propertyValue, changeSource, sourceId]),
      [
        ['Recife', 'CRM_UI', `userId:${MAYA.userId}`],
        ['Olinda', 'CRM_UI', `userId:${BEN.userId}`],
        ['Natal', 'INTEGRATION', '2931120'],
      ],
    )
  })

  it('speaks of tasks in the generic words, with objectTypeId 0-27', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    const { basicApi } = hubspot.client.crm.objects.tasks
    const task = await basicApi.create({ properties: { hs_timestamp: '1790000000000' }, associations: [] })
    await hubspot.personClient.crm.objects.tasks.basicApi.update(task.id, {
      properties: { hs_task_status: 'COMPLETED' },
    })
    await basicApi.archive(task.id)
    await receiver.until('the task was deleted', () => of(receiver, 'object.deletion').length === 1)
    const ours = receiver.events.filter((event) => event.objectId === Number(task.id))
    assert.ok(ours.every((event) => event.objectTypeId === '0-27'))
    assert.equal(of(receiver, 'object.creation').length, 1)
    const status = ours.find((event) => event.propertyName === 'hs_task_status')
    assert.deepEqual([status?.propertyValue, status?.changeSource], ['COMPLETED', 'CRM_UI'])
  })

  it('never tells of modification dates, and tells nothing when a value stays the same', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.client.crm.contacts.basicApi.update('103', { properties: { territory: 'latam' } })
    await hubspot.client.crm.contacts.basicApi.update('103', { properties: { territory: 'iberia-italy' } })
    await receiver.until('the change arrived', () => receiver.events.length >= 1)
    assert.deepEqual(
      receiver.events.map((event) => event.propertyName),
      ['territory'],
    )
  })

  it('announces a link from both sides without objectId, the primary one besides the plain one', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.client.crm.associations.v4.basicApi.createDefault('contacts', '103', 'companies', '202')
    await receiver.until('four links were announced', () => receiver.events.length >= 5)
    const links = receiver.events.filter((event) => String(event.subscriptionType).endsWith('associationChange'))
    assert.deepEqual(
      links
        .map(
          (event) => `${event.associationType} ${event.fromObjectId}>${event.toObjectId} ${event.isPrimaryAssociation}`,
        )
        .toSorted(),
      [
        'COMPANY_TO_CONTACT 202>103 false',
        'COMPANY_TO_CONTACT 202>103 true',
        'CONTACT_TO_COMPANY 103>202 false',
        'CONTACT_TO_COMPANY 103>202 true',
      ],
    )
    assert.ok(links.every((event) => !('objectId' in event) && event.associationRemoved === false))
  })

  for (const mergeKeepsId of [false, true]) {
    it(`announces a merge with ${mergeKeepsId ? "the winner's" : 'a new'} id, a deletion per loser and no moved values`, async () => {
      await using both = await startBoth({ mergeKeepsId })
      const { hubspot, receiver } = both
      const survivor = await hubspot.personClient.crm.contacts.basicApi.merge({
        primaryObjectId: '103',
        objectIdToMerge: '104',
      })
      const losers = mergeKeepsId ? [104] : [103, 104]
      await receiver.until('the deletions arrived', () => of(receiver, 'contact.deletion').length === losers.length)
      const [event, ...more] = of(receiver, 'contact.merge')
      assert.deepEqual(more, [])
      assert.equal(event?.newObjectId, Number(survivor.id))
      assert.equal(event?.primaryObjectId, 103)
      assert.deepEqual(event?.mergedObjectIds, [104])
      assert.equal(event?.numberOfPropertiesMoved, 1)
      assert.deepEqual(
        of(receiver, 'contact.deletion').map(({ objectId }) => objectId),
        losers,
      )
      assert.deepEqual(of(receiver, 'contact.propertyChange'), [])
    })
  }

  for (const webhookEpochDates of [false, true]) {
    it(`sends instants as ${webhookEpochDates ? 'epoch milliseconds' : 'ISO text'}`, async () => {
      await using both = await startBoth({ webhookEpochDates })
      const { hubspot, receiver } = both
      await hubspot.client.crm.deals.basicApi.update('301', { properties: { closedate: '2026-12-31' } })
      await receiver.until('the change arrived', () => receiver.events.length === 1)
      const expected = webhookEpochDates ? String(Date.parse('2026-12-31')) : '2026-12-31T00:00:00.000Z'
      assert.equal(receiver.events[0]?.propertyValue, expected)
    })
  }

  it('announces a privacy deletion twice: as itself and as a deletion', async () => {
    await using both = await startBoth()
    await both.hubspot.client.crm.contacts.basicApi.purge({ objectId: '104' })
    await both.receiver.until('both arrived', () => both.receiver.events.length === 2)
    assert.deepEqual(
      both.receiver.events.map(({ subscriptionType, objectId }) => `${subscriptionType} ${objectId}`).toSorted(),
      ['contact.deletion 104', 'contact.privacyDeletion 104'],
    )
  })

  it('announces a restore from the recycle bin', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.client.crm.contacts.basicApi.archive('104')
    await hubspot.control('POST', '/changes', { changes: [{ op: 'restore', objectType: 'contacts', id: '104' }] })
    await receiver.until('the restore arrived', () => of(receiver, 'contact.restore').length === 1)
    await hubspot.client.crm.contacts.basicApi.getById('104')
  })
})

describe('HubSpot sandbox: webhook delivery', () => {
  it('sends many events in arrays of at most 100, each once', async () => {
    await using both = await startBoth()
    await both.hubspot.control('POST', '/changes', reassign(450))
    await both.receiver.until('all arrived', () => both.receiver.events.length >= 450)
    assert.ok(both.receiver.deliveries.every((delivery) => delivery.events.length <= 100 && delivery.signed))
    assert.equal(new Set(both.receiver.events.map((event) => event.eventId)).size, 450)
  })

  it('tries again after any error with a higher attemptNumber and a fresh signature, until it is accepted', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    const statuses = [500, 404, 302]
    receiver.answer = () => statuses.shift() ?? 200
    await hubspot.control('POST', '/changes', reassign(1))
    await receiver.until('it was accepted', () => receiver.events.length === 1)
    assert.deepEqual(
      receiver.deliveries.map((delivery) => delivery.events[0]?.attemptNumber),
      [0, 1, 2, 3],
    )
    assert.equal(new Set(receiver.deliveries.map((delivery) => delivery.events[0]?.eventId)).size, 1)
    assert.ok(receiver.deliveries.every((delivery) => delivery.signed))
  })

  it('waits five seconds for an answer and then counts the attempt as failed', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    receiver.answer = (delivery) => (delivery.events[0]?.attemptNumber === 0 ? 'never' : 200)
    const startedMs = performance.now()
    await hubspot.control('POST', '/changes', reassign(1))
    await receiver.until('the second attempt was accepted', () => receiver.events.length === 1)
    assert.ok(performance.now() - startedMs >= 4_900)
  })

  it('gives up after ten retries and counts the event as failed', async () => {
    await using both = await startBoth({ webhookRetryBaseMs: 1 })
    const { hubspot, receiver } = both
    receiver.answer = () => 503
    await hubspot.control('POST', '/changes', reassign(1))
    await receiver.until('eleven attempts were made', () => receiver.deliveries.length === 11)
    const { webhooks } = (await hubspot.control('GET', '/stats')) as { webhooks: Record<string, number> }
    assert.deepEqual(webhooks, { sent: 11, acknowledged: 0, failed: 1, pending: 0 })
  })

  it('has at most ten deliveries under way', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    receiver.answer = () => 'never'
    await hubspot.control('POST', '/changes', reassign(1_500))
    await receiver.until('ten deliveries hang', () => receiver.deliveries.length >= 10)
    const { webhooks } = (await hubspot.control('GET', '/stats')) as { webhooks: { pending: number } }
    assert.equal(receiver.deliveries.length, 10)
    assert.equal(webhooks.pending, 1_500)
  })

  it('trap 14: duplicates carry the same eventId; shuffling breaks the order', async () => {
    await using both = await startBoth({ webhookDuplicate: 2, webhookShuffle: true })
    const { hubspot, receiver } = both
    await hubspot.control('POST', '/changes', reassign(100))
    await receiver.until('three copies of each arrived', () => receiver.events.length === 300)
    assert.equal(new Set(receiver.events.map((event) => event.eventId)).size, 100)
    const ids = receiver.events.map((event) => Number(event.eventId))
    assert.notDeepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    )
  })

  it('three copies of an event go to different deliveries, and each copy arrives', async () => {
    await using both = await startBoth({ webhookDuplicate: 2, webhookShuffle: true })
    const { hubspot, receiver } = both
    await hubspot.control('POST', '/changes', reassign(200))
    await receiver.until('three copies of each arrived', () => receiver.events.length === 600)
    const copies = new Map<unknown, Set<number>>()
    const count = new Map<unknown, number>()
    for (const [at, { events }] of receiver.deliveries.entries()) {
      for (const { eventId } of events) {
        copies.set(eventId, (copies.get(eventId) ?? new Set()).add(at))
        count.set(eventId, (count.get(eventId) ?? 0) + 1)
      }
    }
    assert.ok(receiver.deliveries.every(({ events }) => events.length <= 100))
    assert.equal(count.size, 200)
    assert.ok([...count.values()].every((n) => n === 3))
    const apart = [...copies.values()].filter((deliveries) => deliveries.size > 1).length
    assert.ok(apart > 100, `copies of only ${apart} of 200 events came in different deliveries`)
  })

  it('a downtime is over when loss is taken back: what happened meanwhile is gone for good', async () => {
    await using both = await startBoth({ webhookLoss: 1 })
    const { hubspot, receiver } = both
    await hubspot.control('POST', '/changes', reassign(30))
    await hubspot.control('POST', '/settings', { webhookLoss: 0 })
    await hubspot.control('POST', '/changes', {
      changes: [{ objectType: 'contacts', id: '103', properties: { city: 'Belém' } }],
    })
    await receiver.until('the change after the downtime arrived', () => receiver.events.length > 0)
    const { webhooks } = (await hubspot.control('GET', '/stats')) as {
      webhooks: { sent: number; failed: number; pending: number }
    }
    assert.deepEqual([webhooks.failed, webhooks.sent], [30, 1])
    assert.deepEqual(
      receiver.events.map(({ propertyValue }) => propertyValue),
      ['Belém'],
    )
    assert.equal((await hubspot.client.crm.contacts.basicApi.getById('103', ['city'])).properties.city, 'Belém')
  })

  it('values of sensitive properties are not told: REDACTED in the classic kinds, isSensitive in the generic ones', async () => {
    await using both = await startBoth({ sensitiveProperties: ['phone', 'hs_task_body'] })
    const { hubspot, receiver } = both
    await hubspot.client.crm.contacts.basicApi.update('103', { properties: { phone: '+55 81 5550', city: 'Olinda' } })
    await hubspot.client.crm.objects.tasks.basicApi.create({
      properties: { hs_timestamp: '1790000000000', hs_task_body: 'secret' },
      associations: [],
    })
    const told = (name: string) => receiver.events.find((event) => event.propertyName === name)
    await receiver.until('all three arrived', () => ['phone', 'city', 'hs_task_body'].every((name) => told(name)))
    assert.deepEqual([told('phone')?.propertyValue, told('phone')?.isSensitive], ['REDACTED', undefined])
    assert.equal(told('city')?.propertyValue, 'Olinda')
    assert.deepEqual([told('hs_task_body')?.propertyValue, told('hs_task_body')?.isSensitive], [undefined, true])
    const { properties } = await hubspot.client.crm.contacts.basicApi.getById('103', ['phone'])
    assert.equal(properties.phone, '+55 81 5550')
  })

  it('one unreadable item travels among good ones, in a retry too', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    let refusals = 1
    receiver.answer = () => (refusals-- > 0 ? 500 : 204)
    await hubspot.control('POST', '/stream', { kind: 'unreadable-item', item: { objectId: ['no', 'id'] } })
    await hubspot.control('POST', '/changes', reassign(3))
    await receiver.until('the delivery was accepted', () => receiver.events.length === 4)
    assert.deepEqual(
      receiver.events.filter((event) => event.subscriptionType === undefined),
      [{ objectId: ['no', 'id'] }],
    )
    assert.ok(receiver.deliveries.every(({ signed, events }) => signed && events.length === 4))
    const { webhooks } = (await hubspot.control('GET', '/stats')) as {
      webhooks: { acknowledged: number; pending: number }
    }
    assert.deepEqual([webhooks.acknowledged, webhooks.pending], [4, 0])
    await hubspot.control('POST', '/changes', reassign(1))
    await receiver.until('the next one arrived', () => receiver.events.length === 5)
    await assert.rejects(hubspot.control('POST', '/stream', { kind: 'earthquake' }), /Unknown stream kind/)
  })

  it('sends any items at once in one signed delivery, such as those of two portals', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    const item = (portalId: number) => ({ eventId: 1, portalId, subscriptionType: 'contact.creation', objectId: 103 })
    const answer = await hubspot.control('POST', '/webhooks', { items: [item(4471001), item(62515)] })
    assert.deepEqual(answer, { accepted: true })
    assert.deepEqual(
      receiver.deliveries.map(({ signed, events }) => [signed, events.map(({ portalId }) => portalId)]),
      [[true, [4471001, 62515]]],
    )
    receiver.answer = () => 401
    assert.deepEqual(await hubspot.control('POST', '/webhooks', { items: [] }), { accepted: false })
  })

  it('trap 15: an event can overtake its record, which a read does not find yet', async () => {
    await using both = await startBoth({ createdHiddenMs: 700 })
    const { hubspot, receiver } = both
    const { basicApi } = hubspot.client.crm.contacts
    const made = await basicApi.create({ properties: { email: 'fast@event.example' }, associations: [] })
    await receiver.until('the creation arrived', () => of(receiver, 'contact.creation').length === 1)
    assert.equal((await refusal(basicApi.getById(made.id))).code, 404)
    const isThere = () =>
      basicApi.getById(made.id).then(
        () => true,
        () => false,
      )
    let there = false
    const poll = setInterval(async () => {
      there = await isThere()
    }, 100)
    await receiver.until('the record is found', () => there)
    clearInterval(poll)
  })

  it('holds events back, loses them, begins above attempt 0 and rounds to seconds when told to', async () => {
    await using both = await startBoth({ webhookLoss: 1 })
    const { hubspot, receiver } = both
    await hubspot.control('POST', '/changes', reassign(5))
    await hubspot.control('POST', '/settings', {
      webhookLoss: 0,
      webhookDelayMs: 400,
      webhookFirstAttempt: 1,
      webhookWholeSeconds: true,
    })
    const startedMs = performance.now()
    await hubspot.control('POST', '/changes', {
      changes: [{ objectType: 'contacts', id: '103', properties: { city: 'Belém' } }],
    })
    await receiver.until('the held event arrived', () => receiver.events.length > 0)
    assert.ok(performance.now() - startedMs >= 395)
    assert.deepEqual(
      receiver.events.map((event) => [event.propertyValue, event.attemptNumber]),
      [['Belém', 1]],
    )
    assert.equal(Number(receiver.events[0]?.occurredAt) % 1_000, 0)
    const { webhooks } = (await hubspot.control('GET', '/stats')) as { webhooks: { failed: number } }
    assert.equal(webhooks.failed, 5)
  })

  it('are exactly the subscriptions of the uploaded project: generic ones, restore, and nothing that it does not name', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    const generic = (kind: string, propertyName?: string) => ({
      subscriptionType: `object.${kind}`,
      objectType: 'contact',
      ...(propertyName === undefined ? {} : { propertyName }),
      active: true,
    })
    const inactive = { ...generic('propertyChange', 'country'), active: false }
    const crmObjects = [
      generic('creation'),
      generic('deletion'),
      generic('restore'),
      generic('propertyChange', 'city'),
      inactive,
    ]
    const upload = (subscriptions: object) => hubspot.control('POST', '/project', { config: { subscriptions } })
    assert.deepEqual(await upload({ crmObjects }), { subscriptions: 4 })
    await hubspot.control('POST', '/changes', {
      changes: [
        { objectType: 'contacts', id: '103', properties: { city: 'Recife', country: 'Chile', territory: 'latam' } },
        { op: 'archive', objectType: 'contacts', id: '104' },
        { op: 'restore', objectType: 'contacts', id: '104' },
        { objectType: 'companies', id: '201', properties: { name: 'Renamed' } },
        { op: 'associate', objectType: 'contacts', id: '103', to: { objectType: 'companies', id: '202' } },
        { objectType: 'contacts', id: '103', properties: { city: 'Olinda' } },
      ],
    })
    await receiver.until('the last change arrived', () => receiver.events.at(-1)?.propertyValue === 'Olinda')
    assert.deepEqual(
      receiver.events.map((e) => [e.subscriptionType, e.objectTypeId, e.objectId, e.propertyName]),
      [
        ['object.propertyChange', '0-1', 103, 'city'],
        ['object.deletion', '0-1', 104, undefined],
        ['object.restore', '0-1', 104, undefined],
        ['object.propertyChange', '0-1', 103, 'city'],
      ],
    )
    for (const [why, bad] of Object.entries({
      'a modification date': { crmObjects: [generic('propertyChange', 'lastmodifieddate')] },
      'no property': { crmObjects: [generic('propertyChange')] },
      'a classic type among generic ones': { crmObjects: [{ subscriptionType: 'contact.creation', active: true }] },
      'one twice': { crmObjects: [generic('restore'), generic('restore')] },
      'another object': { crmObjects: [{ ...generic('creation'), objectType: 'contacts' }] },
    })) {
      await assert.rejects(upload(bad), /400/, why)
    }
  })

  it('an app without a project hears of nothing', async () => {
    await using both = await startBoth()
    const { hubspot, receiver } = both
    await hubspot.control('POST', '/project', { config: { subscriptions: {} } })
    await hubspot.control('POST', '/changes', reassign(3))
    const { webhooks } = await hubspot.control('GET', '/stats')
    assert.deepEqual([(webhooks as { pending: number }).pending, receiver.events.length], [0, 0])
  })
})
