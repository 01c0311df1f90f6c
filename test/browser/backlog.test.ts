import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { openSession } from '../../src/store/people/sessions.ts'
import { jobHeld, personWho } from '../support/jobs.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

const WORKFLOW = 'account-ownership'
const PICTURES = process.env.PICTURES_FOLDER ?? join(tmpdir(), 'lanekeeper-pictures')

describe('applying a version to the backlog in the console', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let owner: string

  before(async () => {
    await mkdir(PICTURES, { recursive: true })
    stage = await startConsole()
    owner = await personWho(stage.db, 'Wilma Owner', { mail: 'wilma@x.example' })
    await jobHeld(stage.db, owner, { lane: 'workflow', workflow: WORKFLOW })
    await refreshLaneHolders(stage.db, null)
    await sql`insert into workflow_version (workflow, hash, reading_version)
      select workflow, hash, 'test' from workflow where workflow = ${WORKFLOW} on conflict do nothing`.execute(stage.db)
    await sql`update workflow w set version_id = v.id from workflow_version v
      where w.workflow = ${WORKFLOW} and v.workflow = w.workflow`.execute(stage.db)
    await sql`insert into backlog_write (connection_id, object_type, record_id, workflow, version_id, from_id, to_id, branch)
      select u.connection_id, 'Account', 'b' || n, ${WORKFLOW}, w.version_id, case when n % 3 > 0 then u.last end, u.first, 'named'
      from workflow w, (select connection_id, min(user_id) as first, max(user_id) as last from crm_user
        group by 1 order by 1 limit 1) u, generate_series(1, 1204) n where w.workflow = ${WORKFLOW}`.execute(stage.db)
  })
  after(() => stage?.stop())

  const open = async (width: number, scheme: 'light' | 'dark'): Promise<Page> => {
    const { token } = await openSession(stage.db, {
      personId: owner,
      method: 'code',
      browser: 'a test',
      onlyPauses: false,
    })
    const context = await stage.browser.newContext({ viewport: { width, height: 844 }, colorScheme: scheme })
    context.setDefaultTimeout(PATIENCE_MS)
    const { port } = new URL(stage.base)
    await context.addCookies([{ name: `lanekeeper_${port}`, value: token, url: stage.base }])
    const page = await context.newPage()
    await page.goto(`${stage.base}/workflows/${WORKFLOW}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await isSettled(page)
    return page
  }
  const looksRight = async (page: Page, name: string) => {
    assert.ok((await tooWideBy(page)) <= 0, name)
    assert.deepEqual(await seriousViolations(page), [], name)
    await page.screenshot({ path: join(PICTURES, `backlog-${name}.png`), fullPage: true })
  }

  it('the workflow owner sees what would change, applies it to a part at a rate, watches it and stops it', async () => {
    const page = await open(390, 'light')
    await page.getByText(/^1,204 records would be changed by version/).waitFor()
    await looksRight(page, 'waiting-390-light')
    await page.getByRole('button', { name: 'Apply to backlog…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('cell', { name: /^nobody →/ }).waitFor()
    await dialog.getByText('By branch: named 1,204').waitFor()
    await dialog.getByText(/Takes about 24 h/).waitFor()
    await looksRight(page, 'preview-390-light')
    await dialog.getByLabel('Records in all').fill('100')
    await dialog.getByLabel('Records an hour').fill('200')
    await dialog.getByText(/Takes about 30 min/).waitFor()
    await dialog.getByRole('button', { name: 'Apply to 100 records' }).click()
    await page.getByText('Applying a version to the backlog: 0 of 100 records written').waitFor()
    await page.getByText(/Started by Wilma Owner/).waitFor()
    await dialog.waitFor({ state: 'detached' })
    await looksRight(page, 'running-390-light')
    await page.getByRole('button', { name: 'Stop now' }).click()
    await page.getByText(/Wilma Owner stopped the last application to the backlog/).waitFor()
    await page.context().close()
    const { rows } = await sql`select state, cap, per_hour from backlog_application`.execute(stage.db)
    assert.deepEqual(rows, [{ state: 'stopped', cap: 100, per_hour: 200 }])
  })

  it('reads well wide and in the dark, and a number that is out of bounds cannot be sent', async () => {
    const page = await open(1440, 'dark')
    await looksRight(page, 'waiting-1440-dark')
    await page.getByRole('button', { name: 'Apply to backlog…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Records in all').fill('')
    assert.ok(await dialog.getByRole('button', { name: 'Apply to records' }).isDisabled())
    await dialog.getByLabel('Records in all').fill('99999')
    await dialog.getByLabel('Records an hour').click()
    await looksRight(page, 'preview-1440-dark')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.context().close()
  })
})
