import type { Browser } from 'playwright-core'
import { buildConsoleIfStale, CONSOLE_DIST } from '../../console/build.ts'
import { buildApp } from '../../src/api/app.ts'
import { CRM_PAGES } from '../../src/api/cases/crm-pages.ts'
import { LINKS_ONLY, type SignInSetUp } from '../../src/api/sessions/sign-in-set-up.ts'
import { explainPolicy } from '../../src/model/decision/explain-policy.ts'
import type { Database } from '../../src/store/database/database.ts'
import { testSetUp } from '../support/connect-stage.ts'
import { testDatabase } from '../support/database.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { seedConsole } from './console-rows.ts'
import { freePort } from './page-checks.ts'

/** Why the tests of a browser are skipped here; false: they are not. */
export const NO_CHROMIUM = chromiumPath() === null ? 'no Chromium here; set CHROMIUM_PATH to one' : false

/** A two-core machine that builds something else at the same time is slow, not broken. */
export const PATIENCE_MS = 20_000

/** The console over real HTTP, on a database of its own. */
export type ServedConsole = {
  readonly db: Database
  /** Where the console is, without a slash at the end. */
  readonly base: string
  stop(): Promise<void>
}

export type ConsoleStage = ServedConsole & { readonly browser: Browser }

/** A Chromium, and the console with the rows of `console-rows.ts`. */
export async function startConsole(): Promise<ConsoleStage> {
  const [browser, served] = await Promise.all([launchChromium(chromiumPath()!), serveConsole()])
  await seedConsole(served.db, new Date())
  const stop = async () => {
    await browser.close()
    await served.stop()
  }
  return { ...served, browser, stop }
}

/** On an empty database. */
export async function serveConsole(
  signInOf: (base: string) => SignInSetUp | Promise<SignInSetUp> = () => LINKS_ONLY,
): Promise<ServedConsole> {
  await buildConsoleIfStale()
  const [{ db, drop }, port] = await Promise.all([testDatabase(), freePort()])
  const base = `http://localhost:${port}`
  const app = buildApp({
    db,
    publicUrl: base,
    consoleDir: CONSOLE_DIST,
    links: CRM_PAGES,
    explain: explainPolicy,
    connect: testSetUp(db, base),
    signIn: await signInOf(base),
  })
  await app.listen({ host: '127.0.0.1', port })
  const stop = async () => {
    await app.close()
    await drop()
  }
  return { db, base, stop }
}
