import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { buildConsoleIfStale, CONSOLE_DIST } from '../../console/build.ts'
import { buildApp } from '../../src/api/app.ts'
import { CRM_PAGES } from '../../src/api/cases/crm-pages.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { freePort, isSettled, seriousViolations, tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'

const executable = chromiumPath()
const skip = executable === null ? 'no Chromium here; set CHROMIUM_PATH to one' : false

/** A two-core machine that builds something else at the same time is slow, not broken. */
const PATIENCE_MS = 30_000

describe('connecting a CRM in a real browser', { skip }, () => {
  let browser: Browser
  let stage: ConnectStage
  let test: TestDatabase
  let app: ReturnType<typeof buildApp>
  let base: string
  let context: BrowserContext
  let page: Page
  let complaints: string[]

  before(async () => {
    await buildConsoleIfStale()
    ;[browser, test, stage] = await Promise.all([launchChromium(executable!), testDatabase(), connectStage()])
    const port = await freePort()
    base = `http://localhost:${port}`
    app = buildApp({
      db: test.db,
      publicUrl: base,
      consoleDir: CONSOLE_DIST,
      links: CRM_PAGES,
      connect: stage.setUp(test.db, base),
    })
    await app.listen({ host: '127.0.0.1', port })
  })
  after(async () => {
    await browser?.close()
    await app?.close()
    await stage?.close()
    await test?.drop()
  })

  beforeEach(async () => {
    await sql`truncate connection, connection_draft, call_budget, notice cascade`.execute(test.db)
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    page = await context.newPage()
    complaints = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // A refusal is an answer of the API, which the browser reports as a failed resource.
      if (message.type() === 'error' && !/\b(400|401|404|409)\b/.test(message.text())) complaints.push(message.text())
    })
    await signInWithLink(page, test.db, base)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })
  afterEach(async () => {
    await context.close()
    assert.deepEqual(complaints, [])
  })

  /** From the connections page by clicks, as an admin would. */
  async function choose(crm: string, kind: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Connections' }).click()
    await page.locator('main').getByRole('link', { name: 'Connect a CRM' }).click()
    await page.getByRole('link', { name: new RegExp(`^${crm}`) }).click()
    await page.getByRole('link', { name: new RegExp(`^${kind}`) }).click()
    await page.getByRole('heading', { name: /^Paste (it|them) here$/ }).waitFor()
  }

  async function hubSpotAddress(): Promise<void> {
    await page.getByText('Use another API address').click()
    await page.getByLabel('API address').fill(stage.hubspot.url)
  }

  async function salesforceAddress(): Promise<void> {
    await page.getByLabel('My Domain address').fill(stage.salesforce.url)
    await page.getByText('Use another API version or Pub/Sub address').click()
    await page.getByLabel('Pub/Sub address').fill(stage.salesforce.pubsubAddress)
  }

  async function enterHubSpotToken(token: string): Promise<void> {
    await choose('HubSpot', 'App token')
    await page.getByLabel('Access token').fill(token)
    await hubSpotAddress()
    await page.getByRole('button', { name: 'Check permissions' }).click()
  }

  async function startReading(title: RegExp): Promise<void> {
    await page.getByRole('button', { name: 'Start import' }).click()
    await page.waitForURL(`${base}/connections#*`)
    await page.getByRole('heading', { name: title, level: 2 }).waitFor()
    await page.getByText('Importing records').waitFor()
  }

  it('HubSpot by app token: the permissions are listed, and nothing starts before the button', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await page.getByRole('heading', { name: 'Permissions' }).waitFor()
    await page.getByText('Read contacts').waitFor()
    await page.getByText(String(stage.hubspot.portalId), { exact: true }).waitFor()
    const start = page.getByRole('button', { name: 'Start import' })
    await start.waitFor()
    const { rows } = await sql<{ n: number }>`select count(*) as n from connection`.execute(test.db)
    assert.equal(rows[0]!.n, 0)
    assert.match(await page.locator('main').innerText(), /It writes nothing to the CRM until you turn on writing/)
    const share = page.getByLabel('Share per day')
    await share.fill('10')
    await share.blur()
    await page.getByText(/^62,500 of the 625,000 calls/).waitFor()
    await startReading(/HubSpot/)
    await page.getByText('by polling, within about a minute').waitFor()
    const { rows: budgets } = await sql<{ day_share: number }>`select day_share from call_budget`.execute(test.db)
    assert.equal(Math.round(budgets[0]!.day_share * 100), 10)
  })

  it('a wrong token is explained in a sentence and can be corrected', async () => {
    await enterHubSpotToken('pat-na1-nobody-knows-this')
    await page.getByText(/^Cannot connect to \w+ yet$/).waitFor()
    const said = await page.getByRole('alert').innerText()
    assert.match(said, /HubSpot/)
    assert.doesNotMatch(said, /nobody-knows-this/)
    await page.getByRole('link', { name: 'Change the credentials' }).click()
    await page.getByLabel('Access token').waitFor()
    assert.equal(await page.getByLabel('Access token').inputValue(), '')
  })

  it('an invalid value is explained beside its input', async () => {
    await choose('Salesforce', 'Client credentials')
    await page.getByLabel('My Domain address').fill('https://login.salesforce.com')
    await page.getByLabel('Consumer key').fill('3MVG9')
    await page.getByRole('button', { name: 'Check permissions' }).click()
    await page.getByText('Paste the consumer secret of the External Client App.').waitFor()
    assert.equal(await page.getByLabel('Consumer secret').getAttribute('aria-invalid'), 'true')
    await page.getByLabel('Consumer secret').fill('a-secret-that-is-long-enough')
    await page.getByRole('button', { name: 'Check permissions' }).click()
    await page
      .getByText(/My Domain/i)
      .nth(2)
      .waitFor()
    await page.waitForFunction(() =>
      document.querySelector('input[aria-invalid="true"]')?.getAttribute('placeholder')?.includes('my.salesforce'),
    )
    assert.match(page.url(), /\/connections\/new\?/)
  })

  it('HubSpot by OAuth: over its consent page and back', async () => {
    await choose('HubSpot', 'OAuth')
    await page.getByLabel('Client id').fill(stage.hubspot.credentials.clientId)
    await page.getByLabel('Client secret').fill(stage.hubspot.credentials.clientSecret)
    await hubSpotAddress()
    await page.getByRole('button', { name: 'Continue to HubSpot' }).click()
    await page.getByRole('link', { name: 'Connect app' }).click()
    await page.waitForURL(/\/connections\/new\/[\w-]+$/)
    await page.getByRole('button', { name: 'Start import' }).waitFor()
    await startReading(/HubSpot/)
  })

  it('Salesforce by PKCE: over its allow page and back; a denial is explained and can be undone', async () => {
    await choose('Salesforce', 'Sign in')
    await salesforceAddress()
    await page.getByLabel('Consumer key').fill(stage.salesforce.credentials.pkceClientId)
    await page.getByRole('button', { name: 'Continue to Salesforce' }).click()
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.getByText(/^Cannot connect to \w+ yet$/).waitFor()
    await page.getByText('At Salesforce the access was not granted').waitFor()
    await page.getByRole('button', { name: 'Sign in to Salesforce' }).click()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(/\/connections\/new\/[\w-]+$/)
    await page.getByRole('heading', { name: 'Change events' }).waitFor()
    await startReading(/Brightwater/)
    await page.getByText('by event stream').waitFor()
  })

  it('a callback without a sign-in is refused with a sentence and changes nothing', async () => {
    await page.goto(`${base}/oauth/hubspot/callback?state=forged&code=stolen`)
    await page.waitForURL(/refused=state/)
    await page.getByText('does not belong to the sign-in you started').waitFor()
    await page.getByText('App token').waitFor()
    assert.doesNotMatch(page.url(), /stolen|forged/)
  })

  it('works with the keyboard alone', async () => {
    await page.goto(`${base}/connections`)
    await page.locator('main').getByRole('link', { name: 'Connect a CRM' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: /^HubSpot/ }).waitFor()
    await tabTo((text) => text.startsWith('HubSpot'))
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: /^App token/ }).waitFor()
    await tabTo((text) => text.startsWith('App token'))
    await page.keyboard.press('Enter')
    await page.getByLabel('Access token').waitFor()
    await hubSpotAddress()
    await page.getByLabel('Access token').focus()
    await page.keyboard.type(stage.hubspot.credentials.token)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Start import' }).waitFor()
  })

  async function tabTo(isIt: (text: string) => boolean): Promise<void> {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab')
      const text = await page.evaluate(() => document.activeElement?.textContent ?? '')
      if (isIt(text)) return
    }
    assert.fail('Tab does not reach it')
  }

  it('disconnecting shows its consequences first; erasing needs the name of the connection', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    const end = page.getByRole('button', { name: 'Disconnect', exact: true })
    await end.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Existing tasks stay').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await end.click()
    await dialog.getByLabel('Erase history').click()
    const erase = dialog.getByRole('button', { name: 'Disconnect and erase' })
    assert.equal(await erase.isDisabled(), true)
    const title = await page.locator('.connection h2').innerText()
    await dialog.getByLabel(/^Type/).fill(title.slice(1))
    assert.equal(await erase.isDisabled(), true)
    await dialog.getByLabel('Keep history').click()
    await dialog.getByRole('button', { name: 'Disconnect', exact: true }).click()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByText('Disconnected', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Reconnect' }).waitFor()
    const { rows } = await sql<{ credentials: Buffer | null }>`select credentials from connection`.execute(test.db)
    assert.equal(rows[0]!.credentials, null)
  })

  it('an issue shows on the card with its remedy, and in the overview while it is open', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    await sql`insert into notice (connection_id, code, subject, level, message, remedy) select id, 'field-removed', 'region',
      'stop', 'The field Region is gone.', 'Give the workflow another field.' from connection`.execute(test.db)
    await sql`insert into notice (connection_id, code, level, message, ended_at, ended_message) select id, 'outage', 'warn',
      'HubSpot answered 503.', now(), 'It answers again.' from connection`.execute(test.db)
    await page.getByText('The field Region is gone.').waitFor()
    await page.getByText('1 resolved issue').click()
    await page.getByText('It answers again.').waitFor()
    await page.getByRole('link', { name: 'Overview', exact: true }).click()
    await page.getByText(/need(s)? attention/).click()
    await page
      .getByRole('paragraph')
      .filter({ hasText: /: A field was removed$/ })
      .waitFor()
    await page.getByText('Give the workflow another field.').waitFor()
  })

  it('is read-only until an admin turns on writing, after reading the consequences', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    await sql`update connection set baseline = jsonb_set(baseline, '{done}', 'true')`.execute(test.db)
    await page.getByText('Read-only: Lanekeeper does not write to HubSpot').waitFor()
    await sql`insert into policy_version (hash, workflow, document, source) values ('h', 'routing', 'null', '')
      on conflict do nothing`.execute(test.db)
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode)
      values ('routing', 'Routing', 'h', 'live', 'live') on conflict do nothing`.execute(test.db)
    await page.getByRole('link', { name: 'Overview', exact: true }).click()
    await page.getByText(/^HubSpot.* is read-only\.$/).waitFor()
    await page.getByRole('link', { name: 'Turn on writing' }).click()
    await page.getByRole('button', { name: 'Turn on writing' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('become tasks in HubSpot').waitFor()
    assert.deepEqual(await seriousViolations(page), [], 'the dialog')
    await dialog.getByRole('button', { name: 'Turn on writing' }).click()
    await page.getByText(/^Writing to HubSpot on since/).waitFor()
    const { rows } = await sql<{ writes_by: string | null }>`select writes_by from connection`.execute(test.db)
    assert.match(rows[0]!.writes_by ?? '', /^person:[0-9a-f]{16}$/)
    await page.getByRole('button', { name: 'Pause writing' }).click()
    await page.getByText('Read-only: Lanekeeper does not write to HubSpot').waitFor()
  })

  it('while the sandbox runs, shows how to connect your own CRM and disables the form', async () => {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const own = buildApp({
      db: test.db,
      publicUrl: url,
      consoleDir: CONSOLE_DIST,
      connect: stage.setUp(test.db, url, { sandbox: true }),
    })
    await own.listen({ host: '127.0.0.1', port })
    await signInWithLink(page, test.db, url)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.goto(`${url}/connections/new?crm=hubspot&kind=hubspot-token`)
    await page.getByText('npm start -- --own').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Check permissions' }).isDisabled(), true)
    assert.equal(await page.getByLabel('Access token').isDisabled(), true)
    await page.goto('about:blank')
    await own.close()
  })

  it('fits 390 and 1280 px and has no serious accessibility violation, in light and in dark', async () => {
    await enterHubSpotToken('pat-na1-wrong')
    await page.getByText(/^Cannot connect to \w+ yet$/).waitFor()
    const failed = new URL(page.url()).pathname
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await page.getByRole('button', { name: 'Start import' }).waitFor()
    const checked = new URL(page.url()).pathname
    const paths = [
      '/connections',
      '/connections/new',
      '/connections/new?crm=hubspot&kind=hubspot-token',
      '/connections/new?crm=hubspot&kind=hubspot-oauth&refused=state',
      '/connections/new?crm=salesforce&kind=salesforce-client-credentials',
      '/connections/new?crm=salesforce&kind=salesforce-pkce',
      '/connections/new?crm=salesforce&kind=salesforce-jwt',
      failed,
      checked,
    ]
    for (const path of paths) await isRight(path)
    await page.goto(base + checked)
    await startReading(/HubSpot/)
    await isRight('/connections')
    await page.getByRole('button', { name: 'Disconnect', exact: true }).click()
    await page.getByRole('dialog').waitFor()
    assert.deepEqual(await seriousViolations(page), [], 'the dialog')
  })

  async function isRight(path: string): Promise<void> {
    await page.goto(base + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await isSettled(page)
    await page.locator('main details').evaluateAll((all) => {
      for (const details of all) (details as HTMLDetailsElement).open = true
    })
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      const over = await tooWideBy(page)
      assert.ok(over <= 0, `${path} is ${over} px too wide at ${width}`)
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await seriousViolations(page), [], `${path} in ${colorScheme}`)
    }
    await page.emulateMedia({ colorScheme: 'light' })
  }
})
