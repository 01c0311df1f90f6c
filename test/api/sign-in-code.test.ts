import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { LINKS_ONLY } from '../../src/api/sessions/sign-in-set-up.ts'
import { createMailer } from '../../src/mail/send-mail.ts'
import { confirmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { type ScriptedMail, scriptedMailServer } from '../support/mail-server.ts'
import { type AppUnderTest, appUnderTest, problemOf } from './app-under-test.ts'
import { ledgerText, peopleLedger, TestBrowser } from './sign-in-flow.ts'

const TOM = 'tom.becker@acme.test'

describe('signing in with a mailed code', () => {
  let server: ScriptedMail
  let t: AppUnderTest
  let tom: string
  before(async () => {
    server = await scriptedMailServer()
    const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom: 'lanekeeper@acme.test' })
    t = await appUnderTest({ signIn: { ...LINKS_ONLY, mailer } })
  })
  after(async () => {
    await t.close()
    await server.close()
  })
  beforeEach(async () => {
    server.mails.length = 0
    await sql`truncate person, sign_in_attempt cascade`.execute(t.db)
    tom = await createPerson(t.db, { name: 'Tom Becker', madeBy: 'terminal' })
    await confirmIdentity(t.db, tom, mailIdentity(TOM), { email: TOM, by: 'terminal' })
  })

  const ask = (browser: TestBrowser, address = TOM, more: object = {}) =>
    browser.post('/api/session/code', { address, purpose: 'sign-in', ...more })
  const answer = (browser: TestBrowser, code: string, address = TOM) =>
    browser.post('/api/session/code/answer', { address, code })

  /** The code of the mail that comes next. */
  async function nextCode(count = 1): Promise<string> {
    for (let n = 0; n < 400 && server.mails.length < count; n += 1) await wait(10)
    const [, first, second] = /^(\d{4}) (\d{4})\r?$/m.exec(server.mails.at(-1) ?? '') ?? []
    assert.ok(first && second, 'no mail with a code')
    return `${first} ${second}`
  }
  const other = (code: string) => String((Number(code.replace(' ', '')) + 1) % 100_000_000).padStart(8, '0')

  it('signs in with eight digits from a mail to exactly the address that is known', async () => {
    const browser = new TestBrowser(t)
    assert.equal((await ask(browser, ' Tom.Becker@ACME.test '.trim(), { returnTo: '/cases/9' })).statusCode, 204)
    const code = await nextCode()
    assert.match(server.mails[0]!, /To: tom\.becker@acme\.test/)
    const reply = await answer(browser, code, 'TOM.becker@acme.test')
    assert.equal(reply.statusCode, 200, reply.body)
    assert.equal(reply.json<{ returnTo: string }>().returnTo, '/cases/9')
    assert.deepEqual(await browser.me(), { name: 'Tom Becker', method: 'code' })
    assert.equal((await peopleLedger(t.db)).at(-1), 'signed-in: code')
  })

  it('keeps the code so that a copy of the database does not tell it, not even by trying all of them', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = (await nextCode()).replace(' ', '')
    const { createHash } = await import('node:crypto')
    const { rows } = await sql<{ all: string }>`select string_agg(a::text, '') as all from sign_in_attempt a`.execute(
      t.db,
    )
    assert.ok(!rows[0]!.all.includes(code))
    assert.ok(!rows[0]!.all.includes(createHash('sha256').update(code).digest('hex')))
    for (const secret of browser.cookies.values()) assert.ok(!rows[0]!.all.includes(secret))
  })

  it('takes a code once: the second time it is refused, and the ledger says so', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = await nextCode()
    await answer(browser, code)
    await browser.call({ method: 'DELETE', url: '/api/session' })
    const again = await answer(browser, code)
    assert.equal(again.statusCode, 401)
    assert.match(problemOf(again).detail, /used already/)
    assert.equal(await browser.me(), null)
    assert.equal((await peopleLedger(t.db)).at(-1), 'sign-in-refused: used code')
  })

  it('takes a code only in the browser that asked for it', async () => {
    const [mine, theirs] = [new TestBrowser(t), new TestBrowser(t)]
    await ask(mine)
    const code = await nextCode()
    assert.match(problemOf(await answer(theirs, code)).detail, /did not begin in this browser/)
    await ask(theirs)
    await nextCode(2)
    assert.match(problemOf(await answer(theirs, code)).detail, /wrong/)
    assert.equal((await answer(mine, code)).statusCode, 200)
  })

  it('is over after five wrong tries, also for the right code, and one of five at the same time wins nothing', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = await nextCode()
    for (const left of ['4 tries left', '3 tries left', '2 tries left', '1 try left']) {
      assert.match(problemOf(await answer(browser, other(code))).detail, new RegExp(left))
    }
    assert.match(problemOf(await answer(browser, other(code))).detail, /The code is wrong\./)
    assert.match(problemOf(await answer(browser, code)).detail, /Five wrong codes/)
    assert.equal((await peopleLedger(t.db)).at(-1), 'sign-in-refused: wrong-code code')
    await ask(browser)
    const next = await nextCode(2)
    const replies = await Promise.all(Array.from({ length: 8 }, () => answer(browser, other(next))))
    assert.ok(replies.every(({ statusCode }) => statusCode === 401))
    assert.match(problemOf(await answer(browser, next)).detail, /Five wrong codes/)
  })

  it('signs in once when the right code comes five times at once', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = await nextCode()
    const replies = await Promise.all(Array.from({ length: 5 }, () => answer(browser, code)))
    assert.equal(replies.filter(({ statusCode }) => statusCode === 200).length, 1)
  })

  it('is over after ten minutes', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = await nextCode()
    await sql`update sign_in_attempt set expires_at = now() - interval '1 second'`.execute(t.db)
    assert.match(problemOf(await answer(browser, code)).detail, /longer than 10 minutes/)
  })

  it('answers the same for an address that nobody has, and mails nothing to it', async () => {
    const [known, unknown] = [new TestBrowser(t), new TestBrowser(t)]
    const replies = [await ask(known), await ask(unknown, 'stranger@acme.test')]
    assert.deepEqual(
      replies.map(({ statusCode, body }) => [statusCode, body]),
      [
        [204, ''],
        [204, ''],
      ],
    )
    await nextCode()
    const wrong = [await answer(known, '00000000'), await answer(unknown, '00000000', 'stranger@acme.test')]
    assert.equal(problemOf(wrong[0]!).detail, problemOf(wrong[1]!).detail)
    assert.equal(server.mails.length, 1)
  })

  it('mails five codes to an address in ten minutes, whoever asks and whether it is known or not', async () => {
    for (const address of [TOM, 'stranger@acme.test']) {
      for (let n = 0; n < 5; n += 1) assert.equal((await ask(new TestBrowser(t), address)).statusCode, 204)
      const sixth = await ask(new TestBrowser(t), address)
      assert.equal(sixth.statusCode, 429)
      assert.match(problemOf(sixth).detail, /Wait ten minutes/)
    }
    // Somebody else is not kept out by it.
    assert.equal((await ask(new TestBrowser(t), 'ann@acme.test')).statusCode, 204)
  })

  it('takes ten requests for a code in ten minutes from one place', async () => {
    const browser = new TestBrowser(t)
    for (let n = 0; n < 10; n += 1) assert.equal((await ask(browser, `p${n}@acme.test`)).statusCode, 204)
    assert.equal((await ask(browser, 'p10@acme.test')).statusCode, 429)
  })

  it('signs nobody in whose address stands in a CRM alone: it proposes', async () => {
    const ann = await createPerson(t.db, { name: 'Ann', madeBy: 'terminal' })
    const key = { kind: 'crm', issuer: 'hubspot:7', subject: '1' } as const
    await confirmIdentity(t.db, ann, key, { email: 'ann@acme.test', by: 'terminal' })
    const browser = new TestBrowser(t)
    await ask(browser, 'ann@acme.test')
    const reply = await answer(browser, await nextCode(), 'ann@acme.test')
    assert.match(problemOf(reply).detail, /has to confirm it/)
    assert.equal(await browser.me(), null)
    assert.ok((await peopleLedger(t.db)).includes('join-proposed: same-email mail'))
  })

  it('signs nobody in who has ended', async () => {
    const browser = new TestBrowser(t)
    await ask(browser)
    const code = await nextCode()
    await sql`update person set ended_at = now() where id = ${tom}`.execute(t.db)
    assert.match(problemOf(await answer(browser, code)).detail, /access has ended/)
  })

  for (const address of [
    '',
    'tom',
    'tom@acme',
    'a@b.test, c@d.test',
    'tom@acme.test\r\nBcc: x@y.test',
    `${'a'.repeat(300)}@b.test`,
  ]) {
    it(`asks for one address, and ${JSON.stringify(address.slice(0, 40))} is none`, async () => {
      assert.equal((await ask(new TestBrowser(t), address)).statusCode, 400)
    })
  }

  it('says that no mail can be sent, whatever the address, when the server is down', async () => {
    const mailer = createMailer({ smtpUrl: 'smtp://127.0.0.1:9', mailFrom: 'lanekeeper@acme.test' })
    const down = await appUnderTest({ signIn: { ...LINKS_ONLY, mailer } })
    const browser = new TestBrowser(down)
    for (const address of [TOM, 'stranger@acme.test']) {
      const reply = await ask(browser, address)
      assert.equal(reply.statusCode, 503)
      assert.match(problemOf(reply).detail, /No mail can be sent now/)
      assert.ok(!reply.body.includes('127.0.0.1'))
    }
    await down.close()
  })

  it('tells nobody that the mailbox does not exist', async () => {
    const nobody = await createPerson(t.db, { name: 'Nobody', madeBy: 'terminal' })
    await confirmIdentity(t.db, nobody, mailIdentity('nobody@acme.test'), { email: null, by: 'terminal' })
    assert.equal((await ask(new TestBrowser(t), 'nobody@acme.test')).statusCode, 204)
  })

  it('holds no address in the ledger, whatever happened', async () => {
    assert.ok(!/@|acme/.test(await ledgerText(t.db)))
  })
})
