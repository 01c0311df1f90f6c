import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { BrowserContext, Page } from 'playwright-core'
import { type ConsoleStage, NO_CHROMIUM, PATIENCE_MS, startConsole } from './console-stage.ts'
import { tooWideBy } from './page-checks.ts'
import { signInWithLink } from './sign-in.ts'

describe('what the console shows is true', { skip: NO_CHROMIUM }, () => {
  let stage: ConsoleStage
  let context: BrowserContext
  let page: Page

  before(async () => {
    stage = await startConsole()
  })
  after(() => stage?.stop())
  beforeEach(async () => {
    context = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
    context.setDefaultTimeout(PATIENCE_MS)
    page = await context.newPage()
  })
  afterEach(() => context.close())

  async function signIn(): Promise<void> {
    await signInWithLink(page, stage.db, stage.base)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  }

  async function open(path: string, heading: string): Promise<void> {
    await page.goto(stage.base + path)
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
  }

  describe('a sign-in link that is opened in another tab', () => {
    it('lands on the page that was asked for, with its filters, once', async () => {
      const { rows } = await sql<{ id: number; title: string }>`
        select id, title from exception where status = 'open' order by id limit 1`.execute(stage.db)
      for (const path of [`/cases/${rows[0]!.id}`, '/cases?class=unknown&status=all', '/workflows']) {
        const own = await stage.browser.newContext()
        own.setDefaultTimeout(PATIENCE_MS)
        const asked = await own.newPage()
        await asked.goto(stage.base + path)
        await asked.getByText('npx lanekeeper admin').waitFor()
        const tab = await own.newPage()
        await signInWithLink(tab, stage.db, stage.base)
        await tab.getByRole('navigation', { name: 'Main' }).waitFor()
        await tab.waitForURL(stage.base + path)
        // What was wanted once is not wanted again: the next sign-in begins at the overview.
        // A page that is open while its session ends would ask for itself again.
        await Promise.all([asked.close(), tab.close()])
        await own.clearCookies()
        const later = await own.newPage()
        await signInWithLink(later, stage.db, stage.base)
        await later.waitForURL(`${stage.base}/overview`)
        await own.close()
      }
    })

    it('lands on the overview when nothing was asked for, or it was asked for long ago', async () => {
      await signIn()
      assert.equal(new URL(page.url()).pathname, '/overview')
      await context.clearCookies()
      await page.evaluate(() =>
        localStorage.setItem(
          'lanekeeper.wanted-page',
          JSON.stringify({ page: '/workflows', atMs: Date.now() - 31 * 60_000 }),
        ),
      )
      await signInWithLink(page, stage.db, stage.base)
      await page.waitForURL(`${stage.base}/overview`)
    })
  })

  it('the records that an input holds are listed page by page, each once', async () => {
    const { rows } = await sql<{ id: number; case: number }>`
      with opened as (
        insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
          class_because, posture, owner_email, what, would_have, todo, cause, evidence, policy_hash, due_at)
        select connection_id, workflow, 'unknown-input', 'hubspot-1/contacts/country/hidden', 'contacts', '',
          'country of contacts', 'unknown', class_because, posture, owner_email, what, '', todo, 'input', evidence,
          policy_hash, due_at
        from exception where status = 'open' order by id limit 1 returning id)
      insert into unknown_input (connection_id, crm, object_type, field, why, held, exception_id)
      select 'hubspot-1', 'hubspot', 'contacts', 'country', 'hidden', 45, id from opened
      returning id, exception_id as case`.execute(stage.db)
    await sql`insert into record (connection_id, object_type, record_id, values, stamps)
      select 'hubspot-1', 'contacts', (9000 + n)::text, jsonb_build_object('firstname', 'Held', 'lastname', 'Number ' || n), '{}'
      from generate_series(1, 45) n`.execute(stage.db)
    await sql`insert into held_record (connection_id, object_type, record_id, input_id, workflows)
      select 'hubspot-1', 'contacts', (9000 + n)::text, ${rows[0]!.id}, '{inbound-lead-routing}'
      from generate_series(1, 45) n`.execute(stage.db)
    await signIn()
    await open(`/cases/${rows[0]!.case}`, 'country of contacts')
    const list = page.getByRole('region', { name: '45 records on hold' })
    const counts: number[] = []
    for (const more = list.getByRole('button', { name: 'Show more of 45' }); ; ) {
      const shown = await list.locator('li').count()
      counts.push(shown)
      if (!(await more.isVisible())) break
      await more.click()
      await page.waitForFunction((n) => document.querySelectorAll('[aria-labelledby=held] li').length > n, shown)
    }
    assert.deepEqual(counts, [20, 40, 45])
    assert.equal(new Set(await list.locator('li').allInnerTexts()).size, 45)
    await sql`delete from held_record`.execute(stage.db)
    await sql`delete from unknown_input`.execute(stage.db)
    await sql`delete from record`.execute(stage.db)
    await sql`delete from exception where id = ${rows[0]!.case}`.execute(stage.db)
  })

  it('the filter of a task lists the open cases that share it, and no other', async () => {
    const { rows } = await sql<{ task: number; titles: string[] }>`
      select task_id as task, array_agg(title order by title) as titles from exception
      where status = 'open' and task_id is not null group by 1 having count(*) > 1 order by 1 limit 1`.execute(stage.db)
    const { task, titles } = rows[0]!
    await signIn()
    await open(`/cases?task=${task}`, 'Cases')
    await page.getByText(`${titles.length} cases`, { exact: true }).waitFor()
    assert.deepEqual((await page.locator('a.case-row .case-title').allInnerTexts()).sort(), titles.toSorted())
    await page.getByText('Cases of one task').waitFor()
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await page.locator('a.case-row').nth(titles.length).waitFor()
    assert.equal(new URL(page.url()).search, '')
    await open('/cases?task=abc', 'Cases')
    await page.getByText('Unknown filter task=abc.').waitFor()
  })

  it('says on a case what Lanekeeper does by itself and the fastest fix, without "nothing" and without saying it twice', async () => {
    const { rows } = await sql<{ id: number; title: string; seq: number; had: string }>`
      select e.id, e.title, e.receipt_seq as seq, e.would_have as had from exception e join ledger l on l.seq = e.receipt_seq
      where e.status = 'open' and l.body is not null order by e.id limit 1`.execute(stage.db)
    const { id, title, had } = rows[0]!
    await sql`update exception set would_have = 'Nothing: a reviewer decides the branch japan.' where id = ${id}`.execute(
      stage.db,
    )
    let wouldChange = 'Fastest fix: fill in country.'
    await page.route(`**/api/console/exceptions/${id}`, async (route) => {
      const reply = await route.fetch()
      const found = (await reply.json()) as { receipt: object }
      const receipt = { ...found.receipt, wouldChange }
      await route.fulfill({ response: reply, json: { ...found, receipt } })
    })
    await signIn()
    await open(`/cases/${id}`, title)
    await page.getByText('Lanekeeper writes nothing by itself here: a reviewer decides the branch japan.').waitFor()
    await page.getByText('Fill in country.', { exact: true }).waitFor()
    assert.equal(await page.getByText('Fastest fix').count(), 1)
    // What would send the record elsewhere is no advice.
    wouldChange = 'If the country were JP instead of SG, a person would decide it in the branch japan.'
    await page.reload()
    await page.getByText('What would change it').waitFor()
    await page.getByText(wouldChange, { exact: true }).waitFor()
    assert.equal(await page.getByText('Fastest fix').count(), 0)
    await sql`update exception set would_have = ${had} where id = ${id}`.execute(stage.db)
  })

  it('opens everything that still names a person who left, at their alert, also on a phone', async () => {
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, owner_id)
      values ('hubspot-1', 'contacts', '1', '{}', '{}', '710'), ('hubspot-1', 'contacts', '2', '{}', '{}', '710')`.execute(
      stage.db,
    )
    await sql`insert into notice (connection_id, code, subject, level, message)
      values ('hubspot-1', 'owner-gone', '710', 'warn', 'Tom Becker was deactivated.')`.execute(stage.db)
    await signIn()
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await open('/overview', 'Overview')
      await page.locator('details.alerts > summary').click()
      const alert = page.locator('li', { hasText: 'Tom Becker left: 2 Brightwater HubSpot records need an owner' })
      await alert.getByText('Everything that still names tom.becker@brightwater.example').click()
      await alert.getByRole('heading', { name: /^Records owned: 2, and what / }).waitFor()
      assert.deepEqual((await alert.getByRole('heading', { level: 4 }).allInnerTexts()).slice(2, 4), [
        'Named in the policies',
        'Open tasks',
      ])
      const overflow = await tooWideBy(page)
      assert.ok(overflow <= 0, `${overflow} px too wide at ${width} px`)
    }
    await sql`delete from notice where code = 'owner-gone'`.execute(stage.db)
    await sql`delete from record`.execute(stage.db)
  })

  it('says on the list of cases that it still changes while many records wait', async () => {
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, dirty_since)
      select 'hubspot-1', 'contacts', n::text, '{}', '{}', now() from generate_series(1, 3000) n`.execute(stage.db)
    await signIn()
    await open('/cases', 'Cases')
    await page.getByText('3,000 records still to be decided.').waitFor()
    await sql`delete from record`.execute(stage.db)
  })

  describe('a green badge', () => {
    type Badge = { text: string; isGreen: boolean }

    async function badge(path: string, heading: string, section: string): Promise<Badge> {
      await open(path, heading)
      const dot = page.locator(`section[aria-labelledby="${section}"] .mantine-Badge-root`).first()
      await dot.waitFor()
      const isGreen = await dot.evaluate((element) => {
        const colorOf = (of: Element, name: string) => getComputedStyle(of).getPropertyValue(name).trim()
        const green = colorOf(document.documentElement, '--mantine-color-green-7')
        if (green === '') throw new Error('The theme has no green')
        return colorOf(element, '--badge-dot-color') === green
      })
      return { text: await dot.innerText(), isGreen }
    }
    const both = async () => [
      await badge('/workflows', 'Workflows', 'workflow-inbound-lead-routing'),
      await badge('/connections', 'Connections', 'connection-hubspot-1-title'),
    ]
    const green = [
      { text: 'Live', isGreen: true },
      { text: 'Connected', isGreen: true },
    ]
    const limited = (why: string) => [
      { text: 'Live, limited', isGreen: false },
      { text: `Connected, ${why}`, isGreen: false },
    ]
    const run = (...statements: ReturnType<typeof sql>[]) =>
      statements.reduce((done, each) => done.then(() => each.execute(stage.db)), Promise.resolve<unknown>(null))

    it('is shown where nothing is missing, and never while read-only, importing, with unknown people or a lost field', async () => {
      const now = sql`update connection set baseline = jsonb_set(baseline, '{done}', 'true'), joined_at = now(),
        writes_since = now()`
      await run(now)
      await signIn()
      assert.deepEqual(await both(), green)

      await run(sql`update connection set writes_since = null where id = 'hubspot-1'`)
      assert.deepEqual(await both(), limited('read-only'))

      await run(
        now,
        sql`update connection set baseline = jsonb_set(baseline, '{done}', 'false'), joined_at = null where id = 'hubspot-1'`,
      )
      assert.deepEqual(await both(), limited('importing'))
      const said = page.locator('section[aria-labelledby="workflow-inbound-lead-routing"]').getByText(/import/)
      await open('/workflows', 'Workflows')
      await said.first().waitFor()
      assert.deepEqual(await said.allInnerTexts(), [
        'Waits for an import',
        'Waits in Brightwater HubSpot: its first import is not done.',
      ])

      await run(
        now,
        sql`insert into notice (connection_id, code, level, message) values
          ('hubspot-1', 'people-missing', 'warn', '40 users are missing from the list.')`,
        sql`update workflow set problems = '[{"kind":"in-doubt","job":"rollback","email":"sam.rivera@brightwater.example",
          "problem":"is being checked"}]' where workflow = 'inbound-lead-routing'`,
      )
      assert.deepEqual(await both(), limited('open issues'))

      await run(
        sql`delete from notice where code = 'people-missing'`,
        sql`update workflow set problems = '[]' where workflow = 'inbound-lead-routing'`,
        sql`update object_schema set unreadable = '{country}' where connection_id = 'hubspot-1' and object_type = 'contacts'`,
      )
      assert.deepEqual(await both(), limited('fields missing'))

      await run(sql`update object_schema set unreadable = '{}' where connection_id = 'hubspot-1'`)
      assert.deepEqual(await both(), green)
    })
  })
})
