import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { BrowserContext, Page } from 'playwright-core'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'

const WORKFLOW = 'account-ownership'
/** Pictures for whoever changes the page: PICTURES=/some/folder. */
const PICTURES = process.env.PICTURES

describe('the matrix of a workflow in a real browser', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let context: BrowserContext
  let page: Page
  before(async () => {
    stage = await startConsole()
    context = await stage.browser.newContext({ viewport: { width: 1440, height: 1000 } })
    page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await signInWithLink(page, stage.db, stage.base)
  })
  after(() => stage?.stop())

  /** A person who is the active user of that name in one CRM. */
  async function person(name: string, { active = true } = {}): Promise<PersonId> {
    const id = await createPerson(stage.db, { name, madeBy: 'terminal' })
    await sql`insert into crm_user (connection_id, user_id, kind, email, name, active)
      values ('hubspot-1', ${`m-${id}`}, 'person', ${`${id}@brightwater.example`}, ${name}, ${active})`.execute(
      stage.db,
    )
    await sql`insert into identity (person_id, kind, issuer, subject, state, confirmed_at)
      select ${id}, 'crm', identity_issuer, ${`m-${id}`}, 'confirmed', now()
      from connection where id = 'hubspot-1'`.execute(stage.db)
    return id
  }

  async function job(personId: PersonId, lane: string, over: { circle?: string; accepted?: boolean } = {}) {
    await sql`insert into job (workflow, lane, circle, person_id, offered_by, offered_at, accepted_at)
      values (${WORKFLOW}, ${lane}, ${over.circle ?? null}, ${personId}, 'terminal', '2026-11-24',
        ${over.accepted === false ? null : sql`now()`})`.execute(stage.db)
  }

  async function open(): Promise<void> {
    await page.goto(`${stage.base}/workflows/${WORKFLOW}`)
    await page.getByRole('heading', { name: 'Account ownership', level: 1 }).waitFor()
    await isSettled(page)
  }

  it('names who reviews, overrides, escalates, pauses and decides the rules of all five classes', async () => {
    await open()
    const table = page.locator('.matrix-table')
    assert.deepEqual(await table.locator('thead th').allInnerTexts(), [
      'Kind',
      'Meanwhile',
      'Reviews',
      'Overrides',
      'Escalates to',
      'Pauses',
      'Rules decide',
      'Open',
    ])
    assert.deepEqual(await table.locator('tbody th .class-badge').allInnerTexts(), [
      'Expected',
      'Risky',
      'Customer-facing',
      'Revenue-impacting',
      'Unknown',
    ])
    assert.equal(await table.locator('tbody tr').last().getByText('Never').count(), 1)
    // The same people of consecutive rows stand in one cell: one for each lane that does not differ by class.
    assert.equal(await table.getByText('Nina Petrova').count(), 1)
    assert.equal(await table.getByText('Tom Becker').count(), 2)
    assert.equal(await table.getByText('Vacant').count(), 1)
    await table.getByText('Without a rollback owner, the workflow runs past the point of trust.').waitFor()
  })

  it('shows who accepted, was asked, left, or is away with whom, and sets apart only the worst', async () => {
    const [ann, bo, cy, dee] = await Promise.all(['Ann Lee', 'Bo Ray', 'Cy Fox', 'Dee Kay'].map((name) => person(name)))
    const gone = await person('Gus Gone', { active: false })
    await job(ann!, 'review', { circle: 'general' })
    await job(bo!, 'review', { circle: 'general', accepted: false })
    await job(cy!, 'review', { circle: 'senior' })
    await job(dee!, 'review', { circle: 'approved' })
    await job(ann!, 'override')
    await job(gone, 'rollback')
    await job(bo!, 'boundary', { accepted: false })
    await job(dee!, 'data')
    await job(dee!, 'workflow')
    await sql`insert into absence (person_id, from_day, until_day, delegate_id, made_by)
      values (${cy!}, current_date, current_date + 5, ${ann!}, 'terminal')`.execute(stage.db)
    await open()
    const table = page.locator('.matrix-table')
    await table.getByText('asked Nov 24, not accepted').first().waitFor()
    await table.getByText(/^away to [A-Z][a-z]{2} \d{1,2}, Ann covers$/).waitFor()
    await table.getByText('no longer active').waitFor()
    assert.equal(await table.locator('.worst').count(), 1)
    assert.match(await table.locator('.worst').innerText(), /Gus Gone|Bo Ray/)
  })

  it('is walked with the arrow keys, also over merged cells', async () => {
    await open()
    await page.locator('.matrix-table').getByRole('link', { name: 'Ann Lee' }).first().focus()
    const focused = () => page.evaluate(() => document.activeElement?.closest('td, th')?.textContent ?? '')
    await page.keyboard.press('ArrowRight')
    assert.match(await focused(), /Ann Lee/)
    await page.keyboard.press('ArrowRight')
    assert.match(await focused(), /Dee Kay/)
    await page.keyboard.press('ArrowRight')
    assert.match(await focused(), /Gus Gone/)
    await page.keyboard.press('ArrowLeft')
    assert.match(await focused(), /Dee Kay/)
    await page.keyboard.press('ArrowDown')
    assert.match(await focused(), /Dee Kay/, 'nothing stands below a cell of all five rows')
  })

  it('is five cards on a phone, with the worst set apart once', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open()
    assert.equal(await page.locator('.matrix-card').count(), 5)
    assert.equal(await page.locator('.matrix-card .worst').count(), 1)
    assert.ok((await tooWideBy(page)) <= 0)
    assert.deepEqual(await seriousViolations(page), [])
    await page.setViewportSize({ width: 1440, height: 1000 })
  })

  it('leads from a count to the cases that it counts', async () => {
    await open()
    const link = page.locator('.matrix-table tbody tr').nth(2).locator('td').last().getByRole('link')
    await link.click()
    await page.getByRole('heading', { name: 'Cases' }).waitFor()
    assert.equal(new URL(page.url()).search, `?workflow=${WORKFLOW}&class=customer-facing`)
  })

  it('says on one band who holds most of it, and who put which version in force', async () => {
    const problem = {
      kind: 'fragile',
      job: 'workflow',
      email: 'x',
      problem: 'x holds most',
      writesEndAtMs: 1_800_000_000_000,
    }
    await sql`update workflow set problems = ${JSON.stringify([problem])}::jsonb where workflow = ${WORKFLOW}`.execute(
      stage.db,
    )
    await sql`insert into publication (seq, document, content_hash, content, source, base_seq, how, by)
      select n, ${`workflow:${WORKFLOW}`}, 'h' || n, p.document, p.source, nullif(n - 1, 0),
        case n when 1 then 'seeded' else 'published' end, 'sandbox'
      from workflow w join policy_version p on p.hash = w.hash, generate_series(1, 2) n
      where w.workflow = ${WORKFLOW}`.execute(stage.db)
    await open()
    await page.getByText('Fragile: Dee Kay holds 3 of 6 jobs.').waitFor()
    await page.getByRole('link', { name: 'Name somebody else for one of them' }).waitFor()
    const versions = page.getByRole('region', { name: 'Versions' })
    await versions.getByText('Version 2: Account ownership').waitFor()
    await versions.getByText('What changed').first().waitFor()
    assert.deepEqual(await seriousViolations(page), [])
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/workflow-1440.png`, fullPage: true })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 390, height: 844 })
    await open()
    assert.ok((await tooWideBy(page)) <= 0)
    assert.deepEqual(await seriousViolations(page), [])
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/workflow-390.png`, fullPage: true })
    await page.setViewportSize({ width: 1440, height: 1000 })
  })

  it('prints on one page, A4 or Letter, in black on white', async () => {
    await open()
    await page.getByRole('button', { name: 'Print or save as PDF' }).waitFor()
    await page.emulateMedia({ media: 'print' })
    if (PICTURES) {
      await page.setViewportSize({ width: 1047, height: 720 })
      await page.screenshot({ path: `${PICTURES}/print.png`, fullPage: true })
      await page.setViewportSize({ width: 1440, height: 1000 })
    }
    for (const format of ['A4', 'Letter'] as const) {
      const pdf = await page.pdf({
        format,
        landscape: true,
        ...(PICTURES && { path: `${PICTURES}/matrix-${format}.pdf` }),
      })
      assert.equal(pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g)?.length, 1, format)
    }
    assert.equal(await page.getByRole('button', { name: 'Print or save as PDF' }).isVisible(), false)
    const inks = await page
      .locator('.matrix-table .lane-name, .matrix-table .vacant, .matrix-table .class-badge')
      .evaluateAll((all) => [...new Set(all.map((one) => getComputedStyle(one).color))])
    assert.deepEqual(inks, ['rgb(0, 0, 0)'])
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' })
  })

  it('says that a workflow is not there, rather than showing an empty picture', async () => {
    await page.goto(`${stage.base}/workflows/nothing-like-it`)
    await page.getByText('No workflow with this name runs.').waitFor()
  })
})
