import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { JWTPayload } from 'jose'
import { sql } from 'kysely'
import { LINKS_ONLY } from '../../src/api/sessions/sign-in-set-up.ts'
import { createProvider } from '../../src/people/sign-in-provider.ts'
import { confirmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL } from './app-under-test.ts'
import { ledgerText, peopleLedger, TestBrowser } from './sign-in-flow.ts'

const CALLBACK = `${PUBLIC_URL}/sign-in/callback`

describe('signing in through the identity provider', () => {
  let idp: IdentityProvider
  let t: AppUnderTest
  let tom: string
  before(async () => {
    idp = await startIdentityProvider(CALLBACK)
    t = await appUnderTest({ signIn: { ...LINKS_ONLY, provider: createProvider(idp) } })
    idp.accounts.set('tom', { email: 'tom.becker@acme.test', email_verified: true })
    idp.accounts.set('eve', { email: 'eve@elsewhere.test', email_verified: true })
  })
  after(async () => {
    await t.close()
    await idp.close()
  })
  beforeEach(async () => {
    Object.assign(idp, { account: 'tom', tamper: null, foreignKey: false, redeemed: 0 })
    await sql`truncate person cascade`.execute(t.db)
    await sql`delete from sign_in_attempt`.execute(t.db)
    tom = await createPerson(t.db, { name: 'Tom Becker', madeBy: 'terminal' })
    await confirm('tom')
  })

  const confirm = (subject: string, personId = tom, issuer = idp.issuer) =>
    confirmIdentity(t.db, personId, { kind: 'oidc', issuer, subject }, { email: null, by: 'terminal' })

  async function begin(browser: TestBrowser, body: object = {}): Promise<string> {
    const reply = await browser.post('/api/session/oidc', { purpose: 'sign-in', ...body })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<{ url: string }>().url
  }

  /** The whole way; answers where the browser ends. */
  async function go(browser: TestBrowser, body: object = {}): Promise<string> {
    return land(browser, await idp.visit(await begin(browser, body)))
  }

  async function land(browser: TestBrowser, address: string): Promise<string> {
    const { pathname, search } = new URL(address)
    const reply = await browser.call({ url: pathname + search })
    assert.equal(reply.statusCode, 303, reply.body)
    return String(reply.headers.location)
  }

  it('signs in whoever is known by it, and the ledger says so', async () => {
    const browser = new TestBrowser(t)
    assert.equal(await go(browser), '/overview')
    assert.deepEqual(await browser.me(), { name: 'Tom Becker', method: 'oidc' })
    assert.equal((await peopleLedger(t.db)).at(-1), 'signed-in: oidc')
  })

  it('sends code challenge, state and nonce of 256 bits each, which differ every time', async () => {
    const urls = [await begin(new TestBrowser(t)), await begin(new TestBrowser(t))].map(
      (url) => new URL(url).searchParams,
    )
    for (const name of ['code_challenge', 'state', 'nonce']) {
      const [one, two] = urls.map((params) => params.get(name)!)
      assert.ok(Buffer.from(one!, 'base64url').length >= 32 && one !== two, name)
    }
    assert.equal(urls[0]!.get('code_challenge_method'), 'S256')
  })

  it('returns to the page that was wanted, which the server keeps', async () => {
    const browser = new TestBrowser(t)
    const url = await begin(browser, { returnTo: '/cases/17?q=Danwick' })
    assert.ok(!decodeURIComponent(url).includes('/cases/17'))
    assert.equal(await land(browser, await idp.visit(url)), '/cases/17?q=Danwick')
  })

  for (const elsewhere of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/api/console/live',
    '/sign-in/callback?code=x',
    '/..//evil.example',
    ' /cases',
  ]) {
    it(`never returns to ${JSON.stringify(elsewhere)}`, async () => {
      assert.equal(await go(new TestBrowser(t), { returnTo: elsewhere }), '/overview')
    })
  }

  it('asks for the password once more when somebody proves again who they are', async () => {
    const browser = new TestBrowser(t)
    await go(browser)
    await sql`update session set signed_in_at = now() - interval '1 hour'`.execute(t.db)
    const url = await begin(browser, { purpose: 'again' })
    assert.equal(new URL(url).searchParams.get('prompt'), 'login')
    await land(browser, await idp.visit(url))
    const { rows } = await sql<{ recent: boolean }>`
      select signed_in_at > now() - interval '1 minute' as recent from session`.execute(t.db)
    assert.deepEqual(rows, [{ recent: true }])
  })

  const now = () => Math.floor(Date.now() / 1_000)
  const LIES: readonly (readonly [string, (claims: JWTPayload) => JWTPayload])[] = [
    ['comes from another issuer', (claims) => ({ ...claims, iss: 'https://accounts.evil.example' })],
    ['comes from the same issuer with a slash', (claims) => ({ ...claims, iss: `${claims.iss}/` })],
    ['is of a second tenant of the provider', (claims) => ({ ...claims, iss: `${claims.iss}/tenant-2` })],
    ['is for another client', (claims) => ({ ...claims, aud: 'another-client' })],
    [
      'is for several clients and another one asked',
      (claims) => ({ ...claims, aud: ['lanekeeper', 'other'], azp: 'other' }),
    ],
    ['answers another question', (claims) => ({ ...claims, nonce: 'another-nonce' })],
    ['answers none', ({ nonce: _, ...claims }) => claims],
    ['is over', (claims) => ({ ...claims, exp: now() - 120 })],
    ['never ends', ({ exp: _, ...claims }) => claims],
    ['is from the future', (claims) => ({ ...claims, iat: now() + 3_600, nbf: now() + 3_600 })],
    ['names nobody', ({ sub: _, ...claims }) => claims],
  ]
  for (const [title, tamper] of LIES) {
    it(`signs nobody in when the token ${title}`, async () => {
      idp.tamper = tamper
      const browser = new TestBrowser(t)
      const entries = await peopleLedger(t.db)
      assert.equal(await go(browser), '/sign-in?refused=bad-answer')
      assert.equal(await browser.me(), null)
      assert.deepEqual(await peopleLedger(t.db), entries)
    })
  }

  it("signs nobody in when the token is signed with another key than the provider's", async () => {
    idp.foreignKey = true
    const browser = new TestBrowser(t)
    assert.equal(await go(browser), '/sign-in?refused=bad-answer')
    assert.equal(await browser.me(), null)
  })

  it('takes a clock that is a minute off, and none that is ten', async () => {
    idp.tamper = (claims) => ({ ...claims, exp: now() - 30 })
    assert.equal(await go(new TestBrowser(t)), '/overview')
    idp.tamper = (claims) => ({ ...claims, exp: now() - 600 })
    assert.equal(await go(new TestBrowser(t)), '/sign-in?refused=bad-answer')
  })

  it('refuses an answer in another browser, which uses nothing up', async () => {
    const [mine, theirs] = [new TestBrowser(t), new TestBrowser(t)]
    const back = await idp.visit(await begin(mine))
    await begin(theirs)
    assert.equal(await land(theirs, back), '/sign-in?refused=other-browser')
    assert.equal(await land(new TestBrowser(t), back), '/sign-in?refused=other-browser')
    assert.equal(await theirs.me(), null)
    assert.equal(idp.redeemed, 0)
    assert.equal(await land(mine, back), '/overview')
  })

  it('takes an answer once: a replayed one signs nobody in', async () => {
    const browser = new TestBrowser(t)
    const back = await idp.visit(await begin(browser))
    assert.equal(await land(browser, back), '/overview')
    await browser.call({ method: 'DELETE', url: '/api/session' })
    assert.equal(await land(browser, back), '/sign-in?refused=used')
    assert.equal(await browser.me(), null)
  })

  it('refuses a state that is not ours, an answer without one, and one that took longer than ten minutes', async () => {
    const browser = new TestBrowser(t)
    const back = new URL(await idp.visit(await begin(browser)))
    const forged = new URL(back)
    forged.searchParams.set('state', 'A'.repeat(43))
    assert.equal(await land(browser, forged.href), '/sign-in?refused=not-ours')
    forged.searchParams.delete('state')
    assert.equal(await land(browser, forged.href), '/sign-in?refused=not-ours')
    await sql`update sign_in_attempt set expires_at = now() - interval '1 second'`.execute(t.db)
    assert.equal(await land(browser, back.href), '/sign-in?refused=expired')
  })

  it("refuses a code of somebody else's sign-in, which the provider does not redeem with this verifier", async () => {
    const [mine, theirs] = [new TestBrowser(t), new TestBrowser(t)]
    const [my, their] = [new URL(await idp.visit(await begin(mine))), new URL(await idp.visit(await begin(theirs)))]
    my.searchParams.set('code', their.searchParams.get('code')!)
    assert.equal(await land(mine, my.href), '/sign-in?refused=bad-answer')
    assert.equal(await mine.me(), null)
  })

  it('says so when the person cancels at the provider', async () => {
    const browser = new TestBrowser(t)
    const state = new URL(await begin(browser)).searchParams.get('state')!
    const query = new URLSearchParams({ error: 'access_denied', state, iss: idp.issuer })
    assert.equal(await land(browser, `${CALLBACK}?${query}`), '/sign-in?refused=cancelled')
  })

  it('says so when the provider is down, and signs in when it is back', async () => {
    const gone = await appUnderTest({
      signIn: { ...LINKS_ONLY, provider: createProvider({ ...idp, issuer: 'http://127.0.0.1:9' }) },
    })
    const reply = await gone.call({ method: 'POST', url: '/api/session/oidc', payload: { purpose: 'sign-in' } })
    assert.equal(reply.statusCode, 503)
    assert.match(reply.body, /does not answer as an identity provider/)
    await gone.close()
  })

  it('refuses an issuer that calls itself something else', async () => {
    const port = new URL(idp.issuer).port
    const provider = createProvider({ ...idp, issuer: `http://localhost:${port}` })
    const asked = { state: 's', nonce: 'n', verifier: 'v', redirectUri: CALLBACK, again: false }
    await assert.rejects(provider.begin(asked), /unreachable/)
  })

  it('refuses whoever has ended, which stands in the ledger', async () => {
    await sql`update person set ended_at = now(), ended_by = 'terminal' where id = ${tom}`.execute(t.db)
    const browser = new TestBrowser(t)
    assert.equal(await go(browser), '/sign-in?refused=ended')
    assert.equal((await peopleLedger(t.db)).at(-1), 'sign-in-refused: ended oidc')
  })

  it('knows nobody by their e-mail alone: it proposes, and signs in as nobody', async () => {
    const ann = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
    await confirmIdentity(t.db, ann, mailIdentity('eve@elsewhere.test'), { email: null, by: 'terminal' })
    await sql`update identity set confirmed_at = now() - interval '15 days' where person_id = ${ann}`.execute(t.db)
    idp.account = 'eve'
    const browser = new TestBrowser(t)
    assert.equal(await go(browser), '/sign-in?refused=proposed')
    assert.equal(await browser.me(), null)
    const { rows } = await sql<{ state: string }>`
      select state from identity where person_id = ${ann} and kind = 'oidc'`.execute(t.db)
    assert.deepEqual(rows, [{ state: 'proposed' }])
    assert.deepEqual((await peopleLedger(t.db)).slice(-2), [
      'join-proposed: same-email oidc',
      'sign-in-refused: proposed oidc',
    ])
    // Asked again, it is still one proposal.
    await go(browser)
    const { rows: all } = await sql`select 1 from identity where person_id = ${ann} and kind = 'oidc'`.execute(t.db)
    assert.equal(all.length, 1)
  })

  it('joins whoever was invited under exactly this address, once, while the invitation is open', async () => {
    const ann = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
    await confirmIdentity(t.db, ann, mailIdentity('Eve@Elsewhere.test'), { email: null, by: `person:${tom}` })
    idp.account = 'eve'
    const browser = new TestBrowser(t)
    assert.equal(await go(browser), '/overview')
    assert.deepEqual(await browser.me(), { name: 'Ann', method: 'oidc' })
    // Somebody else who comes by the same address later is not Ann.
    idp.accounts.set('eve-2', { email: 'eve@elsewhere.test', email_verified: true })
    idp.account = 'eve-2'
    assert.equal(await go(new TestBrowser(t)), '/sign-in?refused=proposed')
  })

  for (const [title, account, why] of [
    ['its e-mail is not verified', { email: 'eve@elsewhere.test', email_verified: false }, 'not-verified'],
    ['nothing is said of verifying', { email: 'eve@elsewhere.test' }, 'not-verified'],
    ['"true" is a text', { email: 'eve@elsewhere.test', email_verified: 'true' as unknown as boolean }, 'not-verified'],
    ['it has no e-mail', {}, 'unknown'],
    ['nobody has this e-mail', { email: 'stranger@else.test', email_verified: true }, 'unknown'],
    ['the address only looks the same', { email: 'eve@elsewhere.test.evil.test', email_verified: true }, 'unknown'],
  ] as const) {
    it(`proposes nothing for an account of which ${title}, even to somebody who was invited`, async () => {
      const ann = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
      await confirmIdentity(t.db, ann, mailIdentity('eve@elsewhere.test'), { email: null, by: 'terminal' })
      idp.accounts.set('other', account)
      idp.account = 'other'
      assert.equal(await go(new TestBrowser(t)), `/sign-in?refused=${why}`)
      const { rows } = await sql`select 1 from identity where person_id = ${ann} and kind = 'oidc'`.execute(t.db)
      assert.equal(rows.length, 0)
    })
  }

  it('moves nothing when the provider calls somebody by another e-mail, not even by one that is somebody else', async () => {
    const ann = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
    await confirmIdentity(t.db, ann, mailIdentity('ann@acme.test'), { email: null, by: 'terminal' })
    idp.accounts.set('tom', { email: 'ann@acme.test', email_verified: true })
    const browser = new TestBrowser(t)
    await go(browser)
    assert.equal((await browser.me())?.name, 'Tom Becker')
    assert.ok((await peopleLedger(t.db)).includes('identity-renamed: oidc'))
    idp.accounts.set('tom', { email: 'tom.becker@acme.test', email_verified: true })
  })

  it('takes an address of two people for a conflict, and moves nothing', async () => {
    await sql`insert into connection (id, crm, title, account_id, base_url) values ('c', 'hubspot', 'C', '7', 'x')
      on conflict do nothing`.execute(t.db)
    for (const [n, name] of ['Ann', 'Anna'].entries()) {
      const id = await createPerson(t.db, { name, madeBy: 'terminal' })
      const key = { kind: 'crm', issuer: 'hubspot:7', subject: String(n) } as const
      await confirmIdentity(t.db, id, key, { email: 'eve@elsewhere.test', by: 'terminal' })
    }
    idp.account = 'eve'
    assert.equal(await go(new TestBrowser(t)), '/sign-in?refused=conflict')
    const { rows } = await sql<{ state: string }>`select state from identity where subject = 'eve'`.execute(t.db)
    assert.deepEqual(rows, [{ state: 'conflict' }, { state: 'conflict' }])
  })

  it("strips .invalid of a sandbox org's address to propose, and to nothing else", async () => {
    const id = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
    const key = { kind: 'crm', issuer: 'salesforce:00D1', subject: '005A' } as const
    await confirmIdentity(t.db, id, key, { email: 'eve@elsewhere.test.invalid', by: 'terminal' })
    idp.account = 'eve'
    assert.equal(await go(new TestBrowser(t)), '/sign-in?refused=proposed')
  })

  it('holds no address in the ledger, whatever happened', async () => {
    idp.account = 'eve'
    await go(new TestBrowser(t))
    assert.ok(!/@|elsewhere|acme/.test(await ledgerText(t.db)))
  })
})
