import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { BrowserContext, Page } from 'playwright-core'
import { adminLink, TEST_ADMIN } from '../support/people.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, serveConsole, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'

describe('the console in a real browser', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let context: BrowserContext
  let page: Page
  let complaints: string[]
  /** Answers of the API that the browser reports as failed resources, whenever it comes to it. */
  let answers: RegExp

  before(async () => {
    stage = await startConsole()
  })
  after(() => stage?.stop())

  beforeEach(async () => {
    context = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    page = await context.newPage()
    complaints = []
    answers = /\b401\b/
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !answers.test(message.text())) complaints.push(message.text())
    })
  })
  afterEach(async () => {
    await context.close()
    // A policy violation or a failing component would show here, even where the page looks right.
    assert.deepEqual(complaints, [])
  })

  async function signIn(): Promise<void> {
    await signInWithLink(page, stage.db, stage.base)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  }

  async function open(path: string, heading: string): Promise<void> {
    await page.goto(stage.base + path)
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
  }

  it('a link signs in once, and its secret is gone from the address', async () => {
    const link = await adminLink(stage.db, stage.base)
    await page.goto(link)
    // What opens every link in a mail has used nothing up by now.
    const button = page.getByRole('button', { name: `Sign in as ${TEST_ADMIN}` })
    await button.waitFor()
    await page.goto('about:blank')
    await page.goto(link)
    await button.click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.deepEqual([new URL(page.url()).pathname, new URL(page.url()).hash], ['/overview', ''])
    assert.deepEqual(
      (await context.cookies()).map((cookie) => [cookie.httpOnly, cookie.sameSite]),
      [[true, 'Lax']],
    )

    const other = await stage.browser.newContext()
    const stranger = await other.newPage()
    await stranger.goto(link)
    await stranger.getByText('This sign-in link no longer works').waitFor({ timeout: PATIENCE_MS })
    await stranger.getByText('npx lanekeeper admin').waitFor()
    await other.close()
  })

  it('signing out closes the pages and shows how to sign in again', async () => {
    await signIn()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('npx lanekeeper admin').waitFor()
    await page.goto(`${stage.base}/cases`)
    await page.getByText('npx lanekeeper admin').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Workflows' }).count(), 0)
  })

  it('M4: each row of the list shows class, owner and posture, and names them to a screen reader first', async () => {
    await signIn()
    await open('/cases', 'Cases')
    const row = page.locator('a.case-row').first()
    await row.waitFor()
    const shown = {
      class: await row.locator('.class-badge').innerText(),
      owner: await row.locator('.owner-name').innerText(),
      posture: await row.locator('.posture').innerText(),
    }
    const spoken = new RegExp(`^${shown.class} ?, owner ${shown.owner} ?, meanwhile ${shown.posture}`)
    assert.ok((await page.getByRole('link', { name: spoken }).count()) > 0, `${spoken} is the name of a row`)
    const weight = (selector: string) =>
      row.locator(selector).evaluate((element) => Number(getComputedStyle(element).fontWeight))
    for (const mark of ['.class-badge', '.owner-name']) {
      assert.ok((await weight(mark)) > (await weight('.case-title')), `${mark} is louder than the title`)
    }
  })

  it('a case is found and opened with the keyboard alone, and answers the four questions', async () => {
    await signIn()
    await open('/cases', 'Cases')
    await page.locator('a.case-row').nth(2).waitFor()
    // From the top of the page: the skip link comes first and leads past the header.
    await page.keyboard.press('Tab')
    assert.equal(await focusedText(), 'Skip to content')
    await page.keyboard.press('Enter')
    const isOnRow = () => page.evaluate(() => document.activeElement?.classList.contains('case-row') ?? false)
    for (let i = 0; i < 30 && !(await isOnRow()); i++) await page.keyboard.press('Tab')
    assert.ok(await isOnRow(), 'Tab reaches the list')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    const third = await page.locator('a.case-row').nth(2).getAttribute('href')
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), third)
    await page.keyboard.press('Enter')
    await page.waitForURL(stage.base + third)
    for (const question of ['What happened', 'Why it needs attention', 'Who owns it', 'What to do']) {
      await page.getByRole('heading', { name: question }).waitFor()
    }
    for (const part of ['Evidence', 'Receipt', 'Task', 'History']) {
      await page.getByRole('heading', { name: part, exact: true }).waitFor()
    }
  })

  async function focusedText(): Promise<string | null> {
    return page.evaluate(() => document.activeElement?.textContent ?? null)
  }

  it('filters narrow the list, stay in the address, and survive a reload', async () => {
    const { rows } = await sql<{ title: string }>`
      select title from exception where class = 'unknown' and title ~ '^[A-Za-z ]+$' order by id limit 1`.execute(
      stage.db,
    )
    const title = rows[0]!.title
    await signIn()
    await open('/cases', 'Cases')
    await page.getByRole('button', { name: /^Unknown/ }).click()
    await page.waitForURL(/class=unknown/)
    await page.waitForFunction(() =>
      [...document.querySelectorAll('a.case-row .class-badge')].every((badge) => badge.textContent === 'Unknown'),
    )
    await page.getByRole('combobox', { name: 'Status' }).selectOption('all')
    await page.getByRole('searchbox', { name: 'Search cases' }).fill(title.toUpperCase())
    await page.waitForURL(/[?&]q=/)
    await page.reload()
    await page.locator('a.case-row').first().waitFor()
    const titles = await page.locator('a.case-row .case-title').allInnerTexts()
    assert.ok(titles.length > 0 && titles.every((found) => found === title), titles.join())
    assert.equal(await page.getByRole('button', { name: /^Unknown/ }).getAttribute('aria-pressed'), 'true')
    await page.getByRole('searchbox', { name: 'Search cases' }).fill('no such thing anywhere')
    await page.getByText('No cases match these filters').waitFor()
    await page.getByRole('link', { name: 'Clear all filters' }).click()
    await page.locator('a.case-row').nth(20).waitFor()
  })

  it('the list pages on without losing or repeating a case', async () => {
    await signIn()
    await open('/cases?status=all', 'Cases')
    await page.locator('a.case-row').first().waitFor()
    for (let more = page.getByRole('button', { name: 'Show more' }); await more.isVisible(); ) {
      const before = await page.locator('a.case-row').count()
      await more.click()
      await page.waitForFunction((n) => document.querySelectorAll('a.case-row').length > n, before)
    }
    const hrefs = await page
      .locator('a.case-row')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    const { rows } = await sql<{ n: number }>`select count(*) as n from exception`.execute(stage.db)
    assert.equal(new Set(hrefs).size, hrefs.length)
    assert.equal(hrefs.length, rows[0]!.n)
  })

  it('a new case appears by itself', async () => {
    await signIn()
    await page.getByText('Page updates itself', { exact: true }).waitFor()
    await open('/cases', 'Cases')
    await page.getByText('Page updates itself', { exact: true }).waitFor()
    await page.locator('a.case-row').first().waitFor()
    await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, policy_hash, due_at)
      select connection_id, workflow, pattern, 'hubspot-1/contacts/999', object_type, '999', 'Brand new arrival', class,
        class_because, posture, owner_email, what, would_have, todo, 'new', evidence, policy_hash, due_at
      from exception where status = 'open' limit 1`.execute(stage.db)
    await page.getByText('Brand new arrival').waitFor({ timeout: 12_000 })
  })

  it('dark and light follow the system, can be chosen, and the choice is kept', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await signIn()
    assert.ok((await brightness()) < 60, 'dark by the system')
    await page.getByRole('button', { name: 'Switch to light mode' }).click()
    await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === 'light')
    assert.ok((await brightness()) > 200, 'light by choice')
    await page.reload()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.ok((await brightness()) > 200, 'light after a reload')
  })

  async function brightness(): Promise<number> {
    return page.evaluate(() => {
      const [r = 0, g = 0, b = 0] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(Number)
      return (r + g + b) / 3
    })
  }

  it('an error is explained in plain words', async () => {
    await signIn()
    answers = /\b(401|404)\b/
    await page.goto(`${stage.base}/cases/999999`)
    await page.getByText('There is no case with this number.').waitFor()
    answers = /\b(400|401|404)\b/
    await page.goto(`${stage.base}/cases?class=foo`)
    await page.getByText('Unknown filter class=foo.').waitFor()
    await page.getByRole('link', { name: 'Clear it' }).click()
    await page.locator('a.case-row').first().waitFor()
    assert.equal(new URL(page.url()).search, '')
  })

  it('an unknown address leads to the overview, and so does the old address of the overview', async () => {
    await signIn()
    answers = /\b(401|404)\b/
    await page.goto(`${stage.base}/no-such-page`)
    await page.getByText('Page not found').waitFor()
    await page.locator('main').getByRole('link', { name: 'Overview' }).click()
    await page.waitForURL(`${stage.base}/overview`)
    await page.goto(`${stage.base}/`)
    await page.waitForURL(`${stage.base}/overview`)
  })

  it('fits 390 and 1440 px on every page without scrolling sideways', async () => {
    await signIn()
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 844 })
      for (const [path, heading] of await everyPage()) {
        await open(path, heading)
        await isSettled(page)
        const over = await tooWideBy(page)
        assert.ok(over <= 0, `${path} is ${over} px too wide at ${width}`)
      }
    }
  })

  it('has no serious accessibility violation on any page, in light and in dark', async () => {
    const check = async (where: string) => assert.deepEqual(await seriousViolations(page), [], where)
    await page.goto(`${stage.base}/sign-in`)
    await page.getByText('npx lanekeeper admin').waitFor()
    await check('sign-in')
    await signIn()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const [path, heading] of await everyPage()) {
        await open(path, heading)
        await isSettled(page)
        // What is folded away has to be readable, too.
        await page.locator('main details').evaluateAll((all) => {
          for (const details of all) (details as HTMLDetailsElement).open = true
        })
        await check(`${path} in ${colorScheme}`)
      }
    }
  })

  async function everyPage(): Promise<[string, string][]> {
    const { rows } = await sql<{ id: number; title: string }>`
      select distinct on (class) id, title from exception where status = 'open' order by class, id`.execute(stage.db)
    return [
      ['/overview', 'Overview'],
      ['/cases', 'Cases'],
      ['/workflows', 'Workflows'],
      ['/workflows/account-ownership', 'Account ownership'],
      ['/connections', 'Connections'],
      ...rows.map((row): [string, string] => [`/cases/${row.id}`, row.title]),
    ]
  }

  it('an empty installation shows the next step', async () => {
    const empty = await serveConsole()
    await signInWithLink(page, empty.db, empty.base)
    await page.getByText('No CRM connected yet').waitFor()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Connections' }).click()
    await page.getByText('Connecting writes nothing to the CRM').waitFor()
    await page.locator('main').getByRole('link', { name: 'Connect a CRM' }).waitFor()
    await page.getByRole('link', { name: 'Cases', exact: true }).click()
    await page.getByText('No open cases').waitFor()
    await page.getByRole('link', { name: 'Workflows', exact: true }).click()
    await page.getByText('Nothing is watched yet').waitFor()
    await page.goto('about:blank')
    await empty.stop()
  })
})
