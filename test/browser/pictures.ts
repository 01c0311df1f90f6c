import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { buildConsoleIfStale, CONSOLE_DIST } from '../../console/build.ts'
import type { HubSpotSandbox } from '../../sandbox/hubspot/app.ts'
import { buildApp } from '../../src/api/app.ts'
import { CRM_PAGES } from '../../src/api/cases/crm-pages.ts'
import type { Database } from '../../src/store/database/database.ts'
import { connectStage } from '../support/connect-stage.ts'
import { testDatabase } from '../support/database.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { seedConsole } from './console-rows.ts'
import { freePort, isSettled } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'
import { seedSyncStatus } from './sync-status-rows.ts'

/** Takes the pictures of `docs/images` again, after the console changed: `node test/browser/pictures.ts [folder]`. */
const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../../docs/images', import.meta.url))

const PATIENCE_MS = 60_000

void takePictures()

async function takePictures(): Promise<void> {
  const executable = chromiumPath()
  if (!executable) throw new Error('No Chromium here; set CHROMIUM_PATH to one')
  await buildConsoleIfStale()
  const [browser, { db, drop }, stage] = await Promise.all([launchChromium(executable), testDatabase(), connectStage()])
  const port = await freePort()
  const base = `http://localhost:${port}`
  const app = buildApp({
    db,
    publicUrl: base,
    consoleDir: CONSOLE_DIST,
    links: CRM_PAGES,
    connect: stage.setUp(db, base),
  })
  await app.listen({ host: '127.0.0.1', port })
  try {
    await mkdir(FOLDER, { recursive: true })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    page.setDefaultTimeout(PATIENCE_MS)
    await signInWithLink(page, db, base)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await permissions(page, { base, hubspot: stage.hubspot })
    await connection(page, { base, db })
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  } finally {
    await browser.close()
    await app.close()
    await stage.close()
    await drop()
  }
}

/** A portal whose permissions were just checked. */
async function permissions(page: Page, { base, hubspot }: { base: string; hubspot: HubSpotSandbox }): Promise<void> {
  await page.goto(`${base}/connections/new?crm=hubspot&kind=hubspot-token`)
  await page.getByLabel('Access token').fill(hubspot.credentials.token)
  await page.getByText('Use another API address').click()
  await page.getByLabel('API address').fill(hubspot.url)
  await page.getByRole('button', { name: 'Check permissions' }).click()
  await page.getByRole('button', { name: 'Start import' }).waitFor()
  await page.screenshot({ path: join(FOLDER, 'what-works.png'), fullPage: true })
}

/** A portal after two weeks, still read-only. */
async function connection(page: Page, { base, db }: { base: string; db: Database }): Promise<void> {
  const now = new Date()
  await seedConsole(db, now)
  await seedSyncStatus(db, 'hubspot-1', ['companies', 'contacts', 'deals'], now)
  await sql`update connection set writes_since = null, writes_by = null`.execute(db)
  await page.goto(`${base}/connections`)
  const card = page.locator('#connection-hubspot-1')
  await card.getByText('Sync health').waitFor()
  await isSettled(page)
  await card.screenshot({ path: join(FOLDER, 'connection.png') })
}
