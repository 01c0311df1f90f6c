import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'
import { seedUpgrades } from './upgrade-rows.ts'

describe('what an upgrade changed, in the console', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let opened: number

  before(async () => {
    stage = await startConsole()
    opened = await seedUpgrades(stage.db, { underWay: true })
  })
  after(() => stage?.stop())

  const signedIn = async (width: number): Promise<Page> => {
    const context = await stage.browser.newContext({ viewport: { width, height: 900 }, colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    await signInWithLink(page, stage.db, stage.base)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    return page
  }

  it('leads from one alert to its table, and from there to the cases, which say that it was Lanekeeper', async () => {
    const page = await signedIn(1280)
    await page.locator('details.alerts > summary').click()
    await page.getByText('Upgrade: every record is being decided again').waitFor()
    const alert = page.locator('.alerts li').filter({ hasText: 'cases opened' })
    await alert.getByText('14 tasks to write: 10 new, 1 with another text, 3 to close').waitFor()
    await alert.getByRole('link', { name: 'See what changed' }).click()
    await page.getByRole('heading', { name: 'Upgrades', level: 1 }).waitFor()
    // The heading is there before the reports.
    await page.locator('main section').nth(2).waitFor()
    const sections = await page.locator('main section').allInnerTexts()
    assert.equal(sections.length, 3)
    assert.match(sections[0]!, /Tasks that only the new version wants wait for this report/)
    assert.match(sections[1]!, /4,800 cases opened, 32 closed, 12 changed class/)
    assert.match(sections[1]!, /2 records were not decided yet/)
    assert.match(sections[2]!, /This version decides every record as before/)
    assert.equal(await page.getByRole('table').locator('tbody tr').count(), 4)
    await page.goto(`${stage.base}/cases/${opened}`)
    await page.getByText(/this version of Lanekeeper reads values differently/).waitFor()
    await page.context().close()
  })

  it('fits 390 and 1280 px and has no serious accessibility violation', async () => {
    for (const width of [390, 1280]) {
      const page = await signedIn(width)
      await page.goto(`${stage.base}/upgrades`)
      await page.getByRole('heading', { name: 'Upgrades', level: 1 }).waitFor()
      await isSettled(page)
      assert.ok((await tooWideBy(page)) <= 0, `${width} px`)
      assert.deepEqual(await seriousViolations(page), [])
      await page.context().close()
    }
  })
})
