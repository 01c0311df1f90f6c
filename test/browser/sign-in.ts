import type { Page } from 'playwright-core'
import type { Database } from '../../src/store/database/database.ts'
import { adminLink, TEST_ADMIN } from '../support/people.ts'

/** As a person does who was sent a link: it says who they are, and takes a click. */
export async function signInWithLink(page: Page, db: Database, base: string): Promise<void> {
  await page.goto(await adminLink(db, base))
  await page.getByRole('button', { name: `Sign in as ${TEST_ADMIN}` }).click()
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
}
