import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { openSession } from '../../src/store/people/sessions.ts'
import { jobHeld, personWho } from '../support/jobs.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

const WORKFLOW = 'account-ownership'
const PICTURES = process.env.PICTURES_FOLDER ?? join(tmpdir(), 'lanekeeper-pictures')

describe('the mode of a workflow in the console', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let owner: string
  before(async () => {
    await mkdir(PICTURES, { recursive: true })
    stage = await startConsole()
    owner = await personWho(stage.db, 'Rolf Rollback', { mail: 'rolf@x.example' })
    await jobHeld(stage.db, owner, { lane: 'rollback', workflow: WORKFLOW })
    await refreshLaneHolders(stage.db, null)
    await sql`insert into mode_change (workflow, mode, is_raise, origin, why, changed_by)
      values (${WORKFLOW}, 'live', false, 'before-publishing', '', 'lanekeeper')`.execute(stage.db)
  })
  after(() => stage?.stop())

  it('shows how far it goes and who set that; the rollback owner lowers it and is told that raising is another’s', async () => {
    const { token } = await openSession(stage.db, {
      personId: owner,
      method: 'code',
      browser: 'a test',
      onlyPauses: false,
    })
    const context = await stage.browser.newContext({ viewport: { width: 390, height: 844 } })
    context.setDefaultTimeout(PATIENCE_MS)
    const { port } = new URL(stage.base)
    await context.addCookies([{ name: `lanekeeper_${port}`, value: token, url: stage.base }])
    const page = await context.newPage()
    await page.goto(`${stage.base}/workflows/${WORKFLOW}`)
    const card = page.getByRole('region', { name: 'Mode' })
    await card.getByRole('heading', { name: 'Mode: Live' }).waitFor()
    await isSettled(page)
    await card.getByRole('button', { name: 'Change mode…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Mode').selectOption('observe')
    await dialog.getByLabel('Reason (optional)').fill('Two owners were swapped')
    await dialog.getByText('It applies at once.').waitFor()
    assert.ok((await tooWideBy(page)) <= 0)
    assert.deepEqual(await seriousViolations(page), [])
    await page.screenshot({ path: join(PICTURES, 'mode-dialog-390.png'), fullPage: true })
    await dialog.getByRole('button', { name: 'Lower' }).click()
    await card.getByRole('heading', { name: 'Mode: Observe' }).waitFor()
    await dialog.waitFor({ state: 'detached' })
    await card.getByText('History', { exact: true }).click()
    await card.getByText(/Observe: by Rolf Rollback, .*Two owners were swapped/).waitFor()
    await page.screenshot({ path: join(PICTURES, 'mode-card-390.png'), fullPage: true })
    await card.getByRole('button', { name: 'Change mode…' }).click()
    await dialog.getByLabel('Mode').selectOption('live')
    await dialog.getByText(/Only the workflow owner can raise it/).waitFor()
    await dialog.getByRole('button', { name: 'Raise' }).click()
    await dialog.getByText(/Only the workflow owner can raise a mode/).waitFor()
    await context.close()
  })
})
