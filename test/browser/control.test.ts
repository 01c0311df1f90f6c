import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { openSession } from '../../src/store/people/sessions.ts'
import { jobHeld, personWho } from '../support/jobs.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

const WORKFLOW = 'account-ownership'
const PICTURES = process.env.PICTURES_FOLDER ?? join(tmpdir(), 'lanekeeper-pictures')

describe('pausing in the console', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let maya: PersonId
  let tom: PersonId

  before(async () => {
    await mkdir(PICTURES, { recursive: true })
    stage = await startConsole()
    maya = await personWho(stage.db, 'Maya Torres', { mail: 'maya@x.example' })
    tom = await personWho(stage.db, 'Tom Becker', { mail: 'tom@x.example' })
    await jobHeld(stage.db, maya, { lane: 'rollback', workflow: WORKFLOW })
    await jobHeld(stage.db, tom, { lane: 'data', workflow: WORKFLOW })
    await refreshLaneHolders(stage.db, null)
  })
  after(() => stage?.stop())

  const open = async (
    personId: PersonId,
    of: { width?: number; scheme?: 'light' | 'dark'; onlyPauses?: boolean } = {},
  ): Promise<Page> => {
    const { width = 390, scheme = 'light', onlyPauses = false } = of
    const { token } = await openSession(stage.db, { personId, method: 'code', browser: 'a test', onlyPauses })
    const context = await stage.browser.newContext({ viewport: { width, height: 844 }, colorScheme: scheme })
    context.setDefaultTimeout(PATIENCE_MS)
    const { port } = new URL(stage.base)
    await context.addCookies([
      { name: `lanekeeper${onlyPauses ? '-pause' : ''}_${port}`, value: token, url: stage.base },
    ])
    const page = await context.newPage()
    await page.goto(`${stage.base}/control`)
    await page.getByRole('heading', { name: 'Control', level: 1 }).waitFor()
    await page.locator('.control section').first().waitFor()
    await isSettled(page)
    return page
  }
  const openPauses = async () =>
    (
      await sql<{ scope: string; branch: string | null; paused_by: string }>`
        select scope, branch, paused_by from pause where ended_at is null`.execute(stage.db)
    ).rows
  const title = async () =>
    (await sql<{ title: string }>`select title from workflow where workflow = ${WORKFLOW}`.execute(stage.db)).rows[0]!
      .title
  const looksRight = async (page: Page, name: string) => {
    assert.ok((await tooWideBy(page)) <= 0, name)
    assert.deepEqual(await seriousViolations(page), [], name)
    await page.screenshot({ path: join(PICTURES, `control-${name}.png`), fullPage: true })
  }

  it('a rollback owner on a phone pauses in two taps, sees what waits, and resumes with a preview', async () => {
    const page = await open(maya)
    await page.getByRole('button', { name: `Pause: ${await title()}` }).click()
    await page.getByRole('button', { name: 'Pause now' }).click()
    const card = page.getByRole('note').filter({ hasText: `Paused: ${await title()}` })
    await card.getByText(/by Maya Torres/).waitFor()
    assert.deepEqual(await openPauses(), [{ scope: 'workflow', branch: null, paused_by: `person:${maya}` }])
    await card
      .getByText(/owner change/)
      .first()
      .waitFor()
    await looksRight(page, 'paused-390-light')
    await page.goto(`${stage.base}/workflows`)
    await page.getByText('Paused by Maya Torres: owner changes wait until it is resumed.').waitFor()
    await page.goto(`${stage.base}/control`)
    await page.getByRole('button', { name: `Resume: ${await title()}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog
      .getByText(/waits?\./)
      .first()
      .waitFor()
    await looksRight(page, 'resume-390-light')
    await dialog.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Earlier pauses').waitFor()
    assert.deepEqual(await openPauses(), [])
    await page.context().close()
  })

  it('one branch is paused by itself, with a reason', async () => {
    const page = await open(maya, { width: 1440 })
    await page.getByRole('button', { name: `Pause: ${await title()}` }).click()
    const branches = page.getByLabel('What to pause')
    const [, first] = await branches.locator('option').allInnerTexts()
    await branches.selectOption({ label: first! })
    await page.getByLabel('Reason (optional)').fill('Two owners were swapped')
    await page.getByRole('button', { name: 'Pause now' }).click()
    // The dialog holds the same words while it closes.
    const card = page.getByRole('note').filter({ hasText: 'Two owners were swapped' })
    await card.waitFor()
    const [pause] = await openPauses()
    assert.equal(`Only branch ${pause!.branch}`, first)
    await page.getByRole('button', { name: /^Resume: / }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await card.waitFor({ state: 'detached' })
    await page.context().close()
  })

  it('everybody else sees who may, asks, and gets an answer', async () => {
    const page = await open(tom)
    assert.match((await page.locator('.control').textContent())!, /Can pause: Maya Torres/)
    assert.equal(await page.getByRole('button', { name: /^Pause: / }).count(), 0)
    await page.getByRole('button', { name: `Ask for a pause: ${await title()}` }).click()
    await page.getByRole('button', { name: 'Ask now' }).click()
    await page.getByText(/Tom Becker asks for a pause/).waitFor()
    await looksRight(page, 'asked-390-light')
    assert.deepEqual(await openPauses(), [])
    const hers = await open(maya, { scheme: 'dark' })
    await hers.getByText(/Tom Becker asks for a pause/).waitFor()
    await looksRight(hers, 'asked-390-dark')
    await hers.getByRole('button', { name: 'Keep it running' }).click()
    await hers.getByLabel('What you tell Tom Becker').fill('I looked: it is right')
    await hers.getByRole('dialog').getByRole('button', { name: 'Keep it running' }).click()
    await hers.getByText(/Tom Becker asks for a pause/).waitFor({ state: 'detached' })
    await hers.context().close()
    await page.context().close()
  })

  it('a page that stays signed in shows Control alone, pauses, and cannot resume', async () => {
    const page = await open(maya, { onlyPauses: true })
    assert.deepEqual(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts(), [
      'Control',
    ])
    await page.goto(`${stage.base}/cases`)
    await page.getByRole('button', { name: `Pause: ${await title()}` }).click()
    await page.getByRole('button', { name: 'Pause now' }).click()
    await page.getByText(/can only pause/).waitFor()
    assert.equal(await page.getByRole('button', { name: /^Resume: / }).count(), 0)
    assert.equal((await openPauses()).length, 1)
    await page.context().close()
  })

  it('fits both widths in both schemes, has no serious accessibility violation, and is worked by keyboard', async () => {
    for (const width of [390, 1440]) {
      for (const scheme of ['light', 'dark'] as const) {
        const page = await open(maya, { width, scheme })
        await looksRight(page, `${width}-${scheme}`)
        await page
          .getByRole('button', { name: /^Pause: / })
          .first()
          .focus()
        await page.keyboard.press('Enter')
        await page.getByRole('button', { name: 'Pause now' }).waitFor()
        await looksRight(page, `dialog-${width}-${scheme}`)
        await page.keyboard.press('Escape')
        await page.getByRole('dialog').waitFor({ state: 'detached' })
        await page.context().close()
      }
    }
  })
})
