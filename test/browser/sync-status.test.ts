import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { seriousViolations, tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'
import { seedSyncStatus } from './sync-status-rows.ts'

/** Set SCREENSHOT_DIR to keep pictures of the pages. */
const PICTURES = process.env.SCREENSHOT_DIR

describe('sync health in a real browser', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage

  before(async () => {
    stage = await startConsole()
    await seedSyncStatus(stage.db, 'hubspot-1', ['companies', 'contacts', 'deals'], new Date())
  })
  after(() => stage?.stop())

  async function openConnections(width: number, height: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const context = await stage.browser.newContext({ viewport: { width, height }, colorScheme })
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    await signInWithLink(page, stage.db, stage.base)
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.getByRole('heading', { name: 'Sync health' }).waitFor()
    return page
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (!PICTURES) return
    await mkdir(PICTURES, { recursive: true })
    await page
      .locator('.sync-health')
      .first()
      .screenshot({ path: join(PICTURES, `${name}.png`) })
  }

  it('says in one sentence whether every change arrived and all records match', async () => {
    const page = await openConnections(1440, 1000, 'light')
    const summary = page.locator('.sync-summary').first()
    assert.match(
      (await summary.textContent()) ?? '',
      /^Processed all 1[\d,.\s]+ changes received in the last 7 days\. 2 failed\. 3 records are out of sync\. Missed webhooks: 14 changes found by polling\.$/,
    )
    assert.equal(await page.getByRole('img', { name: 'Companies: 1 day out of sync' }).count(), 1)
    assert.equal(await page.getByRole('img', { name: 'Deals: in sync on all days' }).count(), 1)
    await picture(page, 'ledger-desktop')
    assert.deepEqual(await seriousViolations(page), [])
    await page.context().close()
  })

  it('fits a phone', async () => {
    const page = await openConnections(390, 844, 'dark')
    assert.equal(await tooWideBy(page), 0)
    await picture(page, 'ledger-phone')
    await page.getByText('How changes arrived, and why some were skipped').first().click()
    assert.equal(await tooWideBy(page), 0)
    assert.deepEqual(await seriousViolations(page), [])
    await page.context().close()
  })

  it('shows each failed event with its reason, and has one or all of them replayed', async () => {
    await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order,
        fields, complete, source, actor, state, skip_reason, attempts)
      select 'hubspot-1', 'failed ' || n, 'contacts', (9000 + n)::text, 'changed', 1, 0, '{}', false, 'webhook', '{}', 'failed',
        'error: 22P02', 3
      from generate_series(1, 3) n`.execute(stage.db)
    const page = await openConnections(1440, 1000, 'light')
    await page.getByText('Lanekeeper tried 3 changes three times and could not apply them.').waitFor()
    assert.equal(await page.getByText(/^contacts 9003, received .*: error: 22P02/).count(), 1)
    assert.deepEqual(await seriousViolations(page), [])
    await picture(page, 'failed-events')
    await page.getByRole('button', { name: 'Replay', exact: true }).first().click()
    await page.getByText('Lanekeeper tried 2 changes').waitFor()
    await page.getByRole('button', { name: 'Replay all 2 changes' }).click()
    await page.getByRole('heading', { name: 'Failed events' }).waitFor({ state: 'detached' })
    const { rows } = await sql`select 1 from change_event where state = 'failed' and retry_at is null`.execute(stage.db)
    assert.deepEqual(rows, [])
    await page.context().close()
  })

  it('re-syncs the differing records, and compares, at the press of a button', async () => {
    const page = await openConnections(1440, 1000, 'light')
    await page.getByRole('button', { name: 'Re-sync 3 records' }).click()
    await page.getByText('Re-syncing 3 records').waitFor()
    assert.equal(await page.getByRole('button', { name: /^Re-sync / }).count(), 0)
    await page.getByRole('button', { name: 'Compare now' }).click()
    await page.getByText('Comparison starts soon').waitFor()
    await sql`update comparison set state = 'running', object_type = 'contacts', records = 2100, of_total = 5204`.execute(
      stage.db,
    )
    await page.getByText('Comparing Contacts').waitFor()
    await page.getByText(/2[,.\s]?100 of 5[,.\s]?204 read/).waitFor()
    await picture(page, 'ledger-comparing')
    // As the worker leaves it.
    await sql`update comparison set state = 'idle', last_full_at = now(), last_recent_at = now()`.execute(stage.db)
    await sql`delete from difference`.execute(stage.db)
    await page.getByText('All records match.').waitFor()
    await page.getByRole('button', { name: 'Compare now' }).isEnabled()
    await page.context().close()
  })
})
