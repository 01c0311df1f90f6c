import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { buildApp } from '../../src/api/app.ts'
import { adminLink, TEST_ADMIN } from '../support/people.ts'
import { type AppUnderTest, appUnderTest, cookieOf, PUBLIC_URL, problemOf, secretOf } from './app-under-test.ts'

describe('a sign-in link', () => {
  let t: AppUnderTest
  before(async () => {
    t = await appUnderTest()
  })
  after(() => t.close())

  const exchange = (link: string) => t.call({ method: 'POST', url: '/api/session', payload: { link } })

  it('keeps its secret of at least 128 bits in the fragment, which no server or proxy sees', async () => {
    const url = new URL(await adminLink(t.db, PUBLIC_URL))
    assert.equal(url.pathname + url.search, '/sign-in')
    assert.ok(Buffer.from(url.hash.slice(1), 'base64url').length >= 16)
  })

  it('is stored as a hash, so a copy of the database signs nobody in', async () => {
    const secret = await secretOf(t.db)
    const { rows } = await sql<{ all: string }>`select string_agg(l::text, '') as all from sign_in_link l`.execute(t.db)
    assert.ok(!rows[0]!.all.includes(secret))
    assert.ok(!rows[0]!.all.includes(Buffer.from(secret).toString('hex')))
  })

  it('opens a session with an HttpOnly SameSite=Lax cookie', async () => {
    const reply = await exchange(await secretOf(t.db))
    assert.equal(reply.statusCode, 200)
    const cookie = reply.cookies[0]!
    assert.equal(cookie.httpOnly, true)
    assert.equal(cookie.sameSite, 'Lax')
    assert.equal(cookie.path, '/')
    assert.equal(cookie.secure, undefined)
    const mine = await t.call({ url: '/api/session', headers: { cookie: cookieOf(reply) } })
    assert.equal(mine.statusCode, 200)
  })

  it('works once: the second use is refused and says what to do', async () => {
    const secret = await secretOf(t.db)
    assert.equal((await exchange(secret)).statusCode, 200)
    const again = await exchange(secret)
    assert.equal(again.statusCode, 401)
    assert.equal(problemOf(again).type, 'urn:lanekeeper:problem:link-used-or-stale')
    assert.match(problemOf(again).detail, /Ask the person who sent it/)
  })

  it('lets exactly one of ten simultaneous uses in', async () => {
    const secret = await secretOf(t.db)
    const replies = await Promise.all(Array.from({ length: 10 }, () => exchange(secret)))
    assert.equal(replies.filter((reply) => reply.statusCode === 200).length, 1)
  })

  it('says whom it is for without being used up', async () => {
    const secret = await secretOf(t.db)
    const look = () => t.call({ method: 'POST', url: '/api/session/link', payload: { link: secret } })
    assert.equal((await look()).json<{ name: string }>().name, TEST_ADMIN)
    assert.equal((await look()).statusCode, 200)
    assert.equal((await exchange(secret)).statusCode, 200)
    assert.equal((await look()).statusCode, 401)
  })

  it('is worth nothing once the person has ended', async () => {
    const secret = await secretOf(t.db)
    await sql`update person set ended_at = now() where name = ${TEST_ADMIN}`.execute(t.db)
    assert.equal((await exchange(secret)).statusCode, 401)
    await sql`update person set ended_at = null`.execute(t.db)
  })

  it('is refused after its 24 hours', async () => {
    const secret = await secretOf(t.db)
    const { rows } = await sql<{ hours: number }>`
      select round(extract(epoch from expires_at - now()) / 3600)::int as hours from sign_in_link
      where used_at is null order by expires_at desc limit 1`.execute(t.db)
    assert.equal(rows[0]!.hours, 24)
    await sql`update sign_in_link set expires_at = now() - interval '1 second' where used_at is null`.execute(t.db)
    assert.equal((await exchange(secret)).statusCode, 401)
  })

  it('is not guessed: a made-up secret is refused like a used one', async () => {
    const reply = await exchange('A'.repeat(43))
    assert.equal(problemOf(reply).type, 'urn:lanekeeper:problem:link-used-or-stale')
  })

  it('gives a __Host- cookie with Secure where people come by https', async () => {
    const app = buildApp({ db: t.db, publicUrl: 'https://lanes.acme.example' })
    const reply = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'lanes.acme.example', origin: 'https://lanes.acme.example' },
      payload: { link: await secretOf(t.db) },
    })
    assert.equal(reply.cookies[0]!.name, '__Host-lanekeeper')
    assert.equal(reply.cookies[0]!.secure, true)
    assert.match(String(reply.headers['strict-transport-security']), /max-age=/)
    await app.close()
  })
})

describe('a session', () => {
  let t: AppUnderTest
  before(async () => {
    t = await appUnderTest()
  })
  after(() => t.close())

  const look = (cookie: string) => t.call({ url: '/api/console/overview', headers: { cookie } })

  it('is needed for every route of the console', async () => {
    for (const url of ['overview', 'exceptions', 'exceptions/1', 'workflows', 'connections', 'live']) {
      const reply = await t.call({ url: `/api/console/${url}` })
      assert.equal(reply.statusCode, 401, url)
      assert.equal(problemOf(reply).type, 'urn:lanekeeper:problem:not-signed-in')
    }
  })

  it('ends at sign-out: the same cookie is worth nothing afterwards', async () => {
    const cookie = await t.signIn()
    assert.equal((await look(cookie)).statusCode, 200)
    const out = await t.call({ method: 'DELETE', url: '/api/session', headers: { cookie } })
    assert.equal(out.statusCode, 204)
    assert.equal((await look(cookie)).statusCode, 401)
  })

  it('ends when nobody has used it for twelve hours', async () => {
    const cookie = await t.signIn()
    await sql`update session set seen_at = now() - interval '11 hours'`.execute(t.db)
    assert.equal((await look(cookie)).statusCode, 200)
    await sql`update session set seen_at = now() - interval '12 hours 1 minute'`.execute(t.db)
    assert.equal((await look(cookie)).statusCode, 401)
  })

  it('ends after a week, however busy', async () => {
    const cookie = await t.signIn()
    await sql`update session set expires_at = now() - interval '1 second'`.execute(t.db)
    assert.equal((await look(cookie)).statusCode, 401)
  })

  it('is replaced, not doubled, by signing in again', async () => {
    const first = await t.signIn()
    const reply = await t.call({
      method: 'POST',
      url: '/api/session',
      headers: { cookie: first },
      payload: { link: await secretOf(t.db) },
    })
    assert.equal((await look(cookieOf(reply))).statusCode, 200)
    assert.equal((await look(first)).statusCode, 401)
  })

  it('cannot be ended or opened from another site', async () => {
    const cookie = await t.signIn()
    for (const origin of ['https://evil.example', 'null', 'http://localhost:4001', 'https://localhost:4000']) {
      const reply = await t.call({ method: 'DELETE', url: '/api/session', headers: { cookie, origin } })
      assert.equal(reply.statusCode, 403, origin)
      assert.equal(problemOf(reply).type, 'urn:lanekeeper:problem:origin-refused')
    }
    const without = await t.app.inject({
      method: 'DELETE',
      url: '/api/session',
      headers: { host: 'localhost:4000', cookie },
    })
    assert.equal(without.statusCode, 403)
    assert.equal((await look(cookie)).statusCode, 200)
  })
})
