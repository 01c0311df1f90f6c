import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { buildApp } from '../../src/api/app.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { secretOf } from './app-under-test.ts'

describe('over real HTTP', () => {
  let test: TestDatabase
  let base: string
  let app: ReturnType<typeof buildApp>
  let cookie: string
  before(async () => {
    test = await testDatabase()
    app = buildApp({ db: test.db, publicUrl: 'http://localhost:4000' })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const address = app.server.address()
    assert.ok(address && typeof address === 'object')
    base = `http://127.0.0.1:${address.port}`
    const reply = await fetch(`${base}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: base },
      body: JSON.stringify({ link: await secretOf(test.db) }),
    })
    assert.equal(reply.status, 200)
    cookie = reply.headers.getSetCookie()[0]!.split(';')[0]!
  })
  after(async () => {
    await app.close()
    await test.drop()
  })

  it('answers carry a strict content security policy and are not cached', async () => {
    const reply = await fetch(`${base}/api/console/overview`, { headers: { cookie } })
    assert.equal(reply.status, 200)
    const csp = reply.headers.get('content-security-policy') ?? ''
    assert.match(csp, /default-src 'none'/)
    assert.match(csp, /frame-ancestors 'none'/)
    assert.doesNotMatch(csp, /unsafe/)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
  })

  it('an open console hears that something changed, and never what', async () => {
    const stop = new AbortController()
    const reply = await fetch(`${base}/api/console/live`, { headers: { cookie }, signal: stop.signal })
    assert.equal(reply.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    let heard = ''
    const reading = (async () => {
      for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
        heard += chunk
        if (heard.includes('event: changed')) return
      }
    })()
    // Changes until one is heard: the first look only learns where things stand.
    const deadline = Date.now() + 15_000
    for (let n = 0; !heard.includes('event: changed') && Date.now() < deadline; n++) {
      await sql`insert into workflow (workflow, title, mode, effective_mode)
        values (${`confidential-${n}`}, 'x', 'draft', 'draft')`.execute(test.db)
      await Promise.race([reading, wait(500)])
    }
    stop.abort()
    await reading.catch(() => undefined)
    assert.match(heard, /event: changed/)
    assert.ok(!heard.includes('confidential'))
  })

  it('open streams do not hold up the stop of the service', async () => {
    const own = buildApp({ db: test.db, publicUrl: 'http://localhost:4000' })
    await own.listen({ host: '127.0.0.1', port: 0 })
    const address = own.server.address()
    assert.ok(address && typeof address === 'object')
    const port = address.port
    // The cookie's name holds the public port, not this one, so the session is good here as well.
    const reply = await fetch(`http://127.0.0.1:${port}/api/console/live`, { headers: { cookie } })
    const ended = (async () => {
      for await (const _ of reply.body!);
    })()
    const started = performance.now()
    await own.close()
    await ended.catch(() => undefined)
    assert.ok(performance.now() - started < 3_000)
  })
})
