import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { buildApp } from '../../src/api/app.ts'
import { openDatabase } from '../../src/store/database/database.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf, secretOf } from './app-under-test.ts'

describe('an error', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest({
      plugins: [
        async (app) => {
          app.get('/faulty', async () => {
            throw new Error('secret-of-the-customer')
          })
        },
      ],
    })
    cookie = await t.signIn()
  })
  after(() => t.close())

  it('is problem+json with a stable type, a request id and whether to try again', async () => {
    const reply = await t.call({ url: '/no/such/page' })
    assert.equal(reply.statusCode, 404)
    assert.match(String(reply.headers['content-type']), /^application\/problem\+json/)
    const { request_id, ...rest } = problemOf(reply)
    assert.match(request_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(rest, {
      type: 'urn:lanekeeper:problem:not-found',
      title: 'Not found',
      status: 404,
      detail: 'There is nothing here.',
      retryable: false,
    })
  })

  it('of ours tells the outside nothing of what went wrong inside', async () => {
    const reply = await t.call({ url: '/faulty' })
    assert.equal(reply.statusCode, 500)
    assert.ok(!reply.body.includes('secret-of-the-customer'))
    assert.equal(problemOf(reply).retryable, true)
  })

  it('names each value that is not accepted', async () => {
    const reply = await t.call({ url: '/api/console/exceptions?class=odd&limit=9999', headers: { cookie } })
    assert.equal(reply.statusCode, 400)
    assert.deepEqual(
      problemOf(reply)
        .errors?.map((error) => error.field)
        .sort(),
      ['class', 'limit'],
    )
  })

  const bad: readonly [string, { payload: string; type?: string; status: number }][] = [
    ['JSON that is not JSON', { payload: '{"link":', status: 400 }],
    ['no body where one is due', { payload: '', status: 400 }],
    ['10,000 levels of nesting', { payload: `${'{"link":'.repeat(10_000)}1${'}'.repeat(10_000)}`, status: 400 }],
    ['a __proto__ key', { payload: '{"__proto__":{"link":"x"}}', status: 400 }],
    ['another media type', { payload: '<link/>', type: 'application/xml', status: 415 }],
    ['more than 1 MB', { payload: JSON.stringify({ link: 'x'.repeat(1_100_000) }), status: 413 }],
  ]
  for (const [name, { payload, type = 'application/json', status }] of bad) {
    it(`answers ${name} with ${status}`, async () => {
      const reply = await t.call({
        method: 'POST',
        url: '/api/session',
        headers: { 'content-type': type },
        payload,
      })
      assert.equal(reply.statusCode, status, reply.body)
      assert.equal(problemOf(reply).status, status)
      assert.equal(problemOf(reply).retryable, false)
    })
  }

  it('says which method is wrong instead of denying the address', async () => {
    const reply = await t.call({ method: 'PUT', url: '/api/session', payload: {} })
    assert.equal(reply.statusCode, 405)
  })

  it('answers a search for a null character or half a surrogate with a list, not a fault', async () => {
    for (const q of ['%00', 'a%00b', '%ED%A0%80', '%25_%5C', 'x%20'.repeat(60)]) {
      const reply = await t.call({ url: `/api/console/exceptions?q=${q}`, headers: { cookie } })
      assert.ok([200, 400].includes(reply.statusCode), `${q}: ${reply.statusCode} ${reply.body}`)
    }
  })

  it('refuses a cursor and a number that are not ours', async () => {
    for (const url of [
      'exceptions?cursor=abc',
      `exceptions?cursor=${Buffer.from("2026-01-01T00:00:00.000000Z/1' or 1=1").toString('base64url')}`,
      `exceptions?cursor=${Buffer.from('2026-99-99T00:00:00.000000Z/1').toString('base64url')}`,
      'exceptions/1e9',
      'exceptions/99999999999999999999',
    ]) {
      const reply = await t.call({ url: `/api/console/${url}`, headers: { cookie } })
      assert.equal(reply.statusCode, 400, url)
    }
  })

  it('limits how often links may be tried', async () => {
    const link = 'B'.repeat(43)
    const statuses = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const reply = await t.call({ method: 'POST', url: '/api/session', remoteAddress: '10.1.2.3', payload: { link } })
      statuses.add(reply.statusCode)
      if (reply.statusCode === 429) assert.equal(problemOf(reply).type, 'urn:lanekeeper:problem:too-many-requests')
    }
    assert.deepEqual([...statuses], [401, 429])
  })
})

describe('a request under a foreign host name', () => {
  let t: AppUnderTest
  before(async () => {
    t = await appUnderTest({ extraHosts: ['hooks.acme.example'] })
  })
  after(() => t.close())

  it('is refused, so that a page elsewhere cannot rebind its name to us', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', 'not a host', '127.0.0.1.nip.io:4000']) {
      const reply = await t.app.inject({ url: '/api/session', headers: { host } })
      assert.equal(reply.statusCode, 421, host)
    }
  })

  it('is answered under our own names and those it was told of', async () => {
    for (const host of ['localhost:4000', '127.0.0.1:4000', '[::1]:4000', 'hooks.acme.example']) {
      const reply = await t.app.inject({ url: '/api/session', headers: { host } })
      assert.equal(reply.statusCode, 401, host)
    }
  })

  it('is answered to probes, which come by address', async () => {
    const reply = await t.app.inject({ url: '/livez', headers: { host: '10.0.0.7:4000' } })
    assert.equal(reply.statusCode, 200)
  })
})

describe('while the database is away', () => {
  it('a request is told to come back, and nothing of the failure is shown', async () => {
    const db = openDatabase('postgres://user:hunter2@127.0.0.1:1/none', { max: 1, applicationName: 'test' })
    const app = buildApp({ db, publicUrl: PUBLIC_URL })
    const reply = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost:4000', origin: PUBLIC_URL },
      payload: { link: 'A'.repeat(43) },
    })
    assert.equal(reply.statusCode, 503)
    assert.equal(reply.headers['retry-after'], '5')
    assert.equal(problemOf(reply).type, 'urn:lanekeeper:problem:database-unavailable')
    assert.equal(problemOf(reply).retryable, true)
    assert.ok(!reply.body.includes('127.0.0.1'))
    assert.equal((await app.inject({ url: '/livez' })).statusCode, 200)
    assert.equal((await app.inject({ url: '/readyz' })).statusCode, 503)
    await app.close()
    await db.destroy()
  })
})

describe('what is answered', () => {
  it('never holds or logs a secret of a session', async () => {
    const lines: string[] = []
    const { pino } = await import('pino')
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
    const t = await appUnderTest({ logger })
    const secret = await secretOf(t.db)
    const reply = await t.call({ method: 'POST', url: '/api/session', payload: { link: secret } })
    const token = reply.cookies[0]!.value
    await t.call({ url: '/api/console/overview', headers: { cookie: `${reply.cookies[0]!.name}=${token}` } })
    await t.call({ method: 'POST', url: '/api/session', payload: { link: secret } })
    assert.ok(!reply.body.includes(token))
    assert.ok(!lines.join('').includes(secret))
    assert.ok(!lines.join('').includes(token))
    await t.close()
  })
})
