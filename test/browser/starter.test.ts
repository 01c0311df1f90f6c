import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { ownCrm } from '../publishing/own-crm.ts'
import { sessionToken } from '../support/people.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { NO_CHROMIUM, PATIENCE_MS, type ServedConsole, serveConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

/** A folder for pictures of what the tests see; absent: none are taken. */
const PICTURES = process.env.STARTER_PICTURES

describe('beginning with an own CRM, in the console', { skip: NO_CHROMIUM }, () => {
  let browser: Browser
  let served: ServedConsole

  before(async () => {
    ;[browser, served] = await Promise.all([launchChromium(chromiumPath()!), serveConsole()])
    await ownCrm(served.db)
  })
  after(async () => {
    await browser?.close()
    await served?.stop()
  })

  const open = async (path: string, width = 1440): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    const { port } = new URL(served.base)
    await context.addCookies([{ name: `lanekeeper_${port}`, value: await sessionToken(served.db), url: served.base }])
    const page = await context.newPage()
    await page.goto(`${served.base}${path}`)
    await isSettled(page)
    return page
  }
  const look = async (page: Page, name: string) => {
    assert.equal(await tooWideBy(page), 0)
    assert.deepEqual(await seriousViolations(page), [])
    if (PICTURES === undefined) return
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
  }

  it('says on each page what to do next, on a wide screen and on a phone', async () => {
    for (const [path, width] of [
      ['/', 1440],
      ['/workflows', 390],
      ['/changes', 390],
    ] as const) {
      const page = await open(path, width)
      await page.getByRole('heading', { name: 'Nothing is watched yet' }).waitFor()
      await page.getByRole('button', { name: 'Take the draft for Acme' }).waitFor()
      await look(page, `nothing-${path.slice(1) || 'overview'}-${width}`)
      await page.context().close()
    }
  })

  it('takes the draft, tries it, and says what is still missing', async () => {
    const page = await open('/changes')
    await page.getByRole('button', { name: 'Take the draft for Acme' }).click()
    await page.getByRole('heading', { name: 'Keep one active owner on Salesforce records' }).waitFor()
    await page.getByText('A boundary owner and a second person must each accept a job.').waitFor()
    const card = page.getByRole('region', { name: 'Keep one active owner on Salesforce records' })
    await card.getByRole('button', { name: 'Try on present records' }).click()
    const result = card.getByRole('region', { name: 'What the draft would find' })
    await result.getByText('It would open 9 cases').waitFor()
    await result.getByText('general reviewers 9 (nobody yet)').waitFor()
    await result.getByText(/^no active owner: 8 cases/).click()
    const link = result.getByRole('link', { name: /Harbor Foods/ }).first()
    assert.match((await link.getAttribute('href'))!, /^https:\/\/acme\.lightning\.force\.com\/.*0013/)
    await page.getByText('Try it on your records').locator('..').getByText('Done').waitFor()
    await look(page, 'tried-1440')
    await page.setViewportSize({ width: 390, height: 844 })
    await look(page, 'tried-390')
    await page.context().close()
  })

  it('names its jobs on the page People before it is published', async () => {
    const page = await open('/people')
    await page.getByText('Keep one active owner on Salesforce records').first().waitFor()
    await page.context().close()
  })
})
