import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { SessionsReply } from '../../src/api/sessions/own-session-types.ts'
import { LINKS_ONLY } from '../../src/api/sessions/sign-in-set-up.ts'
import { createMailer } from '../../src/mail/send-mail.ts'
import { makeSignInLink } from '../../src/people/make-link.ts'
import { createProvider } from '../../src/people/sign-in-provider.ts'
import { makeAdmin } from '../../src/store/people/admins.ts'
import { confirmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import type { SignInMethod } from '../../src/store/people/sessions.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts'
import { type ScriptedMail, scriptedMailServer } from '../support/mail-server.ts'
import { sessionToken } from '../support/people.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'
import { peopleLedger, TestBrowser } from './sign-in-flow.ts'

describe('people and their sessions', () => {
  let t: AppUnderTest
  let idp: IdentityProvider
  let server: ScriptedMail
  let [ada, bob, tom]: PersonId[] = []
  before(async () => {
    idp = await startIdentityProvider(`${PUBLIC_URL}/sign-in/callback`)
    idp.accounts.set('tom', { email: 'tom@acme.test', email_verified: true })
    idp.accounts.set('ada', { email: 'ada@acme.test', email_verified: true })
    server = await scriptedMailServer()
    const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom: 'lanekeeper@acme.test' })
    t = await appUnderTest({ signIn: { ...LINKS_ONLY, mailer, provider: createProvider(idp) } })
  })
  after(async () => {
    await t.close()
    await server.close()
    await idp.close()
  })
  beforeEach(async () => {
    server.mails.length = 0
    await sql`truncate person, sign_in_attempt cascade`.execute(t.db)
    ;[ada, bob, tom] = [await person('Ada Admin'), await person('Bob Admin'), await person('Tom Becker')]
    for (const id of [ada!, bob!]) await makeAdmin(t.db, id, 'terminal')
  })

  const person = (name: string) => createPerson(t.db, { name, madeBy: 'terminal' })

  async function as(personId: PersonId, method: SignInMethod = 'code'): Promise<TestBrowser> {
    const browser = new TestBrowser(t)
    browser.cookies.set('lanekeeper_4000', await sessionToken(t.db, { personId, method }))
    return browser
  }
  const page = async (browser: TestBrowser) =>
    (await browser.call({ url: '/api/console/sessions' })).json<SessionsReply>()

  /** In a session that a link of this maker began. */
  async function byLink(personId: PersonId, maker: PersonId): Promise<TestBrowser> {
    const link = await makeSignInLink(t.db, PUBLIC_URL, { personId, by: `person:${maker}` })
    const browser = new TestBrowser(t)
    const reply = await browser.post('/api/session', { link: new URL(link).hash.slice(1) })
    assert.equal(reply.statusCode, 200)
    return browser
  }

  async function addAccount(browser: TestBrowser, subject: string): Promise<string> {
    idp.account = subject
    const begun = await browser.post('/api/session/oidc', { purpose: 'add' })
    const { pathname, search } = new URL(await idp.visit(begun.json<{ url: string }>().url))
    return String((await browser.call({ url: pathname + search })).headers.location)
  }

  it('shows each person their own sessions, and an admin those of the others too', async () => {
    const mine = await as(tom!)
    await as(tom!, 'link')
    await as(ada!)
    const own = await page(mine)
    assert.deepEqual(own.mine.map(({ method, isThis }) => [method, isThis]).toSorted(), [
      ['code', true],
      ['link', false],
    ])
    assert.deepEqual([own.others, own.isAdmin, own.people], [[], false, []])
    const admin = await page(await as(bob!))
    assert.deepEqual(admin.others.map(({ person: { name } }) => name).toSorted(), [
      'Ada Admin',
      'Tom Becker',
      'Tom Becker',
    ])
  })

  it('ends one of its own, and all others at once', async () => {
    const [one, two, three] = [await as(tom!), await as(tom!), await as(tom!)]
    const { mine } = await page(two)
    const ended = mine.find(({ isThis }) => !isThis)!
    const url = `/api/console/sessions/${ended.id}?person=${tom}`
    assert.equal((await two.call({ method: 'DELETE', url })).statusCode, 204)
    assert.equal((await page(two)).mine.length, 2)
    assert.equal((await two.call({ method: 'DELETE', url })).statusCode, 404)
    assert.equal((await two.post('/api/console/sessions/end-others', {})).json<{ ended: number }>().ended, 1)
    assert.equal(await one.me(), null)
    assert.equal(await three.me(), null)
    assert.notEqual(await two.me(), null)
  })

  it("lets an admin end another's session, which the ledger says, and nobody else", async () => {
    const theirs = await as(tom!)
    const { mine } = await page(theirs)
    const url = `/api/console/sessions/${mine[0]!.id}?person=${tom}`
    const stranger = await as(await person('Stranger'))
    assert.equal((await stranger.call({ method: 'DELETE', url })).statusCode, 403)
    assert.notEqual(await theirs.me(), null)
    assert.equal((await (await as(ada!)).call({ method: 'DELETE', url })).statusCode, 204)
    assert.equal(await theirs.me(), null)
    assert.match((await peopleLedger(t.db)).at(-1)!, /^session-ended/)
  })

  it('ends with the person', async () => {
    const theirs = await as(tom!)
    await sql`update person set ended_at = now() where id = ${tom!}`.execute(t.db)
    assert.equal(await theirs.me(), null)
  })

  describe('a link', () => {
    it('tells whom it is for by mail and on their page, with who made it', async () => {
      await confirmIdentity(t.db, tom!, mailIdentity('tom@acme.test'), { email: null, by: 'terminal' })
      const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom: 'lanekeeper@acme.test' })
      await makeSignInLink(t.db, PUBLIC_URL, { personId: tom!, by: `person:${ada}`, mailer })
      assert.match(server.mails[0]!, /Ada Admin made a link that signs somebody in/)
      const { links } = await page(await as(tom!))
      assert.deepEqual(
        links.map(({ madeBy, isOpen }) => [madeBy, isOpen]),
        [['Ada Admin', true]],
      )
    })

    it('gives whoever made it nothing more: what is added in its session waits for somebody else', async () => {
      const weak = await byLink(tom!, ada!)
      assert.equal(await addAccount(weak, 'ada'), '/sessions?refused=proposed')
      const [join] = (await page(await as(ada!))).joins
      assert.match(join!.why, /the person who made the link may have opened it/)
      const url = `/api/console/joins/${join!.id}`
      const confirm = { personId: tom!, answer: 'confirm' }
      const byMaker = await (await as(ada!)).post(url, confirm)
      assert.equal(byMaker.statusCode, 409)
      assert.match(problemOf(byMaker).detail, /You made the link/)
      assert.equal((await weak.post(url, confirm)).statusCode, 403)
      assert.equal((await (await as(await person('Stranger'))).post(url, confirm)).statusCode, 403)
      // Named as one's own, it is still somebody else's.
      assert.equal((await (await as(bob!)).post(url, { personId: bob!, answer: 'confirm' })).statusCode, 409)
      assert.equal((await (await as(bob!)).post(url, confirm)).statusCode, 204)
      assert.match((await peopleLedger(t.db)).at(-1)!, /^join-confirmed/)
    })

    it('is enough to add the account of an address that is confirmed as theirs', async () => {
      await confirmIdentity(t.db, tom!, mailIdentity('tom@acme.test'), { email: null, by: 'terminal' })
      assert.equal(await addAccount(await byLink(tom!, ada!), 'tom'), '/sessions?added=provider')
    })
  })

  it('adds an account from a session that proves who they are, and never one that is somebody else', async () => {
    const mine = await as(tom!)
    assert.equal(await addAccount(mine, 'tom'), '/sessions?added=provider')
    assert.deepEqual(
      (await page(mine)).ways.map(({ label }) => label),
      ['tom@acme.test (127.0.0.1)'],
    )
    assert.equal(await addAccount(await as(ada!), 'tom'), '/sessions?refused=somebody-elses')
    assert.deepEqual((await page(mine)).ways.length, 1)
    assert.match((await peopleLedger(t.db)).at(-1)!, /^join-conflict/)
  })

  it('adds nothing for the cast of a sandbox', async () => {
    const castOpen = await appUnderTest({
      signIn: { ...LINKS_ONLY, sandbox: ['http://127.0.0.1:1'], provider: createProvider(idp) },
    })
    const ann = await createPerson(castOpen.db, { name: 'Ann', madeBy: 'sandbox' })
    const browser = new TestBrowser(castOpen)
    await browser.post('/api/session/cast', { personId: ann })
    assert.equal(await addAccount(browser, 'tom'), '/sessions?refused=not-from-here')
    await castOpen.close()
  })

  it('refuses a proposal for good, and answers it once', async () => {
    const weak = await byLink(tom!, ada!)
    await addAccount(weak, 'ada')
    const admin = await as(bob!)
    const [join] = (await page(admin)).joins
    const refuse = () => admin.post(`/api/console/joins/${join!.id}`, { personId: tom!, answer: 'refuse' })
    assert.equal((await refuse()).statusCode, 204)
    assert.equal((await refuse()).statusCode, 409)
    assert.deepEqual((await page(admin)).joins, [])
  })

  it('lets a person confirm for themself what was proposed, from a session that proves who they are', async () => {
    await addAccount(await byLink(tom!, ada!), 'tom')
    const mine = await as(tom!)
    const [join] = (await page(mine)).joins
    assert.equal(
      (await mine.post(`/api/console/joins/${join!.id}`, { personId: tom!, answer: 'confirm' })).statusCode,
      204,
    )
  })

  it('sends a test mail for an admin, with the words of the server when it fails', async () => {
    const admin = await as(ada!)
    const send = (browser: TestBrowser, to: string) => browser.post('/api/console/mail/test', { to })
    assert.equal((await send(admin, 'ada@acme.test')).statusCode, 204)
    assert.match(server.mails[0]!, /Test mail from Lanekeeper/)
    const refused = await send(admin, 'nobody@acme.test')
    assert.equal(refused.statusCode, 503)
    assert.match(problemOf(refused).detail, /550 No such user here/)
    assert.equal((await send(await as(tom!), 'tom@acme.test')).statusCode, 403)
  })

  describe('the pause page', () => {
    it('stays signed in for 30 days beside the session, and can do nothing else', async () => {
      const browser = await as(tom!)
      const opened = await browser.post('/api/session/pause-page', {})
      assert.equal(opened.statusCode, 200)
      assert.notEqual(await browser.me(), null)
      assert.equal((await browser.call({ url: '/api/console/overview' })).statusCode, 200)
      const { rows } = await sql<{ days: number }>`
        select round(extract(epoch from expires_at - now()) / 86400)::int as days from session where only_pauses`.execute(
        t.db,
      )
      assert.deepEqual(rows, [{ days: 30 }])
      // The session ends after its hours; the page stays.
      await sql`delete from session where not only_pauses`.execute(t.db)
      await sql`update session set seen_at = now() - interval '29 days'`.execute(t.db)
      const left = await browser.call({ url: '/api/session' })
      assert.equal(left.json<{ onlyPauses: boolean }>().onlyPauses, true)
      for (const url of ['overview', 'sessions', 'exceptions', 'connections']) {
        assert.equal((await browser.call({ url: `/api/console/${url}` })).statusCode, 401, url)
      }
      assert.equal((await browser.post('/api/session/pause-page', {})).statusCode, 401)
      assert.equal((await browser.post('/api/session/oidc', { purpose: 'add' })).statusCode, 401)
    })

    it('is not opened from a link, and ends at sign-out', async () => {
      assert.equal((await (await byLink(tom!, ada!)).post('/api/session/pause-page', {})).statusCode, 403)
      const browser = await as(tom!)
      await browser.post('/api/session/pause-page', {})
      const cookies = new Map(browser.cookies)
      await browser.call({ method: 'DELETE', url: '/api/session' })
      const copy = new TestBrowser(t)
      for (const [name, value] of cookies) copy.cookies.set(name, value)
      assert.equal(await copy.me(), null)
    })
  })

  describe('a machine token', () => {
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
    const wanted = (over: object = {}) => ({
      title: 'BI export',
      workflow: 'w',
      keeperId: tom!,
      scopes: ['read'],
      ...over,
    })
    const make = async (over: object = {}) => {
      const reply = await (await as(ada!)).post('/api/console/tokens', wanted(over))
      assert.equal(reply.statusCode, 200, reply.body)
      return reply.json<{ id: string; token: string }>()
    }
    const get = (token: string, url = '/api/console/overview') => t.call({ url, headers: bearer(token) })
    beforeEach(async () => {
      await sql`insert into workflow (workflow, title, mode, effective_mode) values ('w', 'W', 'observe', 'observe') on conflict do nothing`.execute(
        t.db,
      )
    })

    it('reads what the console reads, is shown once, and is kept as a hash', async () => {
      const { token } = await make()
      assert.equal((await get(token)).statusCode, 200)
      const { tokens } = await page(await as(ada!))
      assert.deepEqual(
        tokens.map(({ title, keeper, scopes }) => [title, keeper, scopes]),
        [['BI export', 'Tom Becker', ['read']]],
      )
      const { rows } = await sql<{ all: string }>`select string_agg(m::text, '') as all from machine_token m`.execute(
        t.db,
      )
      assert.ok(!rows[0]!.all.includes(token.slice(3)))
    })

    it('does nothing but read: no act, no list of sessions, no live stream', async () => {
      const { token } = await make()
      for (const url of ['sessions', 'live'])
        assert.equal((await get(token, `/api/console/${url}`)).statusCode, 403, url)
      for (const url of ['sessions/end-others', 'tokens', 'mail/test', 'connections/x/write-permission']) {
        const reply = await t.call({ method: 'POST', url: `/api/console/${url}`, payload: {}, headers: bearer(token) })
        assert.ok([403, 404].includes(reply.statusCode), `${url} ${reply.statusCode}`)
      }
      assert.equal((await t.call({ url: '/api/session', headers: bearer(token) })).statusCode, 401)
      assert.equal((await get((await make({ scopes: ['ask-for-pause'] })).token)).statusCode, 403)
    })

    it('is refused together with a cookie, whoever is signed in', async () => {
      const { token } = await make()
      const reply = await (await as(ada!)).call({ url: '/api/console/overview', headers: bearer(token) })
      assert.equal(reply.statusCode, 400)
      assert.match(problemOf(reply).detail, /not both/)
    })

    it('is worth nothing once it is revoked, or its keeper has left, or when it was never one', async () => {
      const [one, two] = [await make(), await make({ title: 'Two' })]
      const admin = await as(ada!)
      assert.equal((await admin.call({ method: 'DELETE', url: `/api/console/tokens/${one.id}` })).statusCode, 204)
      assert.equal((await admin.call({ method: 'DELETE', url: `/api/console/tokens/${one.id}` })).statusCode, 404)
      assert.equal((await get(one.token)).statusCode, 401)
      await sql`update person set ended_at = now() where id = ${tom!}`.execute(t.db)
      assert.equal((await get(two.token)).statusCode, 401)
      for (const made of ['lk_', `lk_${'A'.repeat(43)}`, two.token.slice(0, -1), 'x']) {
        assert.equal((await get(made)).statusCode, 401, made)
      }
    })

    it('is made by an admin alone, for a workflow in force and a person who is here, without propose', async () => {
      const admin = await as(ada!)
      assert.equal((await (await as(tom!)).post('/api/console/tokens', wanted())).statusCode, 403)
      assert.equal((await (await as(ada!, 'link')).post('/api/console/tokens', wanted())).statusCode, 403)
      for (const over of [
        { workflow: 'none' },
        { keeperId: 'nobody' },
        { scopes: [] },
        { scopes: ['decide'] },
        { title: ' ' },
      ]) {
        assert.equal((await admin.post('/api/console/tokens', wanted(over))).statusCode, 400, JSON.stringify(over))
      }
      const propose = await admin.post('/api/console/tokens', wanted({ scopes: ['read', 'propose'] }))
      assert.equal(propose.statusCode, 400)
      assert.match(problemOf(propose).detail, /cannot propose yet/)
    })

    it('may ask 300 times a minute', async () => {
      const { token } = await make()
      let last = 200
      for (let n = 0; n < 301 && last === 200; n += 1) last = (await get(token, '/api/console/upgrades')).statusCode
      assert.equal(last, 429)
    })

    it('stands in the ledger with its maker, when it is made and when it ends', async () => {
      const { id } = await make()
      await (await as(bob!)).call({ method: 'DELETE', url: `/api/console/tokens/${id}` })
      const { rows } = await sql<{ kind: string; actor: string }>`
        select kind, actor from ledger where subject = ${`token:${id}`} order by seq`.execute(t.db)
      assert.deepEqual(rows, [
        { kind: 'token-made', actor: `person:${ada}` },
        { kind: 'token-ended', actor: `person:${bob}` },
      ])
    })
  })
})
