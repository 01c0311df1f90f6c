import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import {
  connect,
  control,
  firstRow,
  PubSubClient,
  type ServiceError,
  type Stream,
  startSandbox,
} from './salesforce-clients.ts'

const PREFIX = 'sfdc.platform.eventbus.grpc'

describe('the Pub/Sub service of the Salesforce sandbox, through a client made from the official proto', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  let client: PubSubClient
  let accountId: string
  const open: Stream[] = []
  before(async () => {
    sandbox = await startSandbox({ settings: { keepaliveMs: 150 } })
    connection = await connect(sandbox)
    client = new PubSubClient(sandbox, connection.accessToken!)
    accountId = (await firstRow(connection, 'SELECT Id FROM Account')).Id
  })
  afterEach(() => {
    for (const stream of open.splice(0)) stream.cancel()
  })
  after(async () => {
    client.close()
    await sandbox.close()
  })

  const subscribe = (request: Parameters<PubSubClient['subscribe']>[0]): Stream => {
    const stream = client.subscribe(request)
    open.push(stream)
    return stream
  }
  /** Subscribed and known to the server: the first keepalive says so. */
  const subscribed = async (request: Parameters<PubSubClient['subscribe']>[0]): Promise<Stream> => {
    const stream = subscribe(request)
    await stream.until('a keepalive', () => stream.batches.length > 0)
    return stream
  }
  const touch = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++)
      await connection.sobject('Account').update({ Id: accountId, Site: `visit ${Math.random()}` })
  }
  const errorCode = (error: ServiceError): string => String(error.metadata.get('error-code')[0])
  const settings = (body: object) => control(sandbox, 'POST', 'settings', body)

  it('returns topics and the schema that an event names', async () => {
    const topic = await client.topic('/data/LeadChangeEvent')
    assert.deepEqual([topic.canSubscribe, topic.tenantGuid], [true, sandbox.credentials.orgId])
    const schema = await client.schema(topic.schemaId)
    assert.equal(schema.schemaId, topic.schemaId)
    assert.equal((JSON.parse(schema.schemaJson) as { name: string }).name, 'LeadChangeEvent')
    assert.ok((await client.topic('/data/ChangeEvents')).canSubscribe)
  })

  it('the same schema has the same id in another run', async () => {
    const other = await startSandbox()
    const otherClient = new PubSubClient(other, (await connect(other)).accessToken!)
    assert.equal(
      (await otherClient.topic('/data/UserChangeEvent')).schemaId,
      (await client.topic('/data/UserChangeEvent')).schemaId,
    )
    otherClient.close()
    await other.close()
  })

  it('refuses a blank schema id, an unknown topic and an object that is not selected', async () => {
    await assert.rejects(client.schema(''), { code: 3, message: /The schema ID can't be blank/ })
    await assert.rejects(client.topic('/data/NonsenseChangeEvent'), { code: 5 })
    await assert.rejects(client.topic('/data/leadchangeevent'), { code: 5 })
    await assert.rejects(client.topic('/data/TaskChangeEvent'), { code: 7 })
    assert.equal((await subscribe({ topicName: '/data/NonsenseChangeEvent' }).failure()).code, 5)
  })

  it('requires a valid token, the instance and the org id on every call', async () => {
    const wrong: Record<string, string>[] = [
      { accesstoken: 'x' },
      { tenantid: '00D000000000000AAA' },
      { instanceurl: '' },
    ]
    for (const metadata of wrong) {
      const stranger = new PubSubClient(sandbox, connection.accessToken!, metadata)
      const error = await stranger.subscribe({}).failure()
      assert.equal(error.code, 16)
      assert.equal(errorCode(error), `${PREFIX}.service.auth.error`)
      assert.ok(error.metadata.get('rpc-id')[0])
      await assert.rejects(stranger.topic('/data/ChangeEvents'), { code: 16 })
      stranger.close()
    }
    const short = new PubSubClient(sandbox, connection.accessToken!, {
      tenantid: sandbox.credentials.orgId.slice(0, 15),
    })
    assert.ok(await short.topic('/data/ChangeEvents'))
    short.close()
  })

  it('delivers no more than requested, reports the rest, and continues with the next request', async () => {
    const stream = await subscribed({ numRequested: 3 })
    await touch(5)
    await stream.events(3)
    assert.equal(stream.batches.at(-1)?.pendingNumRequested, 0)
    await touch(1)
    assert.equal(stream.received.length, 3)
    stream.fetch({ numRequested: 10 })
    await stream.events(6)
    assert.equal(stream.batches.findLast((batch) => batch.events.length > 0)?.pendingNumRequested, 7)
  })

  it('treats more than 100 outstanding as 100', async () => {
    const stream = await subscribed({ numRequested: 5_000 })
    assert.equal(stream.batches[0]?.pendingNumRequested, 100)
    stream.fetch({ numRequested: 50 })
    await touch(1)
    await stream.events(1)
    assert.equal(stream.batches.findLast((batch) => batch.events.length > 0)?.pendingNumRequested, 99)
  })

  it('replay ids are ten opaque bytes that rise with holes', async () => {
    const stream = await subscribed({})
    await touch(12)
    const events = await stream.events(12)
    const numbers = events.map(({ replayId }) => {
      assert.equal(replayId.length, 10)
      assert.deepEqual([...replayId.subarray(8)], [0, 0])
      return replayId.readBigUInt64BE()
    })
    const steps = numbers.slice(1).map((number, i) => Number(number - numbers[i]!))
    assert.ok(steps.every((step) => step > 0))
    assert.ok(steps.some((step) => step > 1))
  })

  it('resumes after a stored replay id without losing or repeating, and from the earliest', async () => {
    const stream = await subscribed({})
    await touch(4)
    const events = await stream.events(4)
    const resumed = await subscribe({ replayPreset: 'CUSTOM', replayId: events[1]!.replayId }).events(2)
    assert.deepEqual(
      resumed.map((event) => event.replayId),
      events.slice(2).map((event) => event.replayId),
    )
    const eight = await subscribe({ replayPreset: 'CUSTOM', replayId: events[1]!.replayId.subarray(0, 8) }).events(2)
    assert.equal(eight.length, 2)
    const earliest = subscribe({ replayPreset: 'EARLIEST' })
    const all = await earliest.events(4)
    assert.ok(all.length >= 4)
    assert.deepEqual(all.at(-1)?.replayId, events.at(-1)?.replayId)
  })

  it('LATEST starts at the tip: what happened before is not delivered', async () => {
    await touch(1)
    const stream = await subscribed({ replayPreset: 'LATEST' })
    assert.equal(stream.received.length, 0)
  })

  it('sends empty keepalives whose replay id may be stored as progress', async () => {
    await touch(1)
    const stream = await subscribed({})
    await stream.until('two keepalives', () => stream.batches.length >= 2)
    const keepalive = stream.batches[1]!
    assert.deepEqual(keepalive.events, [])
    await touch(1)
    const [event] = await subscribe({ replayPreset: 'CUSTOM', replayId: keepalive.latestReplayId }).events(1)
    assert.deepEqual(event?.header.recordIds, [accountId])
  })

  it('sends no keepalive while events wait for the client to ask: its replay id would skip them', async () => {
    const stream = await subscribed({ numRequested: 1 })
    await touch(3)
    await stream.events(1)
    const seen = stream.batches.length
    await assert.rejects(
      stream.until('nothing', () => stream.batches.length > seen, 600),
      /waited/,
    )
  })

  it('PS-5: the replay id of a batch is that of its last event', async () => {
    await touch(3)
    const stream = subscribe({ replayPreset: 'EARLIEST' })
    await stream.events(3)
    const batch = stream.batches[0]!
    assert.ok(batch.events.length > 1)
    assert.deepEqual(batch.latestReplayId, batch.events.at(-1)?.replayId)
  })

  it('refuses replay ids that it never sent, a missing one, and a request for no events', async () => {
    const stream = await subscribed({})
    await touch(2)
    const [first] = await stream.events(2)
    const guessed = Buffer.from(first!.replayId)
    guessed.writeBigUInt64BE(guessed.readBigUInt64BE() + 100_000n)
    for (const replayId of [guessed, Buffer.from('nonsense!!!'), Buffer.alloc(10, 7)]) {
      const error = await subscribe({ replayPreset: 'CUSTOM', replayId }).failure()
      assert.deepEqual([error.code, errorCode(error)], [3, `${PREFIX}.subscription.fetch.replayid.corrupted`])
    }
    const missing = await subscribe({ replayPreset: 'CUSTOM' }).failure()
    assert.equal(errorCode(missing), `${PREFIX}.subscription.fetch.replayid.validation.failed`)
    const nothing = await subscribe({ numRequested: 0 }).failure()
    assert.equal(errorCode(nothing), `${PREFIX}.subscription.fetch.requested.events.invalid`)
  })

  it('a later request may leave the topic out but not change it', async () => {
    const stream = await subscribed({ topicName: '/data/AccountChangeEvent' })
    stream.fetch({ numRequested: 1, topicName: '/data/AccountChangeEvent' })
    stream.fetch({ numRequested: 1, topicName: '/data/LeadChangeEvent' })
    assert.equal((await stream.failure()).code, 3)
  })

  it('a channel of one entity carries that entity only', async () => {
    const stream = await subscribed({ topicName: '/data/ContactChangeEvent' })
    await touch(1)
    await connection.sobject('Contact').create({ LastName: 'Only' })
    const events = await stream.events(1)
    assert.deepEqual(
      events.map((event) => event.header.entityName),
      ['Contact'],
    )
  })

  it('ends a stream without requests', async () => {
    await settings({ idleStreamMs: 100 })
    const stream = await subscribed({ numRequested: 1 })
    await touch(1)
    await stream.events(1)
    await stream.until('the end', () => stream.ended)
    assert.equal(stream.error, null)
    await settings({ idleStreamMs: 60_000 })
  })

  it('retains 72 hours by its own clock, then calls the replay id corrupted', async () => {
    const stream = await subscribed({})
    await touch(2)
    const [first] = await stream.events(2)
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 71 * 3_600_000 })
    const fresh = await connect(sandbox)
    const again = new PubSubClient(sandbox, fresh.accessToken!)
    assert.equal((await again.subscribe({ replayPreset: 'CUSTOM', replayId: first!.replayId }).events(1)).length, 1)
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 2 * 3_600_000 })
    const later = new PubSubClient(sandbox, (await connect(sandbox)).accessToken!)
    const error = await later.subscribe({ replayPreset: 'CUSTOM', replayId: first!.replayId }).failure()
    assert.equal(errorCode(error), `${PREFIX}.subscription.fetch.replayid.corrupted`)
    again.close()
    later.close()
    connection = await connect(sandbox)
    client.close()
    client = new PubSubClient(sandbox, connection.accessToken!)
  })

  it('on command: expired replay ids, a cut with its trailers, and silence that holds events back', async () => {
    const stream = await subscribed({})
    await touch(1)
    const [event] = await stream.events(1)
    await control(sandbox, 'POST', 'stream', { kind: 'disconnect' })
    const cut = await stream.failure()
    assert.deepEqual([cut.code, errorCode(cut)], [13, `${PREFIX}.service.unavailable`])
    assert.match(cut.details, /The service is unavailable\. Try again later\. rpcId: /)
    assert.equal(cut.metadata.get('type')[0], 'Subscribe')

    await control(sandbox, 'POST', 'stream', { kind: 'expire-replay' })
    const expired = await subscribe({ replayPreset: 'CUSTOM', replayId: event!.replayId }).failure()
    assert.equal(errorCode(expired), `${PREFIX}.subscription.fetch.replayid.corrupted`)
    assert.deepEqual((await subscribed({ replayPreset: 'EARLIEST' })).received, [])

    const silent = await subscribed({})
    await control(sandbox, 'POST', 'stream', { kind: 'silence', ms: 500 })
    const heard = silent.batches.length
    await touch(1)
    await assert.rejects(
      silent.until('nothing', () => silent.batches.length > heard, 300),
      /waited/,
    )
    await silent.events(1)
  })

  it('beyond the delivery allowance the stream fails and /limits shows why', async () => {
    const limits = await connection.limits()
    const { Max, Remaining } = limits.DailyDeliveredPlatformEvents!
    const used = Max - Remaining
    await settings({ deliveryLimit: used + 2 })
    const stream = await subscribed({})
    await touch(1)
    await stream.events(1)
    await touch(1)
    await stream.events(2)
    await touch(1)
    assert.equal(errorCode(await stream.failure()), `${PREFIX}.subscription.limit.exceeded`)
    assert.equal((await connection.limits()).DailyDeliveredPlatformEvents?.Remaining, 0)
    await settings({ deliveryLimit: Max })
  })

  it('a reader slower than the retained window gets an error and is not skipped ahead', async () => {
    const small = await startSandbox({ retainMax: 20 })
    const smallConnection = await connect(small)
    const reader = new PubSubClient(small, smallConnection.accessToken!)
    const stream = reader.subscribe({ numRequested: 1, replayPreset: 'EARLIEST' })
    const id = (await firstRow(smallConnection, 'SELECT Id FROM Account')).Id
    for (let i = 0; i < 40; i++) await smallConnection.sobject('Account').update({ Id: id, Site: String(i) })
    await stream.events(1)
    stream.fetch({ numRequested: 100 })
    assert.equal(errorCode(await stream.failure()), `${PREFIX}.subscription.fetch.replayid.corrupted`)
    reader.close()
    await small.close()
  })

  it('keeps up with 1,000 changes without losing one or their order', async () => {
    const stream = await subscribed({ topicName: '/data/LeadChangeEvent', numRequested: 100 })
    const leads = Array.from({ length: 1_000 }, (_, i) => ({ LastName: `Load ${i}`, Company: 'Load' }))
    const made = await connection
      .sobject('Lead')
      .create(leads, { allowRecursive: true, headers: { 'Sforce-Auto-Assign': 'FALSE' } })
    let asked = 100
    while (asked < 1_000) {
      await stream.until(`${asked} events`, () => stream.received.length >= asked)
      stream.fetch({ numRequested: 100 })
      asked += 100
    }
    const events = await stream.events(1_000)
    assert.deepEqual(
      events.map((event) => event.header.recordIds[0]),
      made.map((row) => row.id),
    )
  })
})
