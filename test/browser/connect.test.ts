import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { buildConsoleIfStale, CONSOLE_DIST } from '../../console/build.ts'
import { buildApp } from '../../src/api/app.ts'
import { VENDOR_PAGES } from '../../src/api/cases/vendor-pages.ts'
import { createSignInLink } from '../../src/api/sessions/session.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { freePort, isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

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
      links: VENDOR_PAGES,
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
    await page.goto(await createSignInLink(test.db, base))
    await page.getByRole('heading', { name: 'Exception surface' }).waitFor()
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
    await page.getByText('Another API address').click()
    await page.getByLabel('API address').fill(stage.hubspot.url)
  }

  async function salesforceAddress(): Promise<void> {
    await page.getByLabel('My Domain address').fill(stage.salesforce.url)
    await page.getByText('Another API version or stream address').click()
    await page.getByLabel('Pub/Sub address').fill(stage.salesforce.pubsubAddress)
  }

  async function enterHubSpotToken(token: string): Promise<void> {
    await choose('HubSpot', 'App token')
    await page.getByLabel('Access token').fill(token)
    await hubSpotAddress()
    await page.getByRole('button', { name: 'Check what works' }).click()
  }

  async function startReading(title: RegExp): Promise<void> {
    await page.getByRole('button', { name: 'Start reading' }).click()
    await page.waitForURL(`${base}/connections#*`)
    await page.getByRole('heading', { name: title, level: 2 }).waitFor()
    await page.getByText('Reading the baseline').waitFor()
  }

  it('HubSpot by app token: what works is listed, nothing starts before the button', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await page.getByRole('heading', { name: 'What works' }).waitFor()
    await page.getByText('Read contacts').waitFor()
    await page.getByText(String(stage.hubspot.portalId), { exact: true }).waitFor()
    const start = page.getByRole('button', { name: 'Start reading' })
    await start.waitFor()
    const { rows } = await sql<{ n: number }>`select count(*) as n from connection`.execute(test.db)
    assert.equal(rows[0]!.n, 0)
    assert.match(
      await page.locator('main').innerText(),
      /Nothing is written to the CRM until you let your workflows write/,
    )
    const share = page.getByLabel('Share of the day')
    await share.fill('10')
    await share.blur()
    await page.getByText(/^62,500 of the 625,000 calls/).waitFor()
    await startReading(/HubSpot/)
    await page.getByText('by polling, seen within about a minute').waitFor()
    const { rows: budgets } = await sql<{ day_share: number }>`select day_share from call_budget`.execute(test.db)
    assert.equal(Math.round(budgets[0]!.day_share * 100), 10)
  })

  it('a wrong token is told in a sentence, and can be entered again', async () => {
    await enterHubSpotToken('pat-na1-nobody-knows-this')
    await page.getByText('This cannot be connected yet').waitFor()
    const said = await page.getByRole('alert').innerText()
    assert.match(said, /HubSpot/)
    assert.doesNotMatch(said, /nobody-knows-this/)
    await page.getByRole('link', { name: 'Enter something else' }).click()
    await page.getByLabel('Access token').waitFor()
    assert.equal(await page.getByLabel('Access token').inputValue(), '')
  })

  it('what cannot be right is said beside its input', async () => {
    await choose('Salesforce', 'Client credentials')
    await page.getByLabel('My Domain address').fill('https://login.salesforce.com')
    await page.getByLabel('Consumer key').fill('3MVG9')
    await page.getByRole('button', { name: 'Check what works' }).click()
    await page.getByText('Paste the consumer secret of the External Client App.').waitFor()
    assert.equal(await page.getByLabel('Consumer secret').getAttribute('aria-invalid'), 'true')
    await page.getByLabel('Consumer secret').fill('a-secret-that-is-long-enough')
    await page.getByRole('button', { name: 'Check what works' }).click()
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
    await page.getByRole('button', { name: 'Start reading' }).waitFor()
    await startReading(/HubSpot/)
  })

  it('Salesforce by PKCE: over its allow page and back; a denial is told and can be undone', async () => {
    await choose('Salesforce', 'Sign in')
    await salesforceAddress()
    await page.getByLabel('Consumer key').fill(stage.salesforce.credentials.pkceClientId)
    await page.getByRole('button', { name: 'Continue to Salesforce' }).click()
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.getByText('This cannot be connected yet').waitFor()
    await page.getByText('At Salesforce the access was not granted').waitFor()
    await page.getByRole('button', { name: 'Sign in to Salesforce' }).click()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(/\/connections\/new\/[\w-]+$/)
    await page.getByRole('heading', { name: 'Change events' }).waitFor()
    await startReading(/Brightwater/)
    await page.getByText('by event stream').waitFor()
  })

  it('an answer that nobody waits for is refused in words, and changes nothing', async () => {
    await page.goto(`${base}/oauth/hubspot/callback?state=forged&code=stolen`)
    await page.waitForURL(/refused=state/)
    await page.getByText('does not belong to this sign-in').waitFor()
    await page.getByText('App token').waitFor()
    assert.doesNotMatch(page.url(), /stolen|forged/)
  })

  it('is done with the keyboard alone', async () => {
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
    await page.getByRole('button', { name: 'Start reading' }).waitFor()
  })

  async function tabTo(isIt: (text: string) => boolean): Promise<void> {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab')
      const text = await page.evaluate(() => document.activeElement?.textContent ?? '')
      if (isIt(text)) return
    }
    assert.fail('Tab does not reach it')
  }

  it('a connection is ended after a dialog that says what happens; erasing takes its name', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    const end = page.getByRole('button', { name: 'Disconnect', exact: true })
    await end.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Tasks that were written stay').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await end.click()
    await dialog.getByLabel('Erase it').click()
    const erase = dialog.getByRole('button', { name: 'Disconnect and erase' })
    assert.equal(await erase.isDisabled(), true)
    const title = await page.locator('.connection .panel-head h2').innerText()
    await dialog.getByLabel(/^Type/).fill(title.slice(1))
    assert.equal(await erase.isDisabled(), true)
    await dialog.getByLabel('Keep it').click()
    await dialog.getByRole('button', { name: 'Disconnect', exact: true }).click()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByText('Disconnected', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Connect again' }).waitFor()
    const { rows } = await sql<{ credentials: Buffer | null }>`select credentials from connection`.execute(test.db)
    assert.equal(rows[0]!.credentials, null)
  })

  it('what happened stands on the card with its step, and in the overview while it lasts', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    await sql`insert into notice (connection_id, code, subject, level, message, remedy) select id, 'field-removed', 'region',
      'stop', 'The field Region is gone.', 'Give the workflow another field.' from connection`.execute(test.db)
    await sql`insert into notice (connection_id, code, level, message, ended_at, ended_message) select id, 'outage', 'warn',
      'HubSpot answered 503.', now(), 'It answers again.' from connection`.execute(test.db)
    await page.getByText('The field Region is gone.').waitFor()
    await page.getByText('1 thing that ended').click()
    await page.getByText('It answers again.').waitFor()
    await page.getByRole('link', { name: 'Surface', exact: true }).click()
    await page.getByText(/need(s)? attention/).click()
    await page
      .getByRole('paragraph')
      .filter({ hasText: /: A field is gone$/ })
      .waitFor()
    await page.getByText('Give the workflow another field.').waitFor()
  })

  it('is only read until somebody lets the workflows write, after reading what that means', async () => {
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await startReading(/HubSpot/)
    await sql`update connection set baseline = jsonb_set(baseline, '{done}', 'true')`.execute(test.db)
    await page.getByText('Only read: nothing is written to HubSpot').waitFor()
    await sql`insert into workflow (workflow, title, mode, effective_mode)
      values ('routing', 'Routing', 'live', 'live') on conflict do nothing`.execute(test.db)
    await page.getByRole('link', { name: 'Surface', exact: true }).click()
    await page.getByText('1 connection is only read.').waitFor()
    await page.getByRole('link', { name: 'Let workflows write' }).click()
    await page.getByRole('button', { name: 'Let workflows write' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('become tasks in HubSpot').waitFor()
    assert.deepEqual(await seriousViolations(page), [], 'the dialog')
    await dialog.getByRole('button', { name: 'Let them write' }).click()
    await page.getByText(/^Workflows write to HubSpot since/).waitFor()
    const { rows } = await sql<{ writes_by: string | null }>`select writes_by from connection`.execute(test.db)
    assert.equal(rows[0]!.writes_by, 'console')
    await page.getByRole('button', { name: 'Only read from now on' }).click()
    await page.getByText('Only read: nothing is written to HubSpot').waitFor()
  })

  it('while the sandbox runs, says how to connect a CRM of one’s own and takes nothing', async () => {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const own = buildApp({
      db: test.db,
      publicUrl: url,
      consoleDir: CONSOLE_DIST,
      connect: stage.setUp(test.db, url, { sandbox: true }),
    })
    await own.listen({ host: '127.0.0.1', port })
    await page.goto(await createSignInLink(test.db, url))
    await page.getByRole('heading', { name: 'Exception surface' }).waitFor()
    await page.goto(`${url}/connections/new?crm=hubspot&kind=hubspot-token`)
    await page.getByText('npm start -- --own').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Check what works' }).isDisabled(), true)
    assert.equal(await page.getByLabel('Access token').isDisabled(), true)
    await page.goto('about:blank')
    await own.close()
  })

  it('fits 390 and 1280 px and has no serious accessibility violation, in light and in dark', async () => {
    await enterHubSpotToken('pat-na1-wrong')
    await page.getByText('This cannot be connected yet').waitFor()
    const failed = new URL(page.url()).pathname
    await enterHubSpotToken(stage.hubspot.credentials.token)
    await page.getByRole('button', { name: 'Start reading' }).waitFor()
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
