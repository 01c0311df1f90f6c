import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { buildApp } from '../../src/api/app.ts'
import { webhookRoutes } from '../../src/api/webhooks/webhook-routes.ts'
import type { WebhookReceiver } from '../../src/crm/crm-webhook.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import type { Database } from '../../src/store/database/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const URL = 'https://lanekeeper.example.com/webhooks/hubspot'
const SECRET = 'test-client-secret-0001'
const NOW_MS = Date.parse('2026-11-24T09:00:00Z')

/** A plain socket: a real client may give up on its own at the first broken write. */
async function sendThenRead(port: number, how: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const send = async (bytes: string | Buffer): Promise<void> => {
    if (!socket.write(bytes)) await once(socket, 'drain')
  }
  await send(`POST /webhooks/hubspot HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${how}\r\n\r\n`)
  const part = Buffer.alloc(64 * 1024, 0x20)
  const isChunked = how.includes('chunked')
  for (let n = 0; n < 512; n++) {
    await send(isChunked ? Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]) : part)
  }
  if (isChunked) await send('0\r\n\r\n')
  let answer = ''
  for await (const bytes of socket) answer += String(bytes)
  return answer
}

describe('the webhook route', () => {
  let database: TestDatabase
  let app: FastifyInstance
  let receivers: WebhookReceiver[]
  let unreadable: string[]
  let isAnyKnown: boolean
  /** Between what was known and a second look. */
  let addedMeanwhile: () => void
  const woken: string[] = []
  before(async () => {
    database = await testDatabase()
    app = appOn(database.db)
  })
  after(async () => {
    await app.close()
    await database.drop()
  })
  beforeEach(async () => {
    woken.length = 0
    unreadable = []
    isAnyKnown = false
    addedMeanwhile = () => undefined
    receivers = [receiver('33', '7', [SECRET])]
    await sql`truncate change_event`.execute(database.db)
    await sql`delete from counter`.execute(database.db)
  })

  const receiver = (portalId: string, appId: string, clientSecrets: string[]): WebhookReceiver => ({
    connectionId: `hubspot-${portalId}` as ConnectionId,
    accountId: portalId,
    grant: { kind: 'hubspot-token', token: 'unused', clientSecrets, appId },
    urls: [URL],
    fields: {},
  })
  const appOn = (db: Database) =>
    buildApp({
      db,
      publicUrl: 'https://lanekeeper.example.com',
      consoleDir: null,
      plugins: [
        webhookRoutes({
          db,
          crm: 'hubspot',
          connections: async (how) => {
            if (how === 'fresh') addedMeanwhile()
            return { receivers, unreadable, isAnyKnown: isAnyKnown || receivers.length > 0 }
          },
          wakeApply: (id) => woken.push(id),
          nowMs: () => NOW_MS,
        }),
      ],
    })
  const event = (id: number, portalId = 33, change: object = {}) => ({
    eventId: id,
    subscriptionId: 1,
    portalId,
    appId: 7,
    occurredAt: NOW_MS - 1_000,
    subscriptionType: 'contact.propertyChange',
    attemptNumber: 0,
    objectId: 1_000 + id,
    propertyName: 'company',
    propertyValue: 'Acme',
    changeSource: 'CRM_UI',
    sourceId: 'userId:9',
    ...change,
  })
  const deliver = (
    body: unknown,
    {
      on = app,
      secret = SECRET,
      atMs = NOW_MS,
      host = 'lanekeeper.example.com',
    }: { on?: FastifyInstance; secret?: string; atMs?: number; host?: string } = {},
  ) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const signature = createHmac('sha256', secret).update(`POST${URL}${text}${atMs}`).digest('base64')
    return on.inject({
      method: 'POST',
      url: '/webhooks/hubspot',
      payload: text,
      headers: {
        host,
        'content-type': 'application/json',
        'x-hubspot-signature-v3': signature,
        'x-hubspot-request-timestamp': String(atMs),
      },
    })
  }
  const stored = async () =>
    (await sql<{ n: number }>`select count(*)::int as n from change_event`.execute(database.db)).rows[0]!.n
  const counter = async (name: string) =>
    (await sql<{ detail: string; n: number }>`select detail, n from counter where name = ${name}`.execute(database.db))
      .rows

  it('stores before it answers, wakes apply, and stores a second delivery only once', async () => {
    assert.equal((await deliver([event(1), event(2)])).statusCode, 204)
    assert.equal((await deliver([event(1, 33, { attemptNumber: 3 }), event(2)])).statusCode, 204)
    assert.equal(await stored(), 2)
    assert.deepEqual(woken, ['hubspot-33', 'hubspot-33'])
  })

  it('part of promise 11: answers a forged or stale delivery with 401 as problem+json, counts it and stores nothing', async () => {
    const forged = await deliver([event(1)], { secret: 'not the secret' })
    assert.equal(forged.statusCode, 401)
    assert.match(forged.headers['content-type'] as string, /application\/problem\+json/)
    assert.equal((await deliver([event(1)], { atMs: NOW_MS - 301_000 })).statusCode, 401)
    assert.equal(await stored(), 0)
    assert.deepEqual((await counter('webhook-refused')).map(({ detail }) => detail).sort(), ['bad-signature', 'stale'])
  })

  it('part of promise 11: who may sign for one portal may not speak for another', async () => {
    receivers = [...receivers, receiver('44', '9', ['secret of the other app'])]
    const answer = await deliver([event(1, 44), event(2, 33)])
    assert.equal(answer.statusCode, 204)
    assert.equal(await stored(), 1)
    assert.deepEqual(await counter('webhook-refused'), [{ detail: 'other-portal', n: 1 }])
    assert.deepEqual(woken, ['hubspot-33'])
  })

  it('verifies over the address that each connection was given, whatever address the request came by', async () => {
    receivers = receivers.map((one) => ({ ...one, urls: ['https://tunnel.example/webhooks/hubspot'] }))
    assert.equal((await deliver([event(1)])).statusCode, 401, 'signed for the address of another connection')
    receivers = receivers.map((one) => ({ ...one, urls: [URL] }))
    assert.equal((await deliver([event(1)], { host: 'tunnel.example' })).statusCode, 204)
  })

  it('answers what is signed but is no list of notifications with 400, counts it and stores nothing', async () => {
    for (const body of ['{"eventId":1}', 'not json', `${'['.repeat(10_000)}${']'.repeat(10_000)}`]) {
      assert.equal((await deliver(body)).statusCode, 400, body.slice(0, 20))
    }
    assert.equal(await stored(), 0)
    assert.equal((await counter('webhook-refused'))[0]?.n, 3)
  })

  it('stores the others where one item cannot be read, and counts that one with the reason', async () => {
    assert.equal((await deliver([event(1), null, event(2, 33, { portalId: undefined }), event(3)])).statusCode, 204)
    assert.equal(await stored(), 2)
    assert.deepEqual(
      (await counter('webhook-skipped')).toSorted((a, b) => a.detail.localeCompare(b.detail)),
      [
        { detail: 'no-portal', n: 1 },
        { detail: 'not-an-object', n: 1 },
      ],
    )
  })

  it('stores a delivery of 100 long texts, 6.5 MB, as HubSpot may send them', async () => {
    const long = { propertyName: 'notes', propertyValue: 'x'.repeat(65_000) }
    for (const n of [19, 100]) {
      const answer = await deliver(Array.from({ length: n }, (_, i) => event(n * 1_000 + i, 33, long)))
      assert.equal(answer.statusCode, 204, answer.body.slice(0, 200))
    }
    assert.equal(await stored(), 119)
  })

  it('asks HubSpot to come again with a delivery above 8 MiB, and counts it', async () => {
    const large = JSON.stringify([event(1, 33, { propertyValue: 'x'.repeat(8 * 1024 * 1024) })])
    const many = `[${Array(50_001).fill('{}').join()}]`
    for (const body of [large, many]) {
      const answer = await deliver(body)
      assert.equal(answer.statusCode, 503)
      assert.ok(answer.headers['retry-after'])
    }
    assert.deepEqual(await counter('webhook-refused'), [{ detail: 'too-large', n: 2 }])
    assert.equal(await stored(), 0)
  })

  for (const how of ['content-length: 33554432', 'transfer-encoding: chunked']) {
    it(`answers a sender of 32 MiB who reads only when all is sent (${how})`, async () => {
      await app.listen({ port: 0, host: '127.0.0.1' })
      const { port } = app.server.address() as AddressInfo
      const answer = await sendThenRead(port, how)
      assert.match(answer, /^HTTP\/1\.1 503 /)
      assert.match(answer, /retry-after: 5/)
      await app.close()
      app = appOn(database.db)
    })
  }

  it('takes 10,000 notifications in one delivery, each once, however often it comes', async () => {
    const all = Array.from({ length: 10_000 }, (_, n) =>
      event(n % 9_000, 33, { propertyValue: `Company ${n % 9_000}` }),
    )
    const statuses: number[] = []
    // What takes longer than two seconds on a slow machine is asked for again, as HubSpot does it.
    for (let attempt = 0; attempt < 5 && statuses.at(-1) !== 204; attempt += 1)
      statuses.push((await deliver(all)).statusCode)
    assert.equal(statuses.at(-1), 204, statuses.join())
    assert.equal((await deliver(all)).statusCode, 204)
    assert.equal(await stored(), 9_000)
  })

  it('keeps both of two values that one event id, time and property carry', async () => {
    assert.equal((await deliver([event(1), event(1, 33, { propertyValue: 'Beta' })])).statusCode, 204)
    assert.equal(await stored(), 2)
    assert.deepEqual(await counter('events-duplicate'), [])
  })

  it('says of no link that it was delivered twice because both of its ends tell of it', async () => {
    const link = { objectId: undefined, propertyName: undefined, propertyValue: undefined }
    const there = { subscriptionType: 'contact.associationChange', associationType: 'CONTACT_TO_COMPANY' }
    const back = { subscriptionType: 'company.associationChange', associationType: 'COMPANY_TO_CONTACT' }
    const first = event(1, 33, { ...link, ...there, fromObjectId: 5, toObjectId: 6 })
    const second = event(2, 33, { ...link, ...back, fromObjectId: 6, toObjectId: 5 })
    await deliver([first, second, event(3)])
    await deliver([second])
    assert.equal(await stored(), 3)
    assert.deepEqual(await counter('events-duplicate'), [])
    await deliver([event(3), second])
    assert.deepEqual(await counter('events-duplicate'), [{ detail: 'contacts', n: 1 }])
  })

  it('takes a delivery that mixes portals apart: ours is stored, the unknown one counted, the answer is 2xx', async () => {
    assert.equal((await deliver([event(1), event(2, 999)])).statusCode, 204)
    assert.equal(await stored(), 1)
    assert.deepEqual(await counter('webhook-unknown-portal'), [{ detail: '999', n: 1 }])
  })

  it('checks the signature against the configured URL, not against what a proxy made of the request', async () => {
    assert.equal((await deliver([event(1)], { host: 'lanekeeper.example.com:8443' })).statusCode, 204)
  })

  it('stores characters that Postgres cannot hold as ones that it can', async () => {
    const body = JSON.stringify([event(1, 33, { propertyValue: 'a\u0000b' })]).replace('Acme', '\\ud800')
    assert.equal((await deliver(body)).statusCode, 204)
    assert.equal(await stored(), 1)
  })

  it('asks HubSpot to come again while no portal is connected', async () => {
    receivers = []
    const answer = await deliver([event(1)])
    assert.equal(answer.statusCode, 503)
    assert.ok(answer.headers['retry-after'])
  })

  it('looks once more before it calls a signature false: a secret that was added a moment ago counts', async () => {
    addedMeanwhile = () => {
      receivers = [receiver('33', '7', ['added a moment ago', SECRET])]
    }
    assert.equal((await deliver([event(1)], { secret: 'added a moment ago' })).statusCode, 204)
    assert.equal(await stored(), 1)
    assert.equal((await deliver([event(2)], { secret: 'never added' })).statusCode, 401)
  })

  it('asks HubSpot to come again with what it cannot judge because a key is missing here', async () => {
    unreadable = ['44']
    const unjudged = await deliver([event(1, 44)], { secret: 'secret of the other app' })
    assert.equal(unjudged.statusCode, 503)
    assert.ok(unjudged.headers['retry-after'])
    assert.equal((await deliver([event(1)], { atMs: NOW_MS - 301_000 })).statusCode, 401, 'old, whoever signed it')
    // One app for both portals: what can be stored is, and the rest comes again with it.
    assert.equal((await deliver([event(1, 44), event(2, 33)])).statusCode, 503)
    assert.equal(await stored(), 1)
    assert.deepEqual(await counter('webhook-unknown-portal'), [])
    receivers = []
    assert.equal((await deliver([event(1, 44)])).statusCode, 503)
  })

  it('lets go of deliveries for portals that were ended or are polled, and counts them', async () => {
    receivers = []
    isAnyKnown = true
    assert.equal((await deliver([event(1)])).statusCode, 204)
    assert.equal(await stored(), 0)
    assert.deepEqual(await counter('webhook-unwanted'), [{ detail: 'no-secret', n: 1 }])
  })

  it('part of promise 2: answers 503 with Retry-After within two seconds when the database is gone', async () => {
    const broken = await testDatabase()
    const on = appOn(broken.db)
    await on.ready()
    await broken.drop()
    const from = performance.now()
    const answer = await deliver([event(1)], { on })
    assert.equal(answer.statusCode, 503)
    assert.ok(answer.headers['retry-after'])
    assert.ok(performance.now() - from < 3_000)
    await on.close()
  })
})
