import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { LINKS_ONLY } from '../../src/api/sessions/sign-in-set-up.ts'
import { createMailer } from '../../src/mail/send-mail.ts'
import { createProvider } from '../../src/people/sign-in-provider.ts'
import { makeAdmin } from '../../src/store/people/admins.ts'
import { confirmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { proposeIdentity } from '../../src/store/people/joins.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { createSignInLink } from '../../src/store/people/sign-in-links.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts'
import { type ScriptedMail, scriptedMailServer } from '../support/mail-server.ts'
import { sessionToken } from '../support/people.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { NO_CHROMIUM, PATIENCE_MS, type ServedConsole, serveConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const
const TOM = 'tom.becker@acme.test'

describe('signing in, in a real browser', { skip: NO_CHROMIUM }, () => {
  let browser: Browser
  let stage: ServedConsole
  let idp: IdentityProvider
  let server: ScriptedMail
  let tom: PersonId
  let context: BrowserContext
  let page: Page

  before(async () => {
    ;[browser, server] = await Promise.all([launchChromium(chromiumPath()!), scriptedMailServer()])
    const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom: 'lanekeeper@acme.test' })
    stage = await serveConsole(async (base) => {
      idp = await startIdentityProvider(`${base}/sign-in/callback`)
      return { ...LINKS_ONLY, mailer, provider: createProvider(idp) }
    })
    idp.accounts.set('tom', { email: TOM, email_verified: true })
    idp.accounts.set('eve', { email: 'eve@else.test', email_verified: false })
    tom = await createPerson(stage.db, { name: 'Tom Becker', madeBy: 'terminal' })
    await confirmIdentity(stage.db, tom, mailIdentity(TOM), { email: TOM, by: 'terminal' })
    const key = { kind: 'oidc', issuer: idp.issuer, subject: 'tom' } as const
    await confirmIdentity(stage.db, tom, key, { email: TOM, by: 'terminal' })
  })
  after(async () => {
    await browser?.close()
    await stage?.stop()
    await server?.close()
    await idp?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext({ viewport: SIZES[0], colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    page = await context.newPage()
  })
  afterEach(() => context.close())

  async function looksRight(): Promise<void> {
    for (const size of SIZES) {
      await page.setViewportSize(size)
      await isSettled(page)
      assert.ok((await tooWideBy(page)) <= 0, `too wide at ${size.width}`)
      assert.deepEqual(await seriousViolations(page), [], `at ${size.width}`)
    }
  }

  it('through the identity provider ends at the page that was wanted', async () => {
    idp.account = 'tom'
    await page.goto(`${stage.base}/workflows`)
    await page.getByRole('button', { name: 'Sign in with 127.0.0.1' }).click()
    await page.getByRole('heading', { name: 'Workflows', level: 1 }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/workflows')
    await page.getByRole('link', { name: 'Tom Becker, your sessions' }).click()
    await page.getByText('signed in with your identity provider').waitFor()
  })

  it('through the identity provider says why nobody was signed in', async () => {
    idp.account = 'eve'
    await page.goto(`${stage.base}/sign-in`)
    await page.getByRole('button', { name: 'Sign in with 127.0.0.1' }).click()
    await page.getByText('has not verified your e-mail address').waitFor()
    await looksRight()
  })

  it('with a mailed code ends at the page that was wanted, and a wrong code says how many tries are left', async () => {
    server.mails.length = 0
    await page.goto(`${stage.base}/connections`)
    await page.getByLabel('E-mail address').fill(TOM)
    await page.getByRole('button', { name: 'Mail me a code' }).click()
    await page.getByLabel('Code from the mail').fill('0000 0001')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText(/4 tries left/).waitFor()
    await looksRight()
    const [, first, second] = /^(\d{4}) (\d{4})\r?$/m.exec(server.mails[0]!)!
    await page.getByLabel('Code from the mail').fill(`${first}${second}`)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Connections', level: 1 }).waitFor()
  })

  it('a program that opens a link and runs its scripts uses nothing up', async () => {
    const link = await createSignInLink(stage.db, stage.base, { personId: tom, madeBy: 'terminal', method: 'link' })
    for (let n = 0; n < 2; n += 1) {
      await page.goto(link)
      await page.getByRole('button', { name: 'Sign in as Tom Becker' }).waitFor()
      await page.goto('about:blank')
    }
    await page.goto(link)
    await page.getByRole('button', { name: 'Sign in as Tom Becker' }).click()
    await page.getByRole('navigation', { name: 'Main' }).waitFor()
    await page.goto(`${stage.base}/sessions`)
    await page.getByText('You can read, review expected and risky cases, and pause').waitFor()
  })

  it('an admin sees sessions, proposals, tokens and mail on one page, at every size', async () => {
    const ada = await createPerson(stage.db, { name: 'Ada Admin', madeBy: 'terminal' })
    await makeAdmin(stage.db, ada, 'terminal')
    await sql`insert into workflow (workflow, title, mode, effective_mode) values ('routing', 'Routing', 'observe', 'observe')`.execute(
      stage.db,
    )
    const key = { kind: 'mail', issuer: '', subject: 'tom@private.test' } as const
    await proposeIdentity(stage.db, tom, key, {
      email: key.subject,
      state: 'proposed',
      why: 'Has the same e-mail address',
    })
    await sessionToken(stage.db, { personId: tom })
    const { port } = new URL(stage.base)
    await context.addCookies([
      {
        name: `lanekeeper_${port}`,
        value: await sessionToken(stage.db, { personId: ada, method: 'oidc' }),
        url: stage.base,
      },
    ])
    await page.goto(`${stage.base}/sessions`)
    await page.getByRole('heading', { name: 'Machine tokens' }).waitFor()
    await looksRight()
    await page.setViewportSize(SIZES[0])
    await page.getByRole('button', { name: 'Same person: tom@private.test, Tom Becker' }).click()
    await page.getByRole('heading', { name: 'Is this the same person?' }).waitFor({ state: 'detached' })
    await page.getByLabel('What it is for').fill('BI export')
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByText(/^lk_[\w-]{43}$/).waitFor()
    await page.getByLabel('Send a test mail to').fill('nobody@acme.test')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('550 No such user here').waitFor()
    await looksRight()
    await page
      .getByRole('button', { name: /^End session: Tom Becker/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Revoke BI export' }).click()
    await page.getByRole('button', { name: 'Revoke BI export' }).waitFor({ state: 'detached' })
  })

  it('in the sandbox anybody is one of the cast', async () => {
    const sandbox = await serveConsole(() => ({ ...LINKS_ONLY, sandbox: ['http://127.0.0.1:5001'] }))
    const ann = await createPerson(sandbox.db, { name: 'Ann Reviewer', madeBy: 'sandbox' })
    await sql`insert into job (workflow, lane, circle, person_id, offered_by, accepted_at)
      values ('w', 'review', 'general', ${ann}, 'sandbox', now())`.execute(sandbox.db)
    await page.goto(`${sandbox.base}/cases`)
    await page.getByRole('button', { name: 'Sign in as Ann Reviewer, reviewer' }).waitFor()
    await looksRight()
    await page.setViewportSize(SIZES[0])
    await page.getByRole('button', { name: 'Sign in as Ann Reviewer, reviewer' }).click()
    await page.getByRole('heading', { name: 'Cases', level: 1 }).waitFor()
    // The first CRM of somebody's own ends it, here and now.
    await sql`insert into connection (id, crm, title, account_id, base_url, made_by)
      values ('own', 'hubspot', 'Own', '9', 'https://api.hubapi.com', 'console')`.execute(sandbox.db)
    await page.reload()
    await page.getByText('Open the sign-in link').waitFor()
    await sandbox.stop()
  })
})
