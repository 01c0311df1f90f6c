import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { cookieOf } from '../../src/api/sessions/session-guard.ts'
import { proposeCrmUsers } from '../../src/people/join-crm.ts'
import { runJobClock } from '../../src/people/run-job-clock.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { sessionToken } from '../support/people.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, serveConsole, startConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'
import { type Cast, seedJobs } from './people-rows.ts'

/** Pictures for whoever changes the page: PICTURES=/some/folder. */
const PICTURES = process.env.PICTURES
if (PICTURES) mkdirSync(PICTURES, { recursive: true })

type Look = { readonly width?: number; readonly scheme?: 'light' | 'dark' }

describe('the page People', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let cast: Cast

  before(async () => {
    stage = await startConsole()
    cast = await seedJobs(stage.db)
  })
  after(() => stage?.stop())

  const clock = () => runJobClock(stage.db, { publicUrl: stage.base, canMail: false })

  /** Null: the admin. */
  async function signedInAs(personId: PersonId | null, { width = 1440, scheme = 'light' }: Look = {}): Promise<Page> {
    const context = await stage.browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
    context.setDefaultTimeout(PATIENCE_MS)
    const value = await sessionToken(stage.db, personId === null ? {} : { personId })
    await context.addCookies([{ name: cookieOf(stage.base).name, value, url: stage.base }])
    const page = await context.newPage()
    await page.goto(`${stage.base}/people`)
    await page.getByRole('heading', { name: 'People', level: 1 }).waitFor()
    await isSettled(page)
    return page
  }

  const picture = async (page: Page, name: string) => {
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true })
  }

  const card = (page: Page, name: string) => page.getByRole('article', { name, exact: true })

  it('fits 390 and 1440 px, light and dark, and has no serious accessibility violation', async () => {
    for (const width of [390, 1440]) {
      for (const scheme of ['light', 'dark'] as const) {
        const page = await signedInAs(null, { width, scheme })
        await card(page, 'Helen Armstrong').waitFor()
        assert.ok((await tooWideBy(page)) <= 0, `${width} px`)
        assert.deepEqual(await seriousViolations(page), [])
        await picture(page, `people-${width}-${scheme}`)
        await page.context().close()
      }
    }
  })

  it('boundary owner leaves, successor appointed and accepted on a phone', async () => {
    const workflow = (
      await sql<{ w: string; title: string }>`
      select workflow as w, title from workflow where hash is not null order by title limit 1`.execute(stage.db)
    ).rows[0]!
    const leaves = await signedInAs(cast.dana)
    await leaves.getByRole('button', { name: `Give back: boundary owner of ${workflow.title}` }).click()
    await leaves.getByText('the rules grow more complicated than the decision needs').first().waitFor()
    await leaves.getByRole('button', { name: 'Give it back' }).click()
    await leaves.getByText('1 earlier job').waitFor()
    await leaves.context().close()
    await clock()

    const names = await signedInAs(cast.helen)
    const vacant = names.getByRole('article', { name: workflow.title, exact: true })
    await vacant.getByText('Dana Brooks gave the job back.').waitFor()
    await vacant.getByText('Without a boundary owner').waitFor()
    await picture(names, 'vacant-1440')
    // With the keyboard alone.
    await vacant.getByRole('button', { name: `Name somebody: boundary owner of ${workflow.title}` }).press('Enter')
    const dialog = names.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Person' }).fill('Tom')
    await names.getByRole('option', { name: 'Tom Becker' }).waitFor()
    await picture(names, 'name-1440')
    assert.deepEqual(await seriousViolations(names), [])
    await names.keyboard.press('ArrowDown')
    await names.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Ask them' }).press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    await vacant.getByText('Tom Becker is asked and has not answered yet.').waitFor()
    await names.context().close()
    await clock()

    const phone = await signedInAs(cast.tom, { width: 390 })
    const offer = phone.getByRole('article', { name: `Will you be boundary owner of ${workflow.title}?` })
    await offer.getByText('Asked by Helen Armstrong').waitFor()
    assert.ok((await tooWideBy(phone)) <= 0)
    assert.deepEqual(await seriousViolations(phone), [])
    await picture(phone, 'offer-390')
    const accept = offer.getByRole('button', { name: 'Accept' })
    assert.ok((await accept.boundingBox())!.height >= 44, 'large enough for a thumb')
    await accept.click()
    await offer.waitFor({ state: 'detached' })
    await card(phone, 'Tom Becker').getByText('Boundary owner').first().waitFor()
    await picture(phone, 'accepted-390')
    await phone.context().close()
    const { rows } = await sql<{ person_id: string }>`
      select person_id from lane_holder where workflow = ${workflow.w} and lane = 'boundary'`.execute(stage.db)
    assert.deepEqual(rows, [{ person_id: cast.tom }])
  })

  it('nobody wants the job', async () => {
    const workflow = (
      await sql<{ w: string; title: string }>`
      select workflow as w, title from workflow where hash is not null order by title desc limit 1`.execute(stage.db)
    ).rows[0]!
    await sql`update job set ended_at = now(), ended_by = 'terminal', end_reason = 'left'
      where workflow = ${workflow.w} and lane = 'rollback'`.execute(stage.db)
    // From the first offer on a job that nobody holds is vacant.
    await sql`update workflow set jobs_from = now() where workflow = ${workflow.w}`.execute(stage.db)
    for (const [id, name] of [
      [cast.grace, 'Grace Kim'],
      [cast.nina, 'Nina Petrova'],
    ] as const) {
      await sql`insert into job (workflow, lane, person_id, offered_by)
        values (${workflow.w}, 'rollback', ${id}, ${`person:${cast.helen}`})`.execute(stage.db)
      await clock()
      const page = await signedInAs(id, { width: 390 })
      const offer = page.getByRole('article', { name: `Will you be rollback owner of ${workflow.title}?` })
      await offer
        .getByText('If you decline: Without a rollback owner, the workflow runs past the point of trust.')
        .waitFor()
      await offer.getByRole('button', { name: 'Decline' }).click()
      await offer.waitFor({ state: 'detached' })
      await page.context().close()
      await clock()
      const helen = await signedInAs(cast.helen)
      const vacant = helen.getByRole('article', { name: workflow.title, exact: true })
      await vacant
        .getByText(`${name} declined. Without a rollback owner, the workflow runs past the point of trust.`)
        .waitFor()
      await helen.context().close()
    }
    const { rows } = await sql<{ subject: string; person_id: string }>`
      select j.subject, j.person_id from job_task j join task t on t.id = j.task_id
      where t.status = 'open' and j.about = 'vacancy' and j.for_workflow = ${workflow.w}`.execute(stage.db)
    assert.deepEqual(
      rows.map(({ subject, person_id: id }) => [subject.replace(' (sandbox)', ''), id]),
      [[`${workflow.title} has no rollback owner`, cast.helen]],
    )
  })

  it('somebody takes the rollback owner’s address', async () => {
    const held = async () =>
      (
        await sql<{ one: string }>`
          select workflow || '/' || lane || '/' || person_id as one from lane_holder order by 1`.execute(stage.db)
      ).rows.map(({ one }) => one)
    const before = await held()
    // An admin of the CRM gives Sam the address of Erik, who is rollback owner, and invites Sam here.
    await sql`update crm_user set email = 'erik.sandberg@brightwater.example'
      where connection_id = 'hubspot-1' and email = 'sam.rivera@brightwater.example'`.execute(stage.db)
    const page = await signedInAs(null)
    await page.getByRole('button', { name: 'Invite somebody' }).press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'User' }).fill('Sam')
    await page.getByRole('option', { name: /Sam Rivera, erik\.sandberg@brightwater\.example, HubSpot/ }).click()
    assert.deepEqual(await seriousViolations(page), [])
    await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
    await card(page, 'Sam Rivera').getByText('No job.').waitFor()
    await proposeCrmUsers(stage.db)
    await clock()
    await refreshLaneHolders(stage.db, null)
    assert.deepEqual(await held(), before)
    await page.reload()
    const erik = card(page, 'Erik Sandberg')
    await erik.getByText('Sam Rivera').first().waitFor()
    await erik.getByText('conflict, counts for nothing').first().waitFor()
    assert.equal(await erik.getByRole('button', { name: /same person/ }).count(), 0)
    await picture(page, 'conflict-1440')
    await page.context().close()
    const phone = await signedInAs(cast.erik, { width: 390, scheme: 'dark' })
    await card(phone, 'Erik Sandberg').getByText('conflict, counts for nothing').first().waitFor()
    assert.ok((await tooWideBy(phone)) <= 0)
    await picture(phone, 'conflict-390')
    await phone.context().close()
  })

  it('proposes the fewest people for a workflow and asks them with one click', async () => {
    const { w, title } = (
      await sql<{ w: string; title: string }>`
      select workflow as w, title from workflow where hash is not null order by title limit 1`.execute(stage.db)
    ).rows[0]!
    await sql`update job set ended_at = now(), ended_by = 'terminal', end_reason = 'left' where workflow = ${w} and ended_at is null`.execute(
      stage.db,
    )
    await sql`update workflow set jobs_from = now() where workflow = ${w}`.execute(stage.db)
    await refreshLaneHolders(stage.db, null)
    const proposal = (page: Page) => page.getByRole('region', { name: `Proposed people of ${title}` })
    const admin = await signedInAs(null)
    await proposal(admin).getByText('Two people are enough for a pilot').waitFor()
    await proposal(admin).getByText('they can ask for the other 7 jobs with one click').waitFor()
    assert.deepEqual(await seriousViolations(admin), [])
    await picture(admin, 'cast-1440')
    await proposal(admin)
      .getByRole('button', { name: /^Ask [A-Z].* to be workflow owner$/ })
      .press('Enter')
    await admin.getByText('is asked and has not answered yet.').first().waitFor()
    await admin.context().close()
    const { rows } = await sql<{ person_id: PersonId; id: number }>`
      update job set accepted_at = now() where workflow = ${w} and lane = 'workflow' and ended_at is null
      returning person_id, id`.execute(stage.db)
    await refreshLaneHolders(stage.db, null)

    const owner = await signedInAs(rows[0]!.person_id, { width: 390, scheme: 'dark' })
    // As the button of the matrix opens it.
    await owner.goto(`${stage.base}/people?workflow=${w}&place=boundary`)
    await owner.getByText(`Only ${title}.`).waitFor()
    const wanted = owner.locator('[data-wanted]')
    await wanted.getByText('Boundary owner', { exact: true }).waitFor()
    await owner.waitForFunction(() => document.activeElement?.hasAttribute('data-wanted'))
    await picture(owner, 'cast-390')
    assert.ok((await tooWideBy(owner)) <= 0)
    assert.deepEqual(await seriousViolations(owner), [])
    await proposal(owner).getByRole('radio', { name: 'Live' }).press('Space')
    await proposal(owner).getByText('Three people are enough to go live').waitFor()
    await proposal(owner).getByRole('radio', { name: 'Pilot' }).press('Space')
    await proposal(owner).getByRole('button', { name: 'Ask 2 people for 7 jobs' }).click()
    await owner.getByText('Boundary owner', { exact: true }).first().waitFor()
    await proposal(owner)
      .getByRole('button', { name: /for 7 jobs/ })
      .waitFor({ state: 'detached' })
    const offered =
      await sql`select 1 from job where workflow = ${w} and accepted_at is null and ended_at is null`.execute(stage.db)
    assert.equal(offered.rows.length, 7)
    await owner.goto(`${stage.base}/people?job=${rows[0]!.id}`)
    await owner.locator('[data-wanted]').getByText('Workflow owner', { exact: true }).waitFor()
    await owner.getByRole('link', { name: 'Who did what' }).click()
    await owner.getByRole('heading', { name: 'Who did what' }).waitFor()
    await owner.getByText('Offered a job').first().waitFor()
    assert.ok((await tooWideBy(owner)) <= 0)
    assert.deepEqual(await seriousViolations(owner), [])
    await picture(owner, 'acts-390')
    await owner.getByRole('combobox', { name: 'Workflow' }).click()
    await owner.getByRole('option', { name: title }).click()
    await owner.waitForURL(/workflow=/)
    assert.match(
      (await owner.getByRole('link', { name: 'Download as CSV' }).getAttribute('href')) ?? '',
      /acts\.csv\?workflow=/,
    )
    await owner.goto(`${stage.base}/acts?until=2001-01-01`)
    await owner.getByText('Clear one of them').waitFor()
    await owner.setViewportSize({ width: 1440, height: 900 })
    await owner.goto(`${stage.base}/acts`)
    await owner.getByText('Offered a job').first().waitFor()
    assert.deepEqual(await seriousViolations(owner), [])
    await picture(owner, 'acts-1440')
    await owner.context().close()
  })

  it('tells an admin whom to tell, with a link, where neither a task nor a mail can', async () => {
    await sql`update connection set writes_since = null`.execute(stage.db)
    await sql`insert into job (workflow, lane, deputy, person_id, offered_by)
      select workflow, 'rollback', true, ${cast.nina}, ${`person:${cast.helen}`} from workflow where hash is not null limit 1`.execute(
      stage.db,
    )
    await clock()
    const page = await signedInAs(null)
    const notice = page.getByRole('note').filter({ hasText: 'Tell them yourself' })
    await notice.getByText('and no mail server is set').waitFor()
    await notice.getByRole('button', { name: 'Make a link for Nina Petrova' }).click()
    await notice.getByText(/\/sign-in#/).waitFor()
    assert.deepEqual(await seriousViolations(page), [])
    await picture(page, 'by-hand-1440')
    await page.context().close()
  })
})

describe('the page People of an installation with nobody', { skip: NO_CHROMIUM }, () => {
  it('says what to do next', async () => {
    const served = await serveConsole()
    const browser = await launchChromium(chromiumPath()!)
    try {
      for (const width of [390, 1440]) {
        const context = await browser.newContext({ viewport: { width, height: 900 } })
        context.setDefaultTimeout(PATIENCE_MS)
        const value = await sessionToken(served.db)
        await context.addCookies([{ name: cookieOf(served.base).name, value, url: served.base }])
        const page = await context.newPage()
        await page.goto(`${served.base}/people`)
        await page.getByText('Nobody has a job yet').waitFor()
        await page.getByRole('link', { name: 'Connect a CRM' }).waitFor()
        assert.ok((await tooWideBy(page)) <= 0)
        assert.deepEqual(await seriousViolations(page), [])
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/nobody-${width}.png`, fullPage: true })
        await context.close()
      }
    } finally {
      await browser.close()
      await served.stop()
    }
  })
})
